import { isForeignKeyViolation, isUniqueViolation } from '@caelum/db'
import { subject } from '@caelum/token'
import type { Pool } from 'pg'
import { pageOf } from '../../collection.ts'
import type { AccessRule, Prisma, PrismaClient, Role } from '../../generated/client.ts'
import type { Transact } from '../../revocation/store.ts'
import type { ListApplicationCredentials } from './schema.ts'

export type ApplicationCredentialStore = ReturnType<typeof applicationCredentialStore>

const WHOLE = {
  roles: { include: { role: true }, orderBy: { role_id: 'asc' } },
  access_rules: { include: { access_rule: true }, orderBy: { access_rule_id: 'asc' } },
} satisfies Prisma.ApplicationCredentialInclude

/** With its roles and its access rules. */
export type ApplicationCredential = Prisma.ApplicationCredentialGetPayload<{ include: typeof WHOLE }>
export type { AccessRule, Role }

/** What a login by it needs. */
export interface Login {
  id: string
  name: string
  user_id: string
  project_id: string | null
  secret_hash: string
  unrestricted: boolean
  /** microseconds since 1970 */
  expires_at_us: number | null
  role_ids: string[]
  /** service, method, path */
  access_rules: [string, string, string][]
}

/** As a login names it: by id, or by name and user. */
export interface LoginRef {
  id?: string | undefined
  name?: string | undefined
  user?:
    | {
        id?: string | undefined
        name?: string | undefined
        domain?: { id?: string | undefined; name?: string | undefined } | undefined
      }
    | undefined
}

/** Prepared once a connection, as the other statements of a login. */
const LOGIN = `
  select c.id, c.name, c.user_id, c.project_id, c.secret_hash, c.unrestricted,
    c.expires_at_us::float8 as expires_at_us,
    (select coalesce(json_agg(role_id), '[]') from application_credential_roles
      where application_credential_id = c.id) as role_ids,
    (select coalesce(json_agg(json_build_array(r.service, r.method, r.path)), '[]')
      from application_credential_access_rules a join access_rules r on r.id = a.access_rule_id
      where a.application_credential_id = c.id) as access_rules
  from application_credentials c
  where c.id = coalesce($1::text, (select id from application_credentials where name = $2::text and user_id =
    coalesce($3::text, (select id from users where name = $4::text and domain_id =
      coalesce($5::text, (select id from projects where name = $6::text and is_domain))))))`

/** @param logins the pool of the logins' statements */
export const applicationCredentialStore = (db: PrismaClient, transact: Transact, logins: Pool) => ({
  /** All in one transaction, with the access rules that there are not yet. */
  async insert(
    row: Prisma.ApplicationCredentialUncheckedCreateInput,
    { roleIds, accessRules }: { roleIds: readonly string[]; accessRules: readonly AccessRule[] },
  ): Promise<ApplicationCredential | 'name-taken' | 'gone'> {
    try {
      return await transact(async tx => {
        await tx.applicationCredential.create({ data: row })
        await tx.applicationCredentialRole.createMany({
          data: roleIds.map(role_id => ({ application_credential_id: row.id, role_id })),
        })
        await tx.accessRule.createMany({ data: [...accessRules], skipDuplicates: true })
        await tx.applicationCredentialAccessRule.createMany({
          data: accessRules.map(rule => ({ application_credential_id: row.id, access_rule_id: rule.id })),
        })
        const where = { id: row.id }
        return {
          value: await tx.applicationCredential.findUniqueOrThrow({ where, include: WHOLE }),
          revoked: [],
        }
      })
    } catch (error) {
      if (isUniqueViolation(error)) return 'name-taken'
      if (isForeignKeyViolation(error)) return 'gone'
      throw error
    }
  },

  list(userId: string, query: ListApplicationCredentials): Promise<ApplicationCredential[]> {
    const { page, ...order } = pageOf(query)
    const name = query.name === undefined ? {} : { name: query.name }
    return db.applicationCredential.findMany({
      where: { AND: [page, { user_id: userId }, name] },
      ...order,
      include: WHOLE,
    })
  },

  get: (userId: string, id: string): Promise<ApplicationCredential | null> =>
    db.applicationCredential.findUnique({ where: { id, user_id: userId }, include: WHOLE }),

  /** Its tokens end. */
  remove: (userId: string, id: string): Promise<boolean> =>
    transact(async tx => {
      const { count } = await tx.applicationCredential.deleteMany({ where: { id, user_id: userId } })
      return { value: count > 0, revoked: count > 0 ? [subject.applicationCredential(id)] : [] }
    }),

  /** those of the user's with these ids */
  accessRules: (userId: string, ids: string[]): Promise<AccessRule[]> =>
    db.accessRule.findMany({ where: { user_id: userId, id: { in: ids } } }),

  async login({ id, name, user }: LoginRef): Promise<Login | null> {
    const values = [id, name, user?.id, user?.name, user?.domain?.id, user?.domain?.name]
    const { rows } = await logins.query<Login>({ name: 'application-credential', text: LOGIN, values })
    return rows[0] ?? null
  },
})
