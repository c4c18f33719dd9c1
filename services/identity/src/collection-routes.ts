import { type Route, route } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import { z } from 'zod'
import { byId, nonBlank, type Page, viewPage } from './collection.ts'

interface Listed<Row, Change, Query> {
  /** one row more than asked for, when there is another page */
  list(ctx: Ctx, query: Query): Promise<Row[]>
  get(ctx: Ctx, id: string): Promise<Row>
  update(ctx: Ctx, id: string, change: Change): Promise<Row>
  remove(ctx: Ctx, id: string): Promise<void>
}

/** What a service offers for the five usual operations. */
export interface CollectionService<Row, Create, Change, Query> extends Listed<Row, Change, Query> {
  create(ctx: Ctx, fields: Create): Promise<Row>
}

/** The same where the client chooses the id. */
export interface ChosenIdService<Row, Create, Change, Query> extends Listed<Row, Change, Query> {
  create(ctx: Ctx, id: string, fields: Create): Promise<Row>
}

interface Collection<Row, Change extends z.ZodType, Query extends z.ZodType> {
  /** e.g. `projects`, `project` */
  many: string
  one: string
  change: z.ZodType<Record<string, z.output<Change>>>
  query: Query
  reply: z.ZodType
  service: Listed<Row, z.output<Change>, z.output<Query>>
  view: (ctx: Ctx, row: Row) => unknown
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
>(
  it: Collection<Row, Change, Query> & {
    /** where the collection is, below /v3; its name when not given */
    at?: string
    create: z.ZodType<Record<string, z.output<Create>>>
    service: CollectionService<Row, z.output<Create>, z.output<Change>, z.output<Query>>
  },
): Route[] {
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
    ...listedRoutes(it, path, byId),
  ]
}

/** Ids that clients choose and put into paths. */
const byChosenId = z.object({ id: nonBlank(64) })

/** A collection of OS-FEDERATION, where PUT/{id} makes a new one, and never replaces one; else as above. */
export function chosenIdRoutes<
  Row extends { id: string },
  Create extends z.ZodType,
  Change extends z.ZodType,
  Query extends z.ZodType,
>(
  it: Collection<Row, Change, Query> & {
    create: z.ZodType<Record<string, z.output<Create>>>
    service: ChosenIdService<Row, z.output<Create>, z.output<Change>, z.output<Query>>
  },
): Route[] {
  const { many, one, service, view } = it
  const path = `/v3/OS-FEDERATION/${many}`
  return [
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
        return { [one]: view(ctx, await service.create(ctx, params.id, body[one] as z.output<Create>)) }
      },
    }),
    ...listedRoutes(it, path, byChosenId),
  ]
}

/** What follows once something is there. */
function listedRoutes<Row extends { id: string }, Change extends z.ZodType, Query extends z.ZodType>(
  it: Collection<Row, Change, Query>,
  path: string,
  params: typeof byId,
): Route[] {
  const { many, one, service, view } = it
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
      operation: `identity:${many}:show`,
      method: 'GET',
      path: `${path}/:id`,
      summary: `Show a ${one}`,
      params,
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
      params,
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
      params,
      status: 204,
      handle: (ctx, { params }) => service.remove(ctx, params.id),
    }),
  ]
}
