import { isForeignKeyViolation } from '@caelum/db'
import { subject } from '@caelum/token'
import type { Pool } from 'pg'
import { pageOf } from '../../collection.ts'
import type { Prisma, PrismaClient } from '../../generated/client.ts'
import type { Transact } from '../../revocation/store.ts'
import type { ListTrusts } from './schema.ts'

export type TrustStore = ReturnType<typeof trustStore>

const WITH_ROLES = {
  roles: { include: { role: true }, orderBy: { role_id: 'asc' } },
} satisfies Prisma.TrustInclude

export type Trust = Prisma.TrustGetPayload<{ include: typeof WITH_ROLES }>

/** What a token by it needs. */
export interface Loan {
  id: string
  trustee_user_id: string
  project_id: string
  impersonation: boolean
  remaining_uses: number | null
  expires_at: Date | null
  role_ids: string[]
  trustor: { id: string; name: string; domain_id: string; domain_name: string }
  /** trust, trustee, trustor; then the same of the one it was lent on from, and so on */
  chain: [id: string, trusteeId: string, trustorId: string][]
  /** of all of those users */
  domain_ids: string[]
}

/** Prepared once a connection, as the other statements of a login. */
const LOAN = `
  with recursive chain (id, trustee_user_id, trustor_user_id, redelegated_trust_id, depth) as (
    select id, trustee_user_id, trustor_user_id, redelegated_trust_id, 0 from trusts where id = $1::text
    union all
    select t.id, t.trustee_user_id, t.trustor_user_id, t.redelegated_trust_id, depth + 1
    from chain c join trusts t on t.id = c.redelegated_trust_id
  )
  select t.id, t.trustee_user_id, t.project_id, t.impersonation, t.remaining_uses, t.expires_at,
    (select coalesce(json_agg(role_id), '[]') from trust_roles where trust_id = t.id) as role_ids,
    json_build_object('id', u.id, 'name', u.name, 'domain_id', d.id, 'domain_name', d.name) as trustor,
    (select json_agg(json_build_array(id, trustee_user_id, trustor_user_id) order by depth) from chain) as chain,
    (select json_agg(distinct users.domain_id) from chain
      join users on users.id in (chain.trustee_user_id, chain.trustor_user_id)) as domain_ids
  from trusts t join users u on u.id = t.trustor_user_id join projects d on d.id = u.domain_id
  where t.id = $1::text`

/** @param logins the pool of the logins' statements */
export const trustStore = (db: PrismaClient, transact: Transact, logins: Pool) => ({
  /** 'gone': a user, the project, a role or the trust it is made from */
  async insert(row: Prisma.TrustUncheckedCreateInput, roleIds: readonly string[]): Promise<Trust | 'gone'> {
    try {
      return await transact(async tx => {
        await tx.trust.create({ data: row })
        await tx.trustRole.createMany({ data: roleIds.map(role_id => ({ trust_id: row.id, role_id })) })
        const where = { id: row.id }
        return { value: await tx.trust.findUniqueOrThrow({ where, include: WITH_ROLES }), revoked: [] }
      })
    } catch (error) {
      if (isForeignKeyViolation(error)) return 'gone'
      throw error
    }
  },

  get: (id: string): Promise<Trust | null> => db.trust.findUnique({ where: { id }, include: WITH_ROLES }),

  list(query: ListTrusts): Promise<Trust[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.TrustWhereInput[] = [page]
    for (const field of ['trustor_user_id', 'trustee_user_id'] as const)
      if (query[field] !== undefined) conditions.push({ [field]: query[field] })
    return db.trust.findMany({ where: { AND: conditions }, ...order, include: WITH_ROLES })
  },

  /** With those made from it. Their tokens name it too, so that all of them end. */
  remove: (id: string): Promise<boolean> =>
    transact(async tx => {
      const { count } = await tx.trust.deleteMany({ where: { id } })
      return { value: count > 0, revoked: count > 0 ? [subject.trust(id)] : [] }
    }),

  async userExists(id: string): Promise<boolean> {
    return (await db.user.findUnique({ where: { id }, select: { id: true } })) !== null
  },

  async loan(id: string): Promise<Loan | null> {
    const { rows } = await logins.query<Loan>({ name: 'trust', text: LOAN, values: [id] })
    return rows[0] ?? null
  },
})
