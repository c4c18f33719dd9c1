/**
 * The query of `GET /v2/images` (glance/api/v2/images.py, class RequestDeserializer; glance/db/sqlalchemy/api.py,
 * _make_conditions_from_filters), as conditions in the words of the store's `where`.
 */
import type { SortKey } from '@caelum/db'
import { errors } from '../../errors.ts'
import { type ListImages, UUID, visibilities } from './schema.ts'

export type Condition = Record<string, unknown>
export const memberStatuses = ['pending', 'accepted', 'rejected'] as const

export interface ListQuery {
  conditions: Condition[]
  /** undefined: the default choice, which leaves out other projects' community images */
  visibility: string | undefined
  memberStatus: (typeof memberStatuses)[number] | 'all'
  sort: SortKey[]
  limit: number
  marker: string | undefined
}

const DEFAULT_LIMIT = 25
const MAX_LIMIT = 1_000

const columns = new Map<string, Omit<SortKey, 'direction'>>([
  ['name', { key: 'name', nullable: true }],
  ['status', { key: 'status' }],
  ['container_format', { key: 'container_format', nullable: true }],
  ['disk_format', { key: 'disk_format', nullable: true }],
  ['size', { key: 'size_bytes', nullable: true }],
  ['id', { key: 'id' }],
  ['created_at', { key: 'created_at' }],
  ['updated_at', { key: 'updated_at' }],
])

/** @throws Problem 400 */
export function parseListQuery(query: ListImages): ListQuery {
  const values = new Map(Object.entries(query).map(([name, value]) => [name, [value ?? []].flat()]))
  const take = (name: string): string[] => {
    const found = values.get(name) ?? []
    values.delete(name)
    return found
  }
  const one = (name: string): string | undefined => take(name).at(-1)
  const parsed = {
    sort: sortOf(take('sort'), take('sort_key'), take('sort_dir')),
    limit: limitOf(one('limit')),
    marker: one('marker'),
    visibility: oneOf('visibility', one('visibility'), [...visibilities, 'all']),
    memberStatus: oneOf('status', one('member_status') ?? 'accepted', [...memberStatuses, 'all'] as const),
  }
  const tags = take('tag').map(tag => tag.trim())
  const hidden = booleanOf('os_hidden', one('os_hidden')?.toLowerCase() ?? 'false')
  const conditions = [...values].flatMap(([name, texts]) => texts.map(text => conditionOf(name, text)))
  if (tags.length > 0) conditions.push({ tags: { hasEvery: tags } })
  return {
    ...parsed,
    memberStatus: parsed.memberStatus ?? 'accepted',
    conditions: [{ is_hidden: hidden }, ...conditions],
  }
}

function conditionOf(name: string, value: string): Condition {
  switch (name) {
    case 'name':
    case 'status':
    case 'container_format':
    case 'disk_format':
      return { [name]: { in: alternatives(value) } }
    case 'id':
      return { id: { in: alternatives(value).filter(id => UUID.test(id)) } }
    case 'owner':
    case 'os_hash_value':
    case 'checksum':
      return { [{ owner: 'owner', os_hash_value: 'sha512', checksum: 'md5' }[name]]: value }
    case 'protected':
      return { is_protected: booleanOf(name, value) }
    case 'created_at':
    case 'updated_at':
      return { [name]: timeCondition(name, value) }
    case 'changes-since':
      throw errors.badRequest('The "changes-since" filter is no longer available on v2.')
    default:
      return rangeCondition(name, value) ?? { properties: { path: [name], equals: value } }
  }
}

const numbers: Record<string, { column: string; big: boolean }> = {
  size: { column: 'size_bytes', big: true },
  virtual_size: { column: 'virtual_size_bytes', big: true },
  min_ram: { column: 'min_ram_mb', big: false },
  min_disk: { column: 'min_disk_gb', big: false },
}

/** `size_min`, `size_max` and exact numbers; undefined for anything else */
function rangeCondition(name: string, value: string): Condition | undefined {
  const match = /^(size|virtual_size|min_ram|min_disk)(?:_(min|max))?$/.exec(name)
  const number = numbers[match?.[1] ?? '']
  if (!match || !number) return undefined
  const n = Number(value)
  if (!/^-?\d{1,15}$/.test(value) || (!number.big && Math.abs(n) > 2_147_483_647))
    throw errors.badRequest('Unable to filter on a range with a non-numeric value.')
  const comparison = match[2] === 'min' ? 'gte' : match[2] === 'max' ? 'lte' : 'equals'
  return { [number.column]: { [comparison]: number.big ? BigInt(value) : n } }
}

