import { type Route, route } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import { z } from 'zod'
import { nonBlank, type Page, viewPage } from './collection.ts'

/** Ids that clients choose and put into paths. */
const ID = nonBlank(64)

interface ChosenIdService<Row, Create, Change, Query> {
  create(ctx: Ctx, id: string, fields: Create): Promise<Row>
  /** one row more than asked for, when there is another page */
  list(ctx: Ctx, query: Query): Promise<Row[]>
  get(ctx: Ctx, id: string): Promise<Row>
  update(ctx: Ctx, id: string, change: Change): Promise<Row>
  remove(ctx: Ctx, id: string): Promise<void>
}

/**
 * A collection of OS-FEDERATION, where the client chooses the id: PUT/{id} makes a new one, and never replaces one.
 * The rest, and the names of operations, are as in `collection-routes.ts`.
 */
export function chosenIdRoutes<
  Row extends { id: string },
  Create extends z.ZodType,
  Change extends z.ZodType,
  Query extends z.ZodType,
>(it: {
  /** e.g. `mappings`, `mapping` */
  many: string
  one: string
  create: z.ZodType<Record<string, z.output<Create>>>
  change: z.ZodType<Record<string, z.output<Change>>>
  query: Query
  reply: z.ZodType
  service: ChosenIdService<Row, z.output<Create>, z.output<Change>, z.output<Query>>
  view: (ctx: Ctx, row: Row) => unknown
}): Route[] {
  const { many, one, service, view } = it
  const path = `/v3/OS-FEDERATION/${many}`
  const byChosenId = z.object({ id: ID })
  return [
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
      operation: `identity:${many}:create`,
      method: 'PUT',
      path: `${path}/:id`,
      summary: `Create a ${one} with this id`,
      params: byChosenId,
      body: it.create,
      reply: it.reply,
      status: 201,
      async handle(ctx, { params, body }) {
        const row = await service.create(ctx, params.id, body[one] as z.output<Create>)
        return { [one]: view(ctx, row) }
      },
    }),
    route({
      operation: `identity:${many}:show`,
      method: 'GET',
      path: `${path}/:id`,
      summary: `Show a ${one}`,
      params: byChosenId,
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
      params: byChosenId,
      body: it.change,
      reply: it.reply,
      async handle(ctx, { params, body }) {
        const row = await service.update(ctx, params.id, body[one] as z.output<Change>)
        return { [one]: view(ctx, row) }
      },
    }),
    route({
      operation: `identity:${many}:delete`,
      method: 'DELETE',
      path: `${path}/:id`,
      summary: `Delete a ${one}`,
      params: byChosenId,
      status: 204,
      handle: (ctx, { params }) => service.remove(ctx, params.id),
    }),
  ]
}
