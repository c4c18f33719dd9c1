/**
 * What the collections of Keystone v3 have in common: how a list is asked for and how it is wrapped, and that clients
 * may hang attributes of their own on almost everything (`extra`).
 */
import { nextLink, pageQuery } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'

/** More are never answered at once; the rest is behind `links.next`. */
const LONGEST_PAGE = 10_000

/** keystone/api/validation/parameter_types.py: anything but false and 0 counts as true. */
export const flag = z.string().transform(text => !/^(false|0|no|off|f|n)$/i.test(text))

const text = z.string().max(255).optional()

/** `name`, and its comparisons as `name__contains`: keystone/server/flask/common.py, build_driver_hints. */
export const nameQuery = {
  name: text,
  name__contains: text,
  name__icontains: text,
  name__startswith: text,
  name__istartswith: text,
  name__endswith: text,
  name__iendswith: text,
}

export const page = pageQuery(LONGEST_PAGE)

export interface Page {
  limit?: number | undefined
  marker?: string | undefined
}

type NameQuery = { [K in keyof typeof nameQuery]?: string | undefined }

type NameFilter =
  | string
  | { contains: string; mode?: 'insensitive' }
  | { startsWith: string; mode?: 'insensitive' }
  | { endsWith: string; mode?: 'insensitive' }

/** The condition for Prisma. */
export function whereName(query: NameQuery): { AND: { name: NameFilter }[] } {
  const conditions: { name: NameFilter }[] = []
  const add = (value: string | undefined, filter: (v: string) => NameFilter) => {
    if (value !== undefined) conditions.push({ name: filter(value) })
  }
  add(query.name, v => v)
  add(query.name__contains, v => ({ contains: literal(v) }))
  add(query.name__icontains, v => ({ contains: literal(v), mode: 'insensitive' }))
  add(query.name__startswith, v => ({ startsWith: literal(v) }))
  add(query.name__istartswith, v => ({ startsWith: literal(v), mode: 'insensitive' }))
  add(query.name__endswith, v => ({ endsWith: literal(v) }))
  add(query.name__iendswith, v => ({ endsWith: literal(v), mode: 'insensitive' }))
  return { AND: conditions }
}

/** For LIKE, to which Prisma hands patterns on as they are. */
export const literal = (text: string): string => text.replace(/[\\%_]/g, '\\$&')

/** In the order of ids, which is that of creation; one row more than asked tells whether there is another page. */
export const pageOf = ({ limit = LONGEST_PAGE, marker }: Page) => ({
  orderBy: { id: 'asc' as const },
  take: limit + 1,
  page: marker === undefined ? {} : { id: { gt: marker } },
})

/** keystone/server/flask/common.py, wrap_collection. */
export function viewPage<Row extends { id: string }>(
  ctx: Ctx,
  request: FastifyRequest,
  { name, rows, limit = LONGEST_PAGE }: { name: string; rows: readonly Row[]; limit?: number | undefined },
  view: (ctx: Ctx, row: Row) => unknown,
) {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const more = rows.length > limit
  return {
    [name]: shown.map(row => view(ctx, row)),
    links: {
      next: more && last ? nextLink(request, ctx.baseUrl, last.id) : null,
      self: `${ctx.baseUrl}${request.url.split('?')[0]}`,
      previous: null,
    },
    ...(more ? { truncated: true } : {}),
  }
}

export const linkTo = (ctx: Ctx, path: string) => ({ self: `${ctx.baseUrl}/v3/${path}` })

type Json = string | number | boolean | null | readonly Json[] | JsonObject
interface JsonObject {
  readonly [key: string]: Json
}

/** A body as JSON has it: a field that is optional is there or not, and never undefined. */
type Given<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** Parts a body into the fields we know and those that are the client's own. */
export function splitExtra<T extends object, K extends keyof T>(
  body: T,
  known: readonly K[],
): { fields: Given<Pick<T, K>>; extra: JsonObject } {
  const fields: Record<string, unknown> = {}
  const extra: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(body)) {
    if ((known as readonly string[]).includes(key)) fields[key] = value
    else if (!RESERVED.has(key)) extra[key] = value
  }
  return { fields: fields as Given<Pick<T, K>>, extra: extra as JsonObject }
}
const RESERVED = new Set(['id', 'links', 'created_at', '__proto__'])

/** `extra` after a PATCH: named attributes replace the ones before. */
export const mergeExtra = (before: unknown, change: JsonObject): JsonObject => ({
  ...(before as JsonObject),
  ...change,
})

export const isImmutable = (row: { options: unknown }): boolean =>
  (row.options as { immutable?: boolean }).immutable === true

/** keystone/common/resource_options: an option set to null is taken away. */
export function mergeOptions(before: unknown, change: object | undefined): JsonObject {
  const merged = { ...(before as Record<string, unknown>), ...change }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)) as JsonObject
}

/** of a path or a query: ids are opaque, bounded, and never carry what PostgreSQL's text cannot hold */
export const idText = z.string().min(1).max(255)
export const byId = z.object({ id: idText })
export const nonBlank = (longest: number) => z.string().min(1).max(longest).regex(/\S/, 'must not be blank')
export const description = z.string().max(65_535).nullable()
export const immutableOption = z.strictObject({ immutable: z.boolean().nullable().optional() })

/** keystone/server/flask/common.py, _normalize_domain_id: the domain of the token's scope, else the default one. */
export const domainOf = ({ caller: { scope } }: Ctx): string =>
  scope.kind === 'domain' ? scope.domainId : DEFAULT_DOMAIN
export const DEFAULT_DOMAIN = 'default'
