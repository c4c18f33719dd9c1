/**
 * PATCH of an image: a list of JSON-patch operations in one of two dialects (glance/api/v2/images.py, class
 * RequestDeserializer). 2.1 is `{"op": "replace", "path": "/name", "value": "x"}`, 2.0 is
 * `{"replace": "/name", "value": "x"}`. Paths have one step: attributes and properties are replaced as a whole.
 */
import { errors } from '../../errors.ts'
import { attributes, isAttribute, isReserved, PropertyName, PropertyValue, readOnly } from './schema.ts'

export type Dialect = '2.0' | '2.1'
export type Change = { op: 'add' | 'replace'; name: string; value: unknown } | { op: 'remove'; name: string }

export const patchTypes: ReadonlyMap<string, Dialect> = new Map([
  ['application/openstack-images-v2.0-json-patch', '2.0'],
  ['application/openstack-images-v2.1-json-patch', '2.1'],
])

const operations = ['add', 'remove', 'replace'] as const
const MAX_CHANGES = 1_000

/** @throws Problem 400, or 403 for what nobody may change */
export function parseChanges(body: unknown, dialect: Dialect): Change[] {
  if (!Array.isArray(body) || body.length > MAX_CHANGES)
    throw errors.badRequest('Request body must be a JSON array of operation objects.')
  return body.map(raw => {
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
      throw errors.badRequest('Operations must be JSON objects.')
    return parseChange(raw as Record<string, unknown>, dialect)
  })
}

function parseChange(raw: Record<string, unknown>, dialect: Dialect): Change {
  const op = dialect === '2.1' ? operations.find(o => o === raw['op']) : onlyOperation(raw)
  if (!op)
    throw errors.badRequest(
      `Invalid operation: \`${String(raw['op'])}\`. It must be one of the following: ${operations.join(', ')}.`,
    )
  const pointer = dialect === '2.1' ? raw['path'] : raw[op]
  if (typeof pointer !== 'string') throw errors.badRequest(`Unable to find 'path' in JSON Schema change`)
  const name = nameOf(pointer)
  if (readOnly.includes(name)) throw errors.readOnly(name)
  if (isReserved(name)) throw errors.reserved(name)
  if (op === 'remove') return { op, name }
  if (!('value' in raw)) throw errors.badRequest(`Operation "${op}" requires a member named "value".`)
  return { op, name, value: checkValue(name, raw['value']) }
}

function onlyOperation(raw: Record<string, unknown>) {
  const found = operations.filter(op => op in raw)
  return found.length === 1 ? found[0] : undefined
}

/** The one step of a JSON pointer (RFC 6901), unescaped. */
function nameOf(pointer: string): string {
  const [empty, step = '', ...more] = pointer.split('/')
  if (empty !== '' || step.trim() === '' || /~(?![01])/.test(step))
    throw errors.badRequest(`Pointer \`${pointer}\` is not valid: it must be "/" and a name.`)
  const name = step.replaceAll('~1', '/').replaceAll('~0', '~').trim()
  if (name === 'locations') throw errors.locationsHidden()
  if (more.length > 0) throw errors.badRequest(`Invalid JSON pointer for this resource: '${pointer}'`)
  if (!PropertyName.safeParse(name).success)
    throw errors.badRequest('The name of a property has 1 to 255 characters.')
  return name
}

function checkValue(name: string, value: unknown): unknown {
  const parsed = (isAttribute(name) ? attributes[name] : PropertyValue).safeParse(value)
  if (!parsed.success)
    throw errors.doesNotMatchSchema(`${name}: ${parsed.error.issues[0]?.message ?? 'not valid'}`)
  return parsed.data
}
