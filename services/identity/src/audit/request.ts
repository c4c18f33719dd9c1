/**
 * Who is asking, for whoever writes a change down deep below (`record.ts`). Stores know nothing of requests, and every
 * change has to be told of in its own transaction: so the request travels beside the calls, in an AsyncLocalStorage,
 * and is read in one place. Nothing else may be decided by it.
 *
 * A change that was made outside of `transact` is written down after the answer instead (and a test names those that
 * do): it can be lost with the process, but not forgotten.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Caller } from '@caelum/kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'

export interface Asking {
  operation: string
  caller: Caller
  address: string
  requestId: string
  /** below /v3/ */
  path: string
  /** it makes something, whose id belongs to what it was done to */
  makes: boolean
  /** ids in the path */
  ids: string[]
  /** a transaction was looked at for what there is to tell */
  recorded: boolean
}

const asking = new AsyncLocalStorage<Asking>()

/** undefined: nobody asked, as at the first start and in upkeep */
export const whoAsks = (): Asking | undefined => asking.getStore()

/** Requests that change nothing that is kept, though they are not GET. */
const NO_CHANGE = new Set([
  'identity:tokens:issue',
  'identity:ec2tokens:create',
  'identity:s3tokens:create',
  'identity:oauth2:token',
  'identity:federation:websso',
])

/** Logins by which somebody becomes a user here, gets a project, or joins and leaves groups. */
const ADMITTING = new Set(['identity:federation:auth', 'identity:federation:callback'])

/** @param late writes down a change of which nobody has */
export function followRequests(app: FastifyInstance, late: (asking: Asking) => Promise<void>): void {
  const known = new WeakMap<FastifyRequest, Asking>()
  app.addHook('preHandler', (request, _reply, done) => {
    if (!mayChange(request)) return done()
    const it = askingOf(request)
    known.set(request, it)
    asking.run(it, done)
  })
  app.addHook('onResponse', async (request, reply) => {
    const it = known.get(request)
    if (it && !it.recorded && !ADMITTING.has(it.operation) && reply.statusCode < 300) await late(it)
  })
}

/** A path that there is not has no operation either. */
const mayChange = ({ method, operation, caelum }: FastifyRequest): boolean =>
  caelum !== undefined &&
  (ADMITTING.has(operation) || (method !== 'GET' && method !== 'HEAD' && !NO_CHANGE.has(operation)))

const LONGEST_PATH = 1_000

const askingOf = (request: FastifyRequest): Asking => ({
  operation: request.operation,
  caller: request.caelum.ctx.caller,
  address: request.ip,
  requestId: request.id,
  path: (request.url.split('?')[0] ?? '').replace(/^\/v3\//, '').slice(0, LONGEST_PATH),
  makes: request.method === 'POST' || ADMITTING.has(request.operation),
  ids: Object.values((request.params ?? {}) as Record<string, string>).filter(id => typeof id === 'string'),
  recorded: false,
})
