/**
 * Keyset paging: a page starts after the row named by `marker`, in the order of the sort keys with `id` as the last
 * word. Unlike OFFSET it costs the same on page 1000 and never repeats or skips a row when others come and go.
 */
export interface SortKey {
  key: string
  direction: 'asc' | 'desc'
  /** the column may hold NULL */
  nullable?: boolean
}

/** Adds `id` as the tiebreaker unless it is there already. */
export const withTiebreaker = (sort: readonly SortKey[], tiebreaker = 'id'): SortKey[] =>
  sort.some(s => s.key === tiebreaker)
    ? [...sort]
    : [...sort, { key: tiebreaker, direction: sort.at(-1)?.direction ?? 'asc' }]

type Condition = Record<string, unknown>

/**
 * The Prisma `where` for "comes after `marker`", and the matching `orderBy`. NULLs sort last in ascending order, as
 * PostgreSQL does, so a null in the marker is compared accordingly.
 */
export function keyset(sort: readonly SortKey[], marker: Readonly<Record<string, unknown>> | null) {
  const keys = withTiebreaker(sort)
  const orderBy = keys.map(({ key, direction }) => ({ [key]: direction }))
  if (!marker) return { where: {}, orderBy }
  const alternatives = keys.flatMap((sortKey, index) => {
    const equal = Object.fromEntries(keys.slice(0, index).map(k => [k.key, marker[k.key] ?? null]))
    return after(sortKey, marker[sortKey.key] ?? null).map(condition => ({ ...equal, ...condition }))
  })
  return { where: { OR: alternatives }, orderBy }
}

function after({ key, direction, nullable }: SortKey, value: unknown): Condition[] {
  if (key === 'id') return [{ id: direction === 'asc' ? { gt: value } : { lt: value } }]
  if (direction === 'desc') return value === null ? [{ [key]: { not: null } }] : [{ [key]: { lt: value } }]
  if (value === null) return []
  return [{ [key]: { gt: value } }, ...(nullable ? [{ [key]: null }] : [])]
}
