import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { BlobError, type BlobStore, type ByteRange, wholeOf } from '@caelum/blob'
import type { Ctx } from '@caelum/kernel'
import type { Limits } from '../../config.ts'
import { errors } from '../../errors.ts'
import type { ListingQuery } from '../../listing/query.ts'
import { rollUp } from '../../listing/roll-up.ts'
import type { Target } from '../../target.ts'
import type { AccountService } from '../account/service.ts'
import { type Container, type ContainerService, quotaOf } from '../container/service.ts'
import { type ObjectWords, wordsOf } from './headers.ts'
import type { ObjectStore, StoredObject } from './store.ts'

export type { ListedObject, StoredObject } from './store.ts'
export type ObjectService = ReturnType<typeof objectService>

export interface ObjectDeps {
  store: ObjectStore
  blobs: BlobStore
  containers: ContainerService
  accounts: AccountService
  limits: Limits
}

/** What a PUT brings along. */
export interface Upload {
  source: Readable
  /** bytes, when the sender knows */
  size: number | undefined
  /** md5 that the sender has computed */
  etag: string | undefined
  words: ObjectWords
  /** false: only when there is no such object yet (`If-None-Match: *`) */
  replace: boolean
}

/** How often the row is looked at again when its bytes were replaced between the look and the opening. */
const TRIES = 5

export const objectService = ({ store, blobs, containers, accounts, limits }: ObjectDeps) => {
  const find = async (ctx: Ctx, container: Container, name: string): Promise<StoredObject> => {
    const object = await store.get(container.id, name, ctx.clock.now())
    if (!object) throw errors.notFound()
    return object
  }

  /** @throws Problem 413 when `more` bytes are more than container or account may hold */
  const requireQuota = async (ctx: Ctx, container: Container, name: string, more: number) => {
    const quota = quotaOf(container)
    const limit = container.account_limit_bytes
    if (!quota && limit === null) return
    const old = await store.get(container.id, name, ctx.clock.now())
    const growth = more - Number(old?.bytes ?? 0)
    if (quota && Number(container.bytes_used) + growth > quota.bytes) throw errors.quota()
    if (quota && Number(container.object_count) + (old ? 0 : 1) > quota.count) throw errors.quota()
    if (limit !== null && (await accounts.bytesUsed(container.project_id)) + growth > limit)
      throw errors.quota()
  }

  /** Takes the bytes, then makes the row name them; the bytes of what was replaced go afterwards. */
  const write = async (
    ctx: Ctx,
    container: Container,
    name: string,
    upload: Upload,
  ): Promise<StoredObject> => {
    if (upload.size !== undefined && upload.size > limits.maxBytes) throw errors.tooLarge()
    await requireQuota(ctx, container, name, upload.size ?? 0)
    if (!upload.replace && (await store.get(container.id, name, ctx.clock.now()))) throw exists()
    const options = {
      algorithms: ['md5'] as const,
      limit: limits.maxBytes,
      expected: upload.size,
      idleMs: limits.uploadIdleMs,
    }
    try {
      const { object, replaced } = await blobs.write(upload.source, options, async written => {
        if (upload.etag !== undefined && upload.etag !== written.digests.md5) throw errors.wrongChecksum()
        if (upload.size === undefined) await requireQuota(ctx, container, name, written.bytes)
        const object: StoredObject = {
          ...upload.words,
          content_type: upload.words.content_type ?? 'application/octet-stream',
          blob_id: written.id,
          bytes: BigInt(written.bytes),
          md5: written.digests.md5,
          updated_at: ctx.clock.now(),
        }
        const outcome = await store.put(container.id, name, object, { replace: upload.replace })
        if (outcome === 'exists') throw exists()
        if (outcome === 'no-container') throw errors.notFound()
        return { object, replaced: outcome.replaced }
      })
      if (replaced) await blobs.remove([replaced])
      return object
    } catch (error) {
      throw problemOf(error)
    }
  }

  return {
    list: (ctx: Ctx, container: Container, query: ListingQuery) =>
      rollUp(query, (bounds, limit) =>
        store.list(container.id, bounds, ctx.clock.now(), query.reverse, limit),
      ),

    async put(ctx: Ctx, target: Target, upload: Upload): Promise<StoredObject> {
      const container = await containers.open(ctx, 'object-storage:objects:create', target, 'write')
      return write(ctx, container, target.object, upload)
    },

    async get(
      ctx: Ctx,
      operation: string,
      target: Target,
      referrer: string | undefined,
    ): Promise<StoredObject> {
      const container = await containers.open(ctx, operation, target, 'read', referrer)
      return find(ctx, container, target.object)
    },

    /** The bytes of what `get` gave; when it has been replaced meanwhile, `look` says what it is now. */
    async read<T extends { object: StoredObject; part: ByteRange | undefined }>(
      look: () => Promise<T>,
    ): Promise<T & { body: Buffer | Readable }> {
      for (let tries = 0; tries < TRIES; tries++) {
        const found = await look()
        const part = found.part ?? wholeOf(Number(found.object.bytes))
        const body = await blobs.read(found.object.blob_id, part)
        if (body) return { ...found, body }
      }
      throw errors.bytesMissing()
    },

    async update(ctx: Ctx, target: Target, headers: IncomingHttpHeaders): Promise<void> {
      const container = await containers.open(ctx, 'object-storage:objects:update', target, 'write')
      const now = ctx.clock.now()
      if (!(await store.update(container.id, target.object, wordsOf(headers, now), now)))
        throw errors.notFound()
    },

    /** What is said of the source goes along, unless `fresh`; what the request says comes on top. */
    async copy(ctx: Ctx, from: Target, to: Target, words: ObjectWords, fresh: boolean) {
      const source = await containers.open(ctx, 'object-storage:objects:show', from, 'read')
      const destination = await containers.open(ctx, 'object-storage:objects:copy', to, 'write')
      const { object, body } = await this.read(async () => ({
        object: await find(ctx, source, from.object),
        part: undefined,
      }))
      const kept = fresh ? { headers: {}, metadata: {}, delete_at: null } : object
      const upload: Upload = {
        source: Buffer.isBuffer(body) ? Readable.from([body]) : body,
        size: Number(object.bytes),
        etag: object.md5,
        replace: true,
        words: {
          content_type: words.content_type ?? object.content_type,
          headers: { ...kept.headers, ...words.headers },
          metadata: { ...kept.metadata, ...words.metadata },
          delete_at: words.delete_at ?? kept.delete_at,
        },
      }
      const copied = await write(ctx, destination, to.object, upload)
      return { source: object, copied }
    },

    async remove(ctx: Ctx, target: Target): Promise<void> {
      const container = await containers.open(ctx, 'object-storage:objects:delete', target, 'write')
      const removed = await store.remove(container.id, target.object, ctx.clock.now())
      if (removed) await blobs.remove([removed.blob_id])
      if (!removed || removed.expired) throw errors.notFound()
    },
  }
}

const exists = () => errors.precondition('There is such an object already.')

function problemOf(error: unknown): unknown {
  if (!(error instanceof BlobError)) return error
  switch (error.reason) {
    case 'too-large':
      return errors.tooLarge()
    case 'no-space':
      return errors.storageFull()
    case 'idle':
      return errors.timeout()
    case 'aborted':
      return errors.clientDisconnect()
  }
}
