import type { PrismaClient } from '../../generated/client.ts'
import { lockForIssue, type Transact } from '../../revocation/store.ts'
import type { DomainRef, Login, ProjectRef } from './schema.ts'

export type TokenStore = ReturnType<typeof tokenStore>

/** What there is to check a password against. */
export interface Credentials {
  user_id: string
  password_id: string | null
  hash: string | null
}

/** A user's rights on a target, as one transaction saw them under the lock of `revocation/store.ts`. */
export interface Facts {
  /** ms since 1970, by the database's clock: when this was true */
  at: number
  /** id of the key that signs now */
  kid: string
  /** the password that counts now */
  password_id: string | null
  user: { id: string; name: string; domain_id: string; domain_name: string; enabled: boolean }
  default_project_id: string | null
  /** null: there is no such project or domain */
  target: {
    id: string
    name: string
    is_domain: boolean
    domain_id: string
    domain_name: string
    /** it and everything above it */
    enabled: boolean
  } | null
  /** ids of the roles assigned to the user there, directly, by a group or from above */
  role_ids: string[]
  /** every role that could come into a token: id, name, domain id */
  roles: [string, string, string][]
  /** prior role id, implied role id */
  implications: [string, string][]
  /** one of the subjects asked about was revoked since */
  revoked: boolean
}

export interface FactsQuery {
  userId: string
  /** project or domain; null: none */
  targetId: string | null
  /** true: the roles on the whole system */
  system: boolean
  /** subjects of the token this one is made from, and when that was issued, ms since 1970 */
  parent: { subjects: string[]; issuedAt: number } | null
}

export const tokenStore = (db: PrismaClient, transact: Transact) => ({
  revoke: (subjects: string[]): Promise<void> =>
    transact(async () => ({ value: undefined, revoked: subjects })),

  async credentials({ id, name, domain }: Login): Promise<Credentials | null> {
    const rows = await db.$queryRaw<Credentials[]>`
      select u.id as user_id, p.id as password_id, p.hash
      from users u
      join projects d on d.id = u.domain_id
      left join lateral
        (select id, hash from passwords where user_id = u.id order by id desc limit 1) p on true
      where case when ${id ?? null}::text is not null then u.id = ${id ?? null}
        else u.name = ${name ?? null} and case when ${domain?.id ?? null}::text is not null
          then d.id = ${domain?.id ?? null} else d.name = ${domain?.name ?? null} and d.is_domain end end`
    return rows[0] ?? null
  },

  async projectId({ id, name, domain }: ProjectRef): Promise<string | null> {
    if (id !== undefined) return id
    const domainId = domain ? await this.domainId(domain) : null
    if (domainId === null) return null
    const row = await db.project.findFirst({
      where: { name: name ?? '', domain_id: domainId, is_domain: false },
      select: { id: true },
    })
    return row?.id ?? null
  },

  async domainId({ id, name }: DomainRef): Promise<string | null> {
    if (id !== undefined) return id
    const row = await db.project.findFirst({
      where: { name: name ?? '', is_domain: true },
      select: { id: true },
    })
    return row?.id ?? null
  },

  /** null when there is no such user */
  async facts({ userId, targetId, system, parent }: FactsQuery): Promise<Facts | null> {
    const [, rows] = await db.$transaction([
      db.$queryRaw(lockForIssue),
      db.$queryRaw<{ facts: Facts }[]>`
        with recursive up (id, parent_id, enabled, depth) as (
          select id, parent_id, enabled, 0 from projects where id = ${targetId}
          union all
          select p.id, p.parent_id, p.enabled, up.depth + 1 from up join projects p on p.id = up.parent_id
        ), assigned as (
          select distinct a.role_id
          from assignments a left join up on up.id = a.target_id
          where (a.user_id = ${userId}
              or a.group_id in (select group_id from memberships where user_id = ${userId}))
            and case when ${system} then a.target_id is null
              else up.id is not null and a.inherited = (up.depth > 0) end
        )
        select json_build_object(
          'at', floor(extract(epoch from greatest(clock_timestamp(),
            (select issued_until from revocations order by id desc limit 1) + interval '1 ms')) * 1000),
          'kid', (select kid from signing_keys where signs_from <= clock_timestamp()
            order by signs_from desc limit 1),
          'password_id', (select id from passwords where user_id = u.id order by id desc limit 1),
          'user', json_build_object('id', u.id, 'name', u.name, 'domain_id', d.id, 'domain_name', d.name,
            'enabled', u.enabled and d.enabled),
          'default_project_id', u.default_project_id,
          'target', (select json_build_object('id', t.id, 'name', t.name, 'is_domain', t.is_domain,
              'domain_id', td.id, 'domain_name', td.name, 'enabled', (select bool_and(enabled) from up))
            from projects t join projects td on td.id = coalesce(t.domain_id, t.id) where t.id = ${targetId}),
          'role_ids', (select coalesce(json_agg(role_id), '[]') from assigned),
          'roles', (select coalesce(json_agg(json_build_array(id, name, domain_id)), '[]') from roles),
          'implications', (select coalesce(json_agg(json_build_array(prior_id, implied_id)), '[]')
            from implications),
          'revoked', exists (select from revocations where subject = any(${parent?.subjects ?? []}::text[])
            and issued_until >= to_timestamp(${parent?.issuedAt ?? 0}::double precision / 1000))
        ) as facts
        from users u join projects d on d.id = u.domain_id
        where u.id = ${userId}`,
    ])
    return rows[0]?.facts ?? null
  },
})