/** `value`, or `in:a,b,"c,d"`. */
function alternatives(expression: string): string[] {
  const match = /^(\w*):(.*)$/s.exec(expression)
  if (!match) return [expression]
  const [, operator = '', value = ''] = match
  if (operator === 'eq') return [value]
  if (operator !== 'in') throw errors.badRequest(`Unable to filter by unknown operator '${operator}'.`)
  const items: string[] = []
  const item = /"((?:[^"\\]|\\.)*)"(?:,|$)|([^",]*)(?:,|$)/gy
  while (item.lastIndex < value.length) {
    const found = item.exec(value)
    if (!found) throw errors.badRequest(`Invalid filter value ${value}: quotes do not match.`)
    items.push(found[1]?.replace(/\\(.)/g, '$1') ?? found[2] ?? '')
  }
  return items
}

const comparisons: Record<string, string> = {
  gt: 'gt',
  gte: 'gte',
  lt: 'lt',
  lte: 'lte',
  eq: 'equals',
  neq: 'not',
}

function timeCondition(name: string, expression: string): Condition {
  const match =
    /^(?:(gt|gte|lt|lte|eq|neq):)?(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?)$/i.exec(
      expression,
    )
  const written = (match?.[2] ?? '').replace(',', '.').replace(' ', 'T')
  const at = new Date(
    /T.*(Z|[+-]\d\d:?\d\d)$/i.test(written)
      ? written
      : `${written.length > 10 ? written : `${written}T00:00`}Z`,
  )
  if (!match || Number.isNaN(at.getTime()))
    throw errors.badRequest(`Bad "${name}" query filter format. Use ISO 8601 DateTime notation.`)
  return { [comparisons[match[1] ?? 'eq'] ?? 'equals']: at }
}

function sortOf(sort: string[], keys: string[], directions: string[]): SortKey[] {
  if (sort.length > 0 && keys.length + directions.length > 0)
    throw errors.badRequest('Old and new sorting syntax cannot be combined')
  if (directions.length > 1 && directions.length !== keys.length)
    throw errors.badRequest('Number of sort dirs does not match the number of sort keys')
  const [only] = directions
  const pairs = (sort.length > 0 ? sort.join(',').split(',') : keys.length > 0 ? keys : ['created_at']).map(
    (word, index) => {
      const [key = '', direction] = sort.length > 0 ? word.split(':') : [word, directions[index] ?? only]
      return { key: key.trim(), direction: direction?.trim() || 'desc' }
    },
  )
  const chosen = pairs.map(({ key, direction }): SortKey => {
    const column = columns.get(key)
    if (!column)
      throw errors.badRequest(
        `Invalid sort key: ${key}. It must be one of the following: ${[...columns.keys()].join(', ')}.`,
      )
    if (direction !== 'asc' && direction !== 'desc')
      throw errors.badRequest(`Invalid sort direction: ${direction}`)
    return { ...column, direction }
  })
  const last = chosen.at(-1)?.direction ?? 'desc'
  return chosen.some(s => s.key === 'created_at')
    ? chosen
    : [...chosen, { key: 'created_at', direction: last }]
}

function limitOf(value: string | undefined): number {
  if (value === undefined) return DEFAULT_LIMIT
  if (!/^-?\d+$/.test(value)) throw errors.badRequest('limit param must be an integer')
  if (Number(value) < 0) throw errors.badRequest('limit param must be positive')
  return Math.min(Number(value), MAX_LIMIT)
}

function booleanOf(name: string, value: string): boolean {
  if (value !== 'true' && value !== 'false')
    throw errors.badRequest(
      `Invalid value '${value}' for '${name}' filter. Valid values are 'true' or 'false'.`,
    )
  return value === 'true'
}

function oneOf<T extends string>(
  name: string,
  value: string | undefined,
  allowed: readonly T[],
): T | undefined {
  if (value === undefined || allowed.includes(value as T)) return value as T | undefined
  throw errors.badRequest(`Invalid ${name} value: ${value}`)
}
