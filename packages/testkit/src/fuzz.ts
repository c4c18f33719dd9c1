/**
 * Requests made up from an OpenAPI document: mostly what the schemas allow, with ids that there are, and in a part of
 * them something that no client should send. The same seed makes the same requests.
 */
interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly format?: string
  readonly pattern?: string
}
interface Operation {
  readonly operationId: string
  readonly parameters?: readonly { name: string; in: string; schema: Schema }[]
  readonly requestBody?: { content: { 'application/json': { schema: Schema } } }
}
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

export interface FuzzedRequest {
  operation: string
  method: string
  url: string
  body: unknown
}

export interface FuzzOptions {
  document: OpenApiDocument
  seed: number
  /** ids that there are, by the plural that stands before them in a path and, as `<singular>_id`, in a body */
  ids: Readonly<Record<string, readonly string[]>>
}

const NASTY: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  0.5,
  2 ** 53,
  '',
  ' ',
  'a'.repeat(300),
  'a'.repeat(70_000),
  "'; drop table users; --",
  '%00',
  '\u202e\u{1f600}ü',
  '../../etc/passwd',
  '$(project_id)s',
  '1e999',
  '__proto__',
  [],
  {},
  [[]],
  ['a', 'a'],
]
const WORDS = ['alpha', 'beta', 'x', 'RegionOne', 'reader', 'true', '0', '10.0.0.0/24', '1']
/** in so many of a hundred places something nasty takes the place of something good */
const NASTY_PERCENT = 6
const DEEPEST = 6

export class Fuzzer {
  readonly operations: readonly { method: string; path: string; operation: Operation }[]
  readonly #ids: FuzzOptions['ids']
  #state: number

  constructor({ document, seed, ids }: FuzzOptions) {
    this.#state = seed
    this.#ids = ids
    this.operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        method: method === 'x-copy' ? 'COPY' : method.toUpperCase(),
        path,
        operation,
      })),
    )
  }

  request({ method, path, operation }: Fuzzer['operations'][number]): FuzzedRequest {
    const schema = operation.requestBody?.content['application/json'].schema
    return {
      operation: operation.operationId,
      method,
      url: this.#pathOf(path) + this.#queryOf(operation),
      body: schema ? this.#value(schema, '', 0) : undefined,
    }
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#next(from.length)] as T
  }

  /** Park and Miller's generator. */
  #next(below: number): number {
    this.#state = (this.#state * 48_271) % 2_147_483_647
    return this.#state % below
  }

  #pathOf(path: string): string {
    let before = ''
    const parts = path.split('/').map(part => {
      const value = part.startsWith('{') ? encodeURIComponent(this.#segment(before)) : part
      before = part
      return value
    })
    return parts.join('/')
  }

  #segment(before: string): string {
    if (this.#next(100) < NASTY_PERCENT) return String(this.pick(NASTY)).slice(0, 400) || 'x'
    return this.#id(before) ?? this.pick(WORDS)
  }

  #id(plural: string): string | undefined {
    const ids = this.#ids[plural]
    return ids && ids.length > 0 ? this.pick(ids) : undefined
  }

  #queryOf({ parameters = [] }: Operation): string {
    const query = new URLSearchParams()
    for (const { name, in: where, schema } of parameters)
      if (where === 'query' && this.#next(5) === 0) query.append(name, String(this.#value(schema, name, 0)))
    const text = query.toString()
    return text === '' ? '' : `?${text}`
  }

  #value(schema: Schema, name: string, depth: number): unknown {
    if (depth > 0 && this.#next(100) < NASTY_PERCENT) return this.pick(NASTY)
    if (schema.const !== undefined) return schema.const
    if (schema.enum) return this.pick(schema.enum)
    const choices = schema.anyOf ?? schema.oneOf
    if (choices) return this.#value(this.pick(choices), name, depth)
    const type =
      typeof schema.type === 'string' ? schema.type : this.pick(schema.type ?? ['string', 'object'])
    if (type === 'object') return depth > DEEPEST ? {} : this.#object(schema, depth)
    if (type === 'array') {
      const length = (schema.minItems ?? 0) + this.#next(3)
      return Array.from({ length }, () => this.#value(schema.items ?? {}, name, depth + 1))
    }
    if (type === 'integer' || type === 'number') return this.#number(schema)
    if (type === 'boolean') return this.#next(2) === 0
    return type === 'null' ? null : this.#text(schema, name)
  }

  #object({ properties = {}, required = [], additionalProperties }: Schema, depth: number): unknown {
    const made: Record<string, unknown> = {}
    for (const [key, schema] of Object.entries(properties))
      if ((required.includes(key) && this.#next(40) > 0) || this.#next(2) === 0)
        made[key] = this.#value(schema, key, depth + 1)
    if (additionalProperties === false || this.#next(3) > 0) return made
    const other = typeof additionalProperties === 'object' ? additionalProperties : {}
    const key = this.pick(WORDS)
    made[key] = this.#value(other, key, depth + 1)
    return made
  }

  #number({ minimum = -10, maximum = 10_000 }: Schema): number {
    const edge = this.#next(10)
    if (edge === 0) return minimum
    if (edge === 1) return maximum
    return Math.min(maximum, minimum + this.#next(100))
  }

  #text({ minLength = 0, maxLength = 1_000, format, pattern }: Schema, name: string): string {
    const id = this.#id(name === 'id' ? this.pick(Object.keys(this.#ids)) : `${name.replace(/_ids?$/, '')}s`)
    if (id && (/(^|_)ids?$/.test(name) || this.#next(3) === 0)) return id
    if (format === 'uri') return `http://${this.pick(WORDS)}/`
    if (format === 'date-time') return '2030-01-01T00:00:00Z'
    if (pattern && this.#next(2) === 0)
      return this.pick(['a', '1', 'http://x/', '10.0.0.1', 'fa:16:3e:00:00:01'])
    if (this.#next(20) === 0) return 'é'.repeat(Math.min(maxLength, 300))
    const text = `${this.pick(WORDS)}-${this.#next(1_000)}`
    return text.slice(0, maxLength).padEnd(minLength, 'a')
  }
}

export interface FuzzOutcome {
  /** what was answered with success, and to which request */
  answers: { request: string; text: string }[]
  /** 5xx, and answers that took too long */
  failures: string[]
  statuses: Map<number, number>
}

const HANGS_MS = 10_000
/** says on purpose what there is not */
const NOT_IMPLEMENTED = 501

/** Every operation `rounds` times. @param send answers null for a request that shall not be made */
export async function fuzzAll(
  fuzzer: Fuzzer,
  rounds: number,
  send: (request: FuzzedRequest) => Promise<{ status: number; text: string } | null>,
): Promise<FuzzOutcome> {
  const outcome: FuzzOutcome = { answers: [], failures: [], statuses: new Map() }
  for (let round = 0; round < rounds; round++)
    for (const operation of fuzzer.operations) {
      const made = fuzzer.request(operation)
      const askedAt = performance.now()
      const reply = await send(made)
      if (!reply) continue
      const { status, text } = reply
      const request = `${made.method} ${made.url} ${JSON.stringify(made.body) ?? ''}`
      outcome.statuses.set(status, (outcome.statuses.get(status) ?? 0) + 1)
      if ((status >= 500 && status !== NOT_IMPLEMENTED) || performance.now() - askedAt > HANGS_MS)
        outcome.failures.push(`${request.slice(0, 600)}: ${status} ${text}`)
      if (status < 300) outcome.answers.push({ request, text })
    }
  return outcome
}
