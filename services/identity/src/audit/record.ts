/**
 * One row for every change, in the transaction of the change: it is there exactly if the change is. What was changed
 * is told by its path, and by the domains that it touches, so that a domain's managers may read what concerns them.
 * Bodies are never written down, so no secret is.
 */
import { newId } from '@caelum/kernel'
import type { Transaction } from '../revocation/store.ts'
import { type Asking, whoAsks } from './request.ts'

/** The domains that these ids belong to, whatever they are the ids of. */
const DOMAINS_OF = `
  select domain_id from users where id = any($1::text[])
  union select coalesce(domain_id, id) from projects where id = any($1::text[])
  union select domain_id from groups where id = any($1::text[])
  union select domain_id from roles where id = any($1::text[]) and domain_id <> ''
  union select domain_id from identity_providers where id = any($1::text[])
  union select u.domain_id from credentials c join users u on u.id = c.user_id where c.id = any($1::text[])
  union select u.domain_id from application_credentials c join users u on u.id = c.user_id
    where c.id = any($1::text[])
  union select u.domain_id from trusts t join users u on u.id in (t.trustor_user_id, t.trustee_user_id)
    where t.id = any($1::text[])`

/** Before the change, since afterwards what was deleted belongs nowhere. */
export async function domainsBefore(tx: Transaction): Promise<string[]> {
  const asking = whoAsks()
  if (!asking || asking.ids.length === 0) return []
  const rows = await tx.$queryRawUnsafe<{ domain_id: string }[]>(DOMAINS_OF, asking.ids)
  return rows.map(row => row.domain_id)
}

/**
 * @param value what it is about, as the store returns it
 * @param before `domainsBefore`
 * @returns false when there was nothing to tell: nobody asked, or the transaction has written nothing
 */
export async function recordChange(tx: Transaction, value: unknown, before: string[]): Promise<boolean> {
  const asking = whoAsks()
  return asking ? record(tx, asking, { value, before, always: false }) : false
}

/** For a change that nobody has recorded: after it, and so not with it. */
export const recordLate = (tx: Transaction, asking: Asking): Promise<boolean> =>
  record(tx, asking, { value: null, before: [], always: true })

async function record(
  tx: Transaction,
  asking: Asking,
  { value, before, always }: { value: unknown; before: string[]; always: boolean },
): Promise<boolean> {
  const made = [...idsIn(value), ...(always ? asking.ids : [])]
  const id = asking.makes ? idsIn(value)[0] : undefined
  const count = await tx.$executeRawUnsafe(
    `insert into audit (id, at, last_at, operation, outcome, actor_id, actor_name, actor_domain_id, actor_scope,
       target, domain_ids, address, request_id)
     select $2, clock_timestamp(), clock_timestamp(), $3, 'done', $4, $5, $6, $7, $8,
       array(select distinct d from (select unnest($9::text[]) as d union ${DOMAINS_OF}) as touched
         where d is not null),
       $10, $11
     where $12 or pg_current_xact_id_if_assigned() is not null`,
    ...[made, ...row(asking, id), before, asking.address, asking.requestId, always],
  )
  asking.recorded = true
  return count > 0
}

const row = ({ operation, caller, path }: Asking, id: string | undefined) => [
  ...[newId(), operation, caller.userId || null, caller.userName || null, caller.userDomainId || null],
  ...[scopeOf(caller), id === undefined ? path : `${path}/${id}`],
]

function scopeOf({ scope }: Asking['caller']): string {
  if (scope.kind === 'project') return `project:${scope.projectId}`
  return scope.kind === 'domain' ? `domain:${scope.domainId}` : scope.kind
}

const NAMED = ['id', 'user_id', 'project_id', 'domain_id', 'trustor_user_id', 'trustee_user_id'] as const

/** the row's own first */
function idsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return NAMED.map(name => (value as Record<string, unknown>)[name]).filter(id => typeof id === 'string')
}
