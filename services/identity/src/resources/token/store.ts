import type { Pool, PoolClient } from 'pg'
import type { AccountRules, UserOptions } from '../../account/rules.ts'
import { lockOf } from '../../login/store.ts'
import { LOCK_FOR_ISSUE, type Transact } from '../../revocation/store.ts'
import type { Delegation } from './delegation.ts'
import type { DomainRef, ProjectRef } from './scope.ts'

export type TokenStore = ReturnType<typeof tokenStore>

/** A user as a login names them: by id, or by name and domain. */
export interface UserRef {
  id?: string | undefined
  name?: string | undefined
  domain?: DomainRef | undefined
}

/** What there is to check a password against. */
export interface Credentials {
  user_id: string
  password_id: string | null
  hash: string | null
  options: UserOptions
  /** 'directory': its password is there */
  source: string
}

export interface TotpSecret {
  id: string
  blob_sealed: Buffer
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
  options: UserOptions
  /** ms since 1970; null: never */
  password_expires_at: number | null
  created_at: number
  /** ms since 1970, the day of the last login; null: none was kept */
  last_active_on: number | null
  /** wrong guesses since the last login that worked */
  failed: { failures: number; last_at: string; locked: boolean } | null
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
  /** the identity provider that was asked is as it was, if one was */
  vouched: boolean
  /** the rights are still lent, if they are */
  stands: boolean
}

/** Where a token is for. */
export type Target = { kind: 'project' | 'domain'; ref: ProjectRef } | { kind: 'system' }

export interface FactsQuery {
  userId: string
  /** where the roles are asked for; null: nowhere */
  target: Target | null
  /** subjects of the token this one is made from, and when that was issued, ms since 1970 */
  parent: { subjects: string[]; issuedAt: number } | null
  /** who vouched for the user just now; null: nobody from outside */
  federated: { providerId: string; protocolId: string; version: string } | null
  /** by which lent rights; null: the user's own */
  delegation: Pick<Delegation, 'kind' | 'id' | 'version' | 'holderId' | 'agentIds'> | null
}

/** The two statements of every login, prepared once a connection: planning the second costs more than running it. */
const CREDENTIALS = `
  select u.id as user_id, p.id as password_id, p.hash, u.options, u.source
  from users u left join passwords p on p.user_id = u.id and p.replaced_at is null
  where u.id = coalesce($1::text, (select id from users where source = 'local' and name = $2::text and domain_id =
    coalesce($3::text, (select id from projects where name = $4::text and is_domain))))`

const FACTS = `
  with recursive target (id) as (
    select coalesce($2::text, case $3::text
      when 'domain' then (select id from projects where name = $4::text and is_domain)
      when 'project' then (select id from projects where name = $4::text and not is_domain and domain_id =
        coalesce($5::text, (select id from projects where name = $6::text and is_domain)))
    end)
  ), up (id, parent_id, enabled, depth) as (
    select id, parent_id, enabled, 0 from projects where id = (select id from target)
    union all
    select p.id, p.parent_id, p.enabled, up.depth + 1 from up join projects p on p.id = up.parent_id
  ), mine as (
    select target_id, role_id, inherited from assignments where user_id = $12
    union all
    select a.target_id, a.role_id, a.inherited from current_memberships m join assignments a using (group_id)
    where m.user_id = $12
  ), assigned as (
    select distinct mine.role_id from mine left join up on up.id = mine.target_id
    where case when $3 = 'system' then mine.target_id is null
      else up.id is not null and mine.inherited = (up.depth > 0) end
  )
  select
    floor(extract(epoch from greatest(clock_timestamp(),
      (select issued_until from revocations order by id desc limit 1) + interval '1 ms')) * 1000)::float8 as at,
    (select kid from signing_keys where signs_from <= clock_timestamp() order by signs_from desc limit 1) as kid,
    (select id from passwords where user_id = u.id and replaced_at is null) as password_id,
    json_build_object('id', u.id, 'name', u.name, 'domain_id', d.id, 'domain_name', d.name,
      'enabled', u.enabled and d.enabled) as user,
    u.options,
    (extract(epoch from u.password_expires_at) * 1000)::float8 as password_expires_at,
    (extract(epoch from u.created_at) * 1000)::float8 as created_at,
    (extract(epoch from u.last_active_on) * 1000)::float8 as last_active_on,
    (select json_build_object('failures', failures, 'last_at', last_at, 'locked', failures >= $14::int
        and last_at > clock_timestamp() - $15::double precision * interval '1 second')
      from login_failures where key = 'account:' || u.id) as failed,
    u.default_project_id,
    (select json_build_object('id', t.id, 'name', t.name, 'is_domain', t.is_domain,
        'domain_id', td.id, 'domain_name', td.name, 'enabled', (select bool_and(enabled) from up))
      from projects t join projects td on td.id = coalesce(t.domain_id, t.id)
      where t.id = (select id from target)) as target,
    (select coalesce(json_agg(role_id), '[]') from assigned) as role_ids,
    (select coalesce(json_agg(json_build_array(id, name, domain_id)), '[]') from roles) as roles,
    (select coalesce(json_agg(json_build_array(prior_id, implied_id)), '[]') from implications) as implications,
    exists (select from revocations where subject = any($7::text[])
      and issued_until >= to_timestamp($8::double precision / 1000)) as revoked,
    $18::text is null or exists (select from identity_providers i
      join federation_protocols p on p.identity_provider_id = i.id join mappings m on m.id = p.mapping_id
      where i.id = $16::text and p.id = $17::text and i.enabled
        and concat_ws('/', i.xmin, p.xmin, m.xmin) = $18) as vouched,
    case $10::text
      when 'application-credential' then exists (select from application_credentials where id = $11::text)
      when 'ec2' then exists (
        select from credentials where id = $11::text and xmin::text = coalesce($9::text, xmin::text))
      when 'oauth1' then exists (select from oauth1_tokens where id = $11::text and kind = 'access')
      when 'trust' then exists (select from trusts where id = $11::text) and not exists (
        select from unnest($13::text[]) as agent (id) where not exists (
          select from users x join projects xd on xd.id = x.domain_id
          where x.id = agent.id and x.enabled and xd.enabled))
      else true
    end as stands
  from users u join projects d on d.id = u.domain_id
  where u.id = $1`

