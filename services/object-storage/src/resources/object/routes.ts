import { type ByteRange, lengthOf, parseRange } from '@caelum/blob'
import { type Route, route } from '@caelum/http'
import { type Ctx, Problem, projectOf } from '@caelum/kernel'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { errors } from '../../errors.ts'
import { metadataHeaders, toHeader } from '../../metadata.ts'
import { pathTo, type Target, targetOf, targetOfHeader } from '../../target.ts'
import { httpDate, swiftTimestamp } from '../../timestamp.ts'
import { conditionOf } from './conditions.ts'
import { keptHeaders, wordsOf } from './headers.ts'
import type { ObjectService, StoredObject, Upload } from './service.ts'

const path = '/v1/:account/:container/*'

export const objectRoutes = (objects: ObjectService): Route[] => [
  route({
    operation: 'object-storage:objects:create',
    method: 'PUT',
    path,
    summary: 'Store an object, or copy one (X-Copy-From)',
    access: 'optional',
    stream: true,
    async handle(ctx, { request }, reply) {
      const target = targetOf(request.raw.url ?? '')
      const from = request.headers['x-copy-from']
      if (from !== undefined) return copy(ctx, objects, request, reply, sourceOf(request, target), target)
      const object = await objects.put(ctx, target, uploadOf(ctx, request))
      return reply.code(201).headers(validatorsOf(object)).type('text/html; charset=UTF-8').send()
    },
  }),
  route({
    operation: 'object-storage:objects:copy',
    method: 'COPY',
    path,
    summary: 'Copy an object to Destination',
    access: 'optional',
    stream: true,
    async handle(ctx, { request }, reply) {
      const source = targetOf(request.raw.url ?? '')
      const account = accountOf(request.headers['destination-account'], source)
      const header = request.headers['destination']
      if (header === undefined) throw errors.precondition('Destination header required')
      return copy(ctx, objects, request, reply, source, targetOfHeader(String(header), account))
    },
  }),
  route({
    operation: 'object-storage:objects:show',
    method: 'GET',
    path,
    summary: 'Get an object, or a range of it',
    access: 'optional',
    async handle(ctx, { request }, reply) {
      const target = targetOf(request.raw.url ?? '')
      const operation = 'object-storage:objects:show'
      const found = await objects.read(async () => {
        const object = await objects.get(ctx, operation, target, request.headers.referer)
        requireConditions(request, object)
        return { object, part: partOf(request, object) }
      })
      const size = Number(found.object.bytes)
      const { part } = found
      if (part) reply.code(206).header('content-range', `bytes ${part.start}-${part.end}/${size}`)
      reply.headers(headersOf(found.object))
      reply.header('content-length', part ? lengthOf(part) : size)
      return reply.send(found.body)
    },
  }),
  route({
    operation: 'object-storage:objects:head',
    method: 'HEAD',
    path,
    summary: 'What is said of an object',
    access: 'optional',
    async handle(ctx, { request }, reply) {
      const target = targetOf(request.raw.url ?? '')
      const operation = 'object-storage:objects:head'
      const object = await objects.get(ctx, operation, target, request.headers.referer)
      requireConditions(request, object)
      return reply.headers(headersOf(object)).header('content-length', Number(object.bytes)).send()
    },
  }),
  route({
    operation: 'object-storage:objects:update',
    method: 'POST',
    path,
    summary: 'Replace what is said of an object',
    access: 'optional',
    stream: true,
    async handle(ctx, { request }, reply) {
      await objects.update(ctx, targetOf(request.raw.url ?? ''), request.headers)
      return reply.code(202).type('text/html; charset=UTF-8').send()
    },
  }),
  route({
    operation: 'object-storage:objects:delete',
    method: 'DELETE',
    path,
    summary: 'Delete an object',
    access: 'optional',
    stream: true,
    async handle(ctx, { request }, reply) {
      await objects.remove(ctx, targetOf(request.raw.url ?? ''))
      return reply.code(204).type('text/html; charset=UTF-8').send()
    },
  }),
]

