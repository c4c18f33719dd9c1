/**
 * The routes that every Neutron collection has, from its kind: list, show, create (one or many), update, delete and
 * tags. Whatever a resource does differently is in its service.
 */
import { type Route, route } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import { z } from 'zod'
import { errors } from '../errors.ts'
import { oneTag, tags } from './field.ts'
import type { CollectionKind } from './kind.ts'
import { type ListQuery, parseListQuery } from './list-query.ts'
import { pageLinks, pickFields } from './list-reply.ts'

/** Every method answers 404 by a Problem for rows that the caller may not know. */
export interface CollectionService<Row, Create, Change> {
  list(ctx: Ctx, query: ListQuery): Promise<Row[]>
  get(ctx: Ctx, id: string): Promise<Row>
  /** all or none */
  create(ctx: Ctx, wants: Create[]): Promise<Row[]>
  remove(ctx: Ctx, id: string): Promise<void>
  update?(ctx: Ctx, id: string, change: Change): Promise<Row>
  /** `next` may run more than once */
  changeTags?(ctx: Ctx, id: string, next: (tags: string[]) => string[]): Promise<string[]>
}

export interface CollectionOptions<Row, Create extends z.ZodType, Change extends z.ZodType> {
  kind: CollectionKind
  /** for summaries, e.g. `security group` */
  noun: string
  service: CollectionService<Row, z.output<Create>, z.output<Change>>
  create: Create
  change?: Change
  view(row: Row, ctx: Ctx): object
}

const ListParameters = z.record(z.string(), z.union([z.string(), z.array(z.string())]))
const OneId = z.object({ id: z.string() })
const OneTag = z.object({ id: z.string(), tag: oneTag })
/** Neutron has no such limit; without one a body could ask for a day's work in one transaction. */
const MAX_BULK = 500

export const collectionRoutes = <
  Row extends { id: string },
  Create extends z.ZodType,
  Change extends z.ZodType,
>(
  options: CollectionOptions<Row, Create, Change>,
): Route[] => {
  const { kind, noun, service, view } = options
  const operation = (verb: string) => `network:${kind.plural}:${verb}`
  const base = `/v2.0/${kind.path}`
  const one = (row: Row, ctx: Ctx) => ({ [kind.singular]: view(row, ctx) })
  const { update } = service
  return [
    route({
      operation: operation('list'),
      method: 'GET',
      path: base,
      summary: `List ${noun}s`,
      query: ListParameters,
      async handle(ctx, { query, request }) {
        const parsed = parseListQuery(kind, query)
        const rows = await service.list(ctx, parsed)
        const links = pageLinks(
          request,
          ctx.baseUrl,
          parsed,
          rows.map(row => row.id),
        )
        return {
          [kind.plural]: rows.map(row => pickFields(view(row, ctx), parsed.fields)),
          ...(links.length ? { [`${kind.plural}_links`]: links } : {}),
        }
      },
    }),
    route({
      operation: operation('show'),
      method: 'GET',
      path: `${base}/:id`,
      summary: `Show a ${noun}`,
      params: OneId,
      query: ListParameters,
      async handle(ctx, { params, query }) {
        const row = await service.get(ctx, params.id)
        return { [kind.singular]: pickFields(view(row, ctx), [query['fields'] ?? []].flat()) }
      },
    }),
    route({
      operation: operation('create'),
      method: 'POST',
      path: base,
      summary: `Create a ${noun}, or several at once`,
      status: 201,
      bodyLimit: 2_000_000,
      body: bulkBody(kind, options.create),
      async handle(ctx, { body }) {
        const many = body[kind.plural] as z.output<Create>[] | undefined
        const rows = await service.create(ctx, many ?? [body[kind.singular] as z.output<Create>])
        return many ? { [kind.plural]: rows.map(row => view(row, ctx)) } : one(rows[0]!, ctx)
      },
    }),
    ...(update && options.change
      ? [
          route({
            operation: operation('update'),
            method: 'PUT',
            path: `${base}/:id`,
            summary: `Change a ${noun}`,
            params: OneId,
            body: z.strictObject({ [kind.singular]: options.change }),
            async handle(ctx, { params, body }) {
              return one(
                await update.call(service, ctx, params.id, body[kind.singular] as z.output<Change>),
                ctx,
              )
            },
          }),
        ]
      : []),
    route({
      operation: operation('delete'),
      method: 'DELETE',
      path: `${base}/:id`,
      summary: `Delete a ${noun}`,
      params: OneId,
      status: 204,
      handle: (ctx, { params }) => service.remove(ctx, params.id),
    }),
    ...(kind.tagged ? tagRoutes(kind, noun, service as unknown as TaggedService) : []),
  ]
}

const bulkBody = <C extends z.ZodType>(kind: CollectionKind, create: C) =>
  z
    .strictObject({
      [kind.singular]: create.optional(),
      [kind.plural]: z.array(create).min(1).max(MAX_BULK).optional(),
    })
    .refine(
      body => (body[kind.singular] === undefined) !== (body[kind.plural] === undefined),
      `must hold either '${kind.singular}' or '${kind.plural}'`,
    )

type TaggedService = Required<CollectionService<{ id: string; tags: string[] }, never, never>>

/** neutron/extensions/tagging.py */
const tagRoutes = (kind: CollectionKind, noun: string, service: TaggedService): Route[] => {
  const all = `/v2.0/${kind.path}/:id/tags`
  const one = `${all}/:tag`
  const read = { operation: `network:${kind.plural}:show`, method: 'GET' } as const
  const write = `network:${kind.plural}:tags`
  return [
    route({
      ...read,
      path: all,
      summary: `List the tags of a ${noun}`,
      params: OneId,
      handle: async (ctx, { params }) => ({ tags: (await service.get(ctx, params.id)).tags }),
    }),
    route({
      operation: write,
      method: 'PUT',
      path: all,
      summary: `Replace the tags of a ${noun}`,
      params: OneId,
      body: z.strictObject({ tags }),
      handle: async (ctx, { params, body }) => ({
        tags: await service.changeTags(ctx, params.id, () => body.tags),
      }),
    }),
    route({
      operation: write,
      method: 'DELETE',
      path: all,
      summary: `Remove all tags of a ${noun}`,
      params: OneId,
      status: 204,
      handle: async (ctx, { params }) => void (await service.changeTags(ctx, params.id, () => [])),
    }),
    route({
      ...read,
      path: one,
      summary: `Ask whether a ${noun} has a tag`,
      params: OneTag,
      status: 204,
      async handle(ctx, { params }) {
        const { tags } = await service.get(ctx, params.id)
        if (!tags.includes(params.tag)) throw errors.tagNotFound(params.tag)
      },
    }),
    route({
      operation: write,
      method: 'PUT',
      path: one,
      summary: `Add a tag to a ${noun}`,
      params: OneTag,
      status: 201,
      handle: async (ctx, { params }) =>
        void (await service.changeTags(ctx, params.id, tags => [...new Set([...tags, params.tag])])),
    }),
    route({
      operation: write,
      method: 'DELETE',
      path: one,
      summary: `Remove a tag from a ${noun}`,
      params: OneTag,
      status: 204,
      handle: async (ctx, { params }) =>
        void (await service.changeTags(ctx, params.id, tags => {
          if (!tags.includes(params.tag)) throw errors.tagNotFound(params.tag)
          return tags.filter(tag => tag !== params.tag)
        })),
    }),
  ]
}