const SPEND = 'update trusts set remaining_uses = remaining_uses - 1 where id = $1 and remaining_uses > 0'

function verdictOf<T>(judge: () => T): { value: T } | { error: unknown } {
  try {
    return { value: judge() }
  } catch (error) {
    return { error }
  }
}

async function factsOf(
  client: PoolClient,
  { userId, target, parent, federated, delegation }: FactsQuery,
  rules: AccountRules,
): Promise<Facts | null> {
  const ref = target && target.kind !== 'system' ? target.ref : undefined
  const values = [
    userId,
    ...[ref?.id, target?.kind, ref?.name, ref?.domain?.id, ref?.domain?.name],
    ...[parent?.subjects ?? [], parent?.issuedAt ?? 0, delegation?.version],
    ...[delegation?.kind, delegation?.id, delegation?.holderId ?? userId, delegation?.agentIds ?? []],
    ...lockOf(rules),
    ...[federated?.providerId, federated?.protocolId, federated?.version],
  ]
  const { rows } = await client.query<Facts>({ name: 'facts', text: FACTS, values })
  return rows[0] ?? null
}

/** @param pool with `pipeline`: the three statements of `facts` go out together, which halves their cost */
export const tokenStore = (pool: Pool, transact: Transact, rules: AccountRules) => {
  /** A connection whose transaction did not end well is not given back: closing it rolls back. */
  async function within<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await pool.connect()
    try {
      const result = await work(client)
      client.release()
      return result
    } catch (error) {
      client.release(true)
      throw error
    }
  }
  return {
    revoke: (subjects: string[]): Promise<void> =>
      transact(async () => ({ value: undefined, revoked: subjects })),

    async credentials({ id, name, domain }: UserRef): Promise<Credentials | null> {
      const { rows } = await pool.query<Credentials>({
        name: 'credentials',
        text: CREDENTIALS,
        values: [id, name, domain?.id, domain?.name],
      })
      return rows[0] ?? null
    },

    /** Today, by the database. */
    async markActive(userId: string): Promise<void> {
      await pool.query({
        name: 'active',
        text: `update users set last_active_on = current_date
               where id = $1 and last_active_on is distinct from current_date`,
        values: [userId],
      })
    },

    /** The TOTP secrets of a user; null: of nobody. */
    async totpSecrets(userId: string | null): Promise<TotpSecret[]> {
      const { rows } = await pool.query<TotpSecret>({
        name: 'totp',
        text: `select id, blob_sealed from credentials where user_id = $1 and lower(type) = 'totp'`,
        values: [userId],
      })
      return rows
    },

    /** true for the first who takes this step of this secret, and only if no later one was taken */
    async takeStep(credentialId: string, step: number): Promise<boolean> {
      const { rowCount } = await pool.query({
        name: 'take-step',
        text: 'update credentials set last_step = $2 where id = $1 and coalesce(last_step, -1) < $2',
        values: [credentialId, step],
      })
      return rowCount === 1
    },

    /** null when there is no such user */
    facts: (query: FactsQuery): Promise<Facts | null> =>
      within(async client => {
        const [, facts] = await Promise.all([
          client.query(`begin; ${LOCK_FOR_ISSUE}`),
          factsOf(client, query, rules),
          client.query('commit'),
        ])
        return facts
      }),

    /**
     * The same for a trust that is good for some tokens only: for one less, unless `judge` throws. Null also when it
     * is used up. The row is locked before the revocations' lock, as everywhere.
     */
    async factsSpending<T>(
      query: FactsQuery,
      trustId: string,
      judge: (facts: Facts | null) => T,
    ): Promise<T> {
      const verdict = await within(async client => {
        const [, { rowCount }, , facts] = await Promise.all([
          client.query('begin'),
          client.query(SPEND, [trustId]),
          client.query(LOCK_FOR_ISSUE),
          factsOf(client, query, rules),
        ])
        const judged = verdictOf(() => judge(rowCount === 0 ? null : facts))
        await client.query('error' in judged ? 'rollback' : 'commit')
        return judged
      })
      if ('error' in verdict) throw verdict.error
      return verdict.value
    },
  }
}
