import { newId } from '@caelum/kernel'
import type { Pool } from 'pg'
import type { AccountRules } from '../account/rules.ts'
import type { Asker } from './guard.ts'
import type { Refused } from './refusal.ts'

export type LoginStore = ReturnType<typeof loginStore>

export interface Counted {
  key: string
  /** wrong guesses in this minute */
  in_minute: number
  /** of the minute */
  left_ms: number
}

/**
 * Counts the guess and writes it down; keys in their order, so that two at once do not wait in a circle. Equal refusals within a minute are one row of the audit, and beyond
 * MOST_PER_MINUTE kinds of them the rest is one row: a flood fills no disk.
 */
const RECORD = `
  with counted as (
    insert into login_failures as f (key, failures, last_at, minute, in_minute)
    select key, 1, clock_timestamp(), date_trunc('minute', clock_timestamp()), 1
    from unnest($1::text[]) as key order by key
    on conflict (key) do update set
      failures = case
        when f.failures < $2::int then f.failures + 1
        when f.last_at <= clock_timestamp() - $3::double precision * interval '1 second' then 1
        else f.failures end,
      last_at = case
        when f.failures < $2::int or f.last_at <= clock_timestamp() - $3::double precision * interval '1 second'
        then excluded.last_at else f.last_at end,
      minute = excluded.minute,
      in_minute = case when f.minute = excluded.minute then f.in_minute + 1 else 1 end
    returning key, in_minute
  ), noted as (
    insert into audit (id, at, last_at, operation, outcome, reason, target, domain_ids, address, request_id, fold)
    select $4, clock_timestamp(), clock_timestamp(), $5, 'refused', $6,
      case when $7::text is null then '' else 'users/' || $7::text end,
      coalesce((select array[domain_id] from users where id = $7::text), '{}'), $8, $9, $10
    on conflict (fold) do update set times = audit.times + 1, last_at = excluded.last_at
  )
  select key, in_minute, floor(extract(epoch from
    date_trunc('minute', clock_timestamp()) + interval '1 minute' - clock_timestamp()) * 1000)::float8 as left_ms
  from counted`

/** Of a row of `login_failures`, with `lockOf` as the second and third parameter. */
const LOCKED = `failures >= $2::int and last_at > clock_timestamp() - $3::double precision * interval '1 second'`

const MOST_PER_MINUTE = 300
const FOREVER_S = 1e9
const NEVER = 2_147_483_647

type LockRules = Pick<AccountRules, 'lockout_failure_attempts' | 'lockout_duration'>

/** How many failures lock an account, and for how many seconds. */
export const lockOf = (rules: LockRules): [failures: number, seconds: number] => [
  rules.lockout_failure_attempts ?? NEVER,
  rules.lockout_duration ?? FOREVER_S,
]

export const loginStore = (pool: Pool, rules: LockRules) => {
  let minute = 0
  const kinds = new Set<string>()

  /** Under what a refusal is one with others, and what is left to say of it. */
  function fold({ operation, address, why, userId, keys }: Asker & Refused & { keys: readonly string[] }) {
    const now = Math.floor(Date.now() / 60_000)
    if (now !== minute) kinds.clear()
    minute = now
    const kind = [operation, address, why, userId ?? keys[0] ?? ''].join(' ')
    if (kinds.size >= MOST_PER_MINUTE && !kinds.has(kind)) return `${minute} ${operation} and others`
    kinds.add(kind)
    return `${minute} ${kind}`
  }

  return {
    async record(guess: Asker & Refused & { keys: readonly string[] }): Promise<Counted[]> {
      const folded = fold(guess)
      const many = folded.endsWith(' and others')
      const { rows } = await pool.query<Counted>({
        name: 'refused',
        text: RECORD,
        values: [
          guess.keys,
          ...lockOf(rules),
          newId(),
          guess.operation,
          many ? 'many' : guess.why,
          many ? null : guess.userId,
          many ? null : guess.address,
          many ? null : guess.requestId,
          folded,
        ],
      })
      return rows
    },

    async isLocked(key: string): Promise<boolean> {
      const { rowCount } = await pool.query({
        name: 'locked',
        text: `select 1 from login_failures where key = $1 and ${LOCKED}`,
        values: [key, ...lockOf(rules)],
      })
      return rowCount === 1
    },

    /** Unless somebody has guessed since. */
    async forgive(key: string, { failures, last_at }: { failures: number; last_at: string }): Promise<void> {
      await pool.query({
        name: 'forgive',
        text: 'delete from login_failures where key = $1 and failures = $2 and last_at = $3::timestamptz',
        values: [key, failures, last_at],
      })
    },
  }
}
