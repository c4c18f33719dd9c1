/**
 * The query of a list: filters by any attribute (repeated: one of them), `fields`, `sort_key` with `sort_dir`,
 * `limit`, `marker`, `page_reverse` (neutron/api/api_common.py and its tests).
 */
import { keyset, type SortKey } from '@caelum/db'
import { problems } from '@caelum/kernel'
import { errors } from '../errors.ts'
import { isTrue } from './attribute.ts'
import type { CollectionKind } from './kind.ts'

/** Longest list in one answer; the rest is behind a `next` link. */
const MAX_PAGE = 5_000

export type RawQuery = Readonly<Record<string, string | string[]>>

export interface ListQuery {
  /** Prisma conditions that must all hold */
  where: object[]
  /** attributes to answer with; empty for all */
  fields: string[]
  sort: SortKey[]
  limit: number
  /** false: the client named no limit and gets links only when the list is cut */
  limited: boolean
  marker: string | null
  reverse: boolean
}

const CONTROL = ['fields', 'sort_key', 'sort_dir', 'limit', 'marker', 'page_reverse']

/** @throws Problem 400 for unknown filters and sort keys, and for a limit that is no number */
export const parseListQuery = (kind: CollectionKind, raw: RawQuery): ListQuery => {
  if (
    Object.values(raw)
      .flat()
      .some(value => value.includes('\0'))
  )
    throw problems.badRequest('A query must not hold NUL characters.')
  const values = (name: string): string[] => {
    const value = raw[name]
    return value === undefined ? [] : Array.isArray(value) ? value : [value]
  }
  const filters = Object.keys(raw).filter(name => !CONTROL.includes(name))
  const attribute = (name: string) =>
    Object.hasOwn(kind.attributes, name) ? kind.attributes[name] : undefined
  const unknown = filters.filter(name => !attribute(name)?.where)
  if (unknown.length) throw errors.notFilterable(unknown)
  const asked = limitOf(values('limit').at(-1))
  return {
    where: filters.map(name => attribute(name)!.where!(values(name))),
    fields: values('fields'),
    sort: sortOf(values('sort_key'), values('sort_dir'), name => attribute(name)?.column),
    limit: Math.min(asked || MAX_PAGE, MAX_PAGE),
    limited: asked > 0,
    marker: values('marker').at(-1) ?? null,
    reverse: isTrue(values('page_reverse').at(-1) ?? ''),
  }
}

const limitOf = (text = '0'): number => {
  if (!/^\d{1,9}$/.test(text))
    throw problems.badRequest(
      `Invalid input for 'limit'. Reason: '${text.slice(0, 40)}' is not a number from 0 on.`,
    )
  return Number(text)
}

const sortOf = (
  keys: string[],
  directions: string[],
  columnOf: (name: string) => string | undefined,
): SortKey[] => {
  if (directions.length && directions.length !== keys.length)
    throw problems.badRequest('The number of sort_keys and sort_dirs must be same')
  const sort = keys.map((name, index): SortKey => {
    const key = columnOf(name)
    if (!key) throw errors.notSortable(name)
    const direction = directions[index] ?? 'asc'
    if (direction !== 'asc' && direction !== 'desc')
      throw problems.badRequest("sort_dir must be 'asc' or 'desc'")
    return { key, direction }
  })
  return sort.filter((one, index) => sort.findIndex(other => other.key === one.key) === index)
}

/** The arguments for Prisma's findMany; its result must go through `inOrder`. `marker` is the row of that id. */
export const planOf = (query: ListQuery, visible: object, marker: object | null) => {
  const flip = (direction: SortKey['direction']) => (direction === 'asc' ? 'desc' : 'asc')
  const sort: SortKey[] = query.sort.length ? query.sort : [{ key: 'id', direction: 'asc' }]
  const wanted = query.reverse ? sort.map(one => ({ ...one, direction: flip(one.direction) })) : sort
  const { where, orderBy } = keyset(wanted as SortKey[], marker as Readonly<Record<string, unknown>> | null)
  return { where: { AND: [visible, ...query.where, where] }, orderBy, take: query.limit }
}

export const inOrder = <R>(query: ListQuery, rows: R[]): R[] => (query.reverse ? rows.reverse() : rows)
