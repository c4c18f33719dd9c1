/**
 * Columns and their types, as the server's `get_schema` tells them, and the two directions of translation:
 *
 *   OVSDB type                   in TypeScript
 *   string, integer, real, bool  string, number, boolean
 *   uuid                         string (its text); when written, also the Ref of a row inserted in the same transaction
 *   optional (min 0, max 1)      value or null
 *   set (max > 1)                ReadonlySet; when written, any iterable
 *   map                          ReadonlyMap; when written, also a plain object
 *
 * The schema is needed because the wire form is ambiguous: a set of one element is written as the element itself.
 */

export type Atom = string | number | boolean
/** Stands for the uuid of a row that is inserted by the same transaction (RFC 7047's named-uuid). */
export interface Ref {
  readonly named: string
}
export type Value = Atom | null | ReadonlySet<Atom> | ReadonlyMap<Atom, Atom>
export type Row = Record<string, Value>

type AtomType = 'string' | 'integer' | 'real' | 'boolean' | 'uuid'
export interface ColumnType {
  kind: 'one' | 'optional' | 'set' | 'map'
  key: AtomType
  value: AtomType
}
export type TableSchema = Record<string, ColumnType>
export interface DatabaseSchema {
  name: string
  version: string
  tables: Record<string, TableSchema>
}

const DEFAULTS: Record<AtomType, Atom> = {
  string: '',
  integer: 0,
  real: 0,
  boolean: false,
  uuid: '00000000-0000-0000-0000-000000000000',
}

type WireBase = AtomType | { type: AtomType }
type WireType = AtomType | { key: WireBase; value?: WireBase; min?: number; max?: number | 'unlimited' }
interface WireSchema {
  name: string
  version: string
  tables: Record<string, { columns: Record<string, { type: WireType }> }>
}

const baseOf = (base: WireBase): AtomType => (typeof base === 'string' ? base : base.type)

const columnOf = (type: WireType): ColumnType => {
  if (typeof type === 'string') return { kind: 'one', key: type, value: type }
  const key = baseOf(type.key)
  const max = type.max ?? 1
  const kind = type.value ? 'map' : max !== 1 ? 'set' : type.min === 0 ? 'optional' : 'one'
  return { kind, key, value: type.value ? baseOf(type.value) : key }
}

export const parseSchema = (wire: unknown): DatabaseSchema => {
  const { name, version, tables } = wire as WireSchema
  const table = (columns: Record<string, { type: WireType }>): TableSchema => ({
    _uuid: { kind: 'one', key: 'uuid', value: 'uuid' },
    ...Object.fromEntries(Object.entries(columns).map(([column, { type }]) => [column, columnOf(type)])),
  })
  return {
    name,
    version,
    tables: Object.fromEntries(Object.entries(tables).map(([key, { columns }]) => [key, table(columns)])),
  }
}

export const columnIn = (schema: DatabaseSchema, table: string, column: string): ColumnType => {
  const type = schema.tables[table]?.[column]
  if (!type) throw new TypeError(`${schema.name} ${schema.version} has no column ${table}.${column}`)
  return type
}

export const defaultOf = (type: ColumnType): Value => {
  if (type.kind === 'one') return DEFAULTS[type.key]
  if (type.kind === 'optional') return null
  return type.kind === 'set' ? new Set() : new Map()
}

const decodeAtom = (wire: unknown): Atom => (Array.isArray(wire) ? (wire[1] as string) : (wire as Atom))
const elementsOf = (wire: unknown): unknown[] =>
  Array.isArray(wire) && wire[0] === 'set' ? (wire[1] as unknown[]) : [wire]

export const decode = (type: ColumnType, wire: unknown): Value => {
  if (type.kind === 'one') return decodeAtom(wire)
  if (type.kind === 'map') {
    const [, pairs] = wire as [string, [unknown, unknown][]]
    return new Map(pairs.map(([key, value]) => [decodeAtom(key), decodeAtom(value)]))
  }
  const elements = elementsOf(wire).map(decodeAtom)
  return type.kind === 'set' ? new Set(elements) : (elements[0] ?? null)
}

/** A value of `update2`'s "modify" is a difference, except for columns that hold one value (ovsdb-server(7) 4.1.14). */
export const applyDifference = (type: ColumnType, old: Value, difference: Value): Value => {
  if (type.kind === 'set') {
    const result = new Set(old as ReadonlySet<Atom>)
    for (const element of difference as ReadonlySet<Atom>) if (!result.delete(element)) result.add(element)
    return result
  }
  if (type.kind === 'map') {
    const result = new Map(old as ReadonlyMap<Atom, Atom>)
    for (const [key, value] of difference as ReadonlyMap<Atom, Atom>)
      if (result.get(key) === value) result.delete(key)
      else result.set(key, value)
    return result
  }
  return difference
}

const JS_TYPES = { string: 'string', integer: 'number', real: 'number', boolean: 'boolean', uuid: 'string' }

const encodeAtom = (type: AtomType, value: unknown): unknown => {
  if (type === 'uuid' && typeof value === 'object' && value && 'named' in value)
    return ['named-uuid', (value as Ref).named]
  if (typeof value !== JS_TYPES[type]) throw new TypeError(`expected ${type}, got ${JSON.stringify(value)}`)
  return type === 'uuid' ? ['uuid', value] : value
}

export const encodeSet = (type: AtomType, elements: Iterable<unknown>): unknown => [
  'set',
  Array.from(elements, element => encodeAtom(type, element)),
]

export const encode = (type: ColumnType, value: unknown): unknown => {
  if (type.kind === 'one') return encodeAtom(type.key, value)
  if (type.kind === 'optional') return value === null ? ['set', []] : encodeAtom(type.key, value)
  if (type.kind === 'set') return encodeSet(type.key, value as Iterable<unknown>)
  const entries = value instanceof Map ? value.entries() : Object.entries(value as Record<string, unknown>)
  return ['map', Array.from(entries, ([k, v]) => [encodeAtom(type.key, k), encodeAtom(type.value, v)])]
}

/** Equal as OVSDB sees it: sets and maps have no order. */
export const sameValue = (a: Value, b: Value): boolean => {
  if (a instanceof Set)
    return b instanceof Set && a.size === b.size && [...a].every(element => b.has(element))
  if (a instanceof Map)
    return b instanceof Map && a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
  return a === b
}
