import { type Route, route } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import type { z } from 'zod'
import { byId, type Page, viewPage } from './collection.ts'

/** What a service offers for the five usual operations. */
export interface CollectionService<Row, Create, Change, Query> {
  create(ctx: Ctx, fields: Create): Promise<Row>
  /** one row more than asked for, when there is another page */
  list(ctx: Ctx, query: Query): Promise<Row[]>
  get(ctx: Ctx, id: string): Promise<Row>
  update(ctx: Ctx, id: string, change: Change): Promise<Row>
  remove(ctx: Ctx, id: string): Promise<void>
}

/**
 * POST, GET, GET/{id}, PATCH/{id} and DELETE/{id} of a collection of Keystone v3, whose bodies and answers are wrapped
 * in the name of the thing: `{"project": {...}}`. Operations are `identity:<many>:create|list|show|update|delete`.
 */
export function collectionRoutes<
  Row extends { id: string },
  Create extends z.ZodType,
  Change extends z.ZodType,
  Query extends z.ZodType,
>(it: {
  /** e.g. `projects`, `project` */
  many: string
  one: string
  /** where the collection is, below /v3; its name when not given */
  at?: string
  create: z.ZodType<Record<string, z.output<Create>>>
  change: z.ZodType<Record<string, z.output<Change>>>
  query: Query
  reply: z.ZodType
  service: CollectionService<Row, z.output<Create>, z.output<Change>, z.output<Query>>
  view: (ctx: Ctx, row: Row) => unknown
}): Route[] {
  const { many, one, service, view } = it
  const path = `/v3/${it.at ?? many}`
  return [
    route({
      operation: `identity:${many}:create`,
      method: 'POST',
      path,
      summary: `Create a ${one}`,
      body: it.create,
      reply: it.reply,
      status: 201,
      async handle(ctx, { body }) {
        return { [one]: view(ctx, await service.create(ctx, body[one] as z.output<Create>)) }
      },
    }),
    route({
      operation: `identity:${many}:list`,
      method: 'GET',
      path,
      summary: `List ${many}`,
      query: it.query,
      async handle(ctx, { query, request }) {
        const rows = await service.list(ctx, query)
        return viewPage(ctx, request, { name: many, rows, limit: (query as Page).limit }, view)
      },
    }),
    route({
      operation: `identity:${many}:show`,
      method: 'GET',
      path: `${path}/:id`,
      summary: `Show a ${one}`,
      params: byId,
      reply: it.reply,
      async handle(ctx, { params }) {
        return { [one]: view(ctx, await service.get(ctx, params.id)) }
      },
    }),
    route({
      operation: `identity:${many}:update`,
      method: 'PATCH',
      path: `${path}/:id`,
      summary: `Change a ${one}`,
      params: byId,
      body: it.change,
      reply: it.reply,
      async handle(ctx, { params, body }) {
        return { [one]: view(ctx, await service.update(ctx, params.id, body[one] as z.output<Change>)) }
      },
    }),
    route({
      operation: `identity:${many}:delete`,
      method: 'DELETE',
      path: `${path}/:id`,
      summary: `Delete a ${one}`,
      params: byId,
      status: 204,
      handle: (ctx, { params }) => service.remove(ctx, params.id),
    }),
  ]
}