/** swift/common/constraints.py, check_object_creation. */
function uploadOf(ctx: Ctx, { headers, raw, url }: FastifyRequest): Upload {
  const ifNoneMatch = headers['if-none-match']
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*')
    throw errors.badRequest('If-None-Match only supports *')
  if (headers['x-object-manifest'] !== undefined || /[?&]multipart-manifest=/.test(url))
    throw errors.notImplemented('Large objects made of segments are not supported.')
  const length = headers['content-length']
  if (length === undefined && headers['transfer-encoding'] !== 'chunked') throw errors.lengthRequired()
  return {
    source: raw,
    size: length === undefined ? undefined : Number(length),
    etag: headers.etag === undefined ? undefined : String(headers.etag).replaceAll('"', '').toLowerCase(),
    words: wordsOf(headers, ctx.clock.now()),
    replace: ifNoneMatch === undefined,
  }
}

const accountOf = (header: string | string[] | undefined, { projectId }: Target): string | undefined =>
  header === undefined ? projectId : String(header).replace(/^AUTH_/, '')

const sourceOf = ({ headers }: FastifyRequest, target: Target): Target => {
  if (Number(headers['content-length'] ?? 0) > 0)
    throw errors.badRequest('Copy requests require a zero byte body')
  return targetOfHeader(String(headers['x-copy-from']), accountOf(headers['x-copy-from-account'], target))
}

async function copy(
  ctx: Ctx,
  objects: ObjectService,
  { headers }: FastifyRequest,
  reply: FastifyReply,
  from: Target,
  to: Target,
): Promise<FastifyReply> {
  const fresh = ['true', '1', 'yes', 'on', 't', 'y'].includes(
    String(headers['x-fresh-metadata']).toLowerCase(),
  )
  const { source, copied } = await objects.copy(ctx, from, to, wordsOf(headers, ctx.clock.now()), fresh)
  return reply
    .code(201)
    .headers({
      ...validatorsOf(copied),
      'x-copied-from': pathTo(from).split('/').slice(3).join('/'),
      'x-copied-from-account': `AUTH_${from.projectId ?? projectOf(ctx.caller) ?? ''}`,
      'x-copied-from-last-modified': httpDate(source.updated_at),
      ...metadataHeaders('object', copied.metadata),
    })
    .type('text/html; charset=UTF-8')
    .send()
}

/** @throws Problem 304 or 412 with the validators */
function requireConditions({ headers }: FastifyRequest, object: StoredObject): void {
  const status = conditionOf(headers, { etag: object.md5, modified: object.updated_at })
  if (status === 304) throw new Problem('NotModified', 304, '', validatorsOf(object))
  if (status === 412)
    throw new Problem(
      'PreconditionFailed',
      412,
      'A precondition for this request was not met.',
      validatorsOf(object),
    )
}

/** @throws Problem 416 */
function partOf({ headers }: FastifyRequest, object: StoredObject): ByteRange | undefined {
  const size = Number(object.bytes)
  const ifRange = headers['if-range']
  const applies = ifRange === undefined || String(ifRange).replaceAll('"', '') === object.md5
  const part = applies ? parseRange(headers.range, size) : undefined
  if (part !== 'unsatisfiable') return part
  const { code, status, message } = errors.rangeUnsatisfiable()
  throw new Problem(code, status, message, { ...validatorsOf(object), 'content-range': `bytes */${size}` })
}

const validatorsOf = (object: StoredObject) => ({
  etag: object.md5,
  'last-modified': httpDate(object.updated_at),
  'x-timestamp': swiftTimestamp(object.updated_at),
})

const headersOf = (object: StoredObject): Record<string, string> => ({
  ...validatorsOf(object),
  'content-type': toHeader(object.content_type),
  'accept-ranges': 'bytes',
  ...keptHeaders(object.headers),
  ...metadataHeaders('object', object.metadata),
  ...(object.delete_at ? { 'x-delete-at': String(Math.floor(object.delete_at.getTime() / 1_000)) } : {}),
})
