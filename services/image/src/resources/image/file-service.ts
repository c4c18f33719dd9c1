import type { Readable } from 'node:stream'
import { BlobError, type BlobStore, type ByteRange, parseRange, type Written, wholeOf } from '@caelum/blob'
import { can } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import type { Limits } from '../../config.ts'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import { inspect, refusal } from './format.ts'
import type { ImageService } from './service.ts'
import type { Image, ImageStore } from './store.ts'
import type { Uploads } from './uploads.ts'

export type FileService = ReturnType<typeof fileService>

export interface FileDeps {
  store: ImageStore
  blobs: BlobStore
  images: ImageService
  uploads: Uploads
  limits: Limits
}

/** Data whose kind says nothing about the disk format (archives, docker layers) is not looked into, as in Glance. */
const inspected = (image: Image) => image.container_format === 'bare'

export const fileService = ({ store, blobs, images, uploads, limits }: FileDeps) => ({
  /**
   * Receives the data of a queued image. When it does not come to its end the image is queued again, and nothing of
   * the data is left.
   *
   * @param size bytes announced by the client, if it did
   */
  async upload(ctx: Ctx, id: string, source: Readable, size: number | undefined): Promise<void> {
    const image = await images.getOwn(ctx, 'image:files:upload', id)
    if (image.status !== 'queued') throw errors.uploadNotAllowed(image.status)
    const diskFormat = image.disk_format
    if (!diskFormat || !image.container_format)
      throw errors.badRequest('Properties disk_format, container_format must be set prior to saving data.')
    if (size !== undefined && size > limits.maxBytes) throw errors.tooLarge(limits.maxBytes)

    const check = (head: Buffer) => {
      const why = inspected(image) && refusal(diskFormat, inspect(head))
      if (why) throw errors.formatMismatch(why)
    }
    const finish = async (uploadId: string, written: Written<'md5' | 'sha512'>) => {
      const file = {
        blob_id: written.id,
        size_bytes: BigInt(written.bytes),
        virtual_size_bytes: virtualSize(image, written),
        md5: written.digests.md5,
        sha512: written.digests.sha512,
      }
      const outcome = await store.finishUpload(image.id, uploadId, file, limits.quotaBytes, ctx.clock.now())
      if (outcome === 'gone') throw errors.goneDuringUpload(id)
      if (outcome === 'over-quota') throw errors.quota('bytes of images', limits.quotaBytes)
    }

    await uploads.during(async uploadId => {
      if (!(await store.beginUpload(image.id, uploadId))) throw errors.uploadNotAllowed('saving')
      try {
        const options = {
          algorithms: ['md5', 'sha512'] as const,
          limit: limits.maxBytes,
          expected: size,
          inspect: check,
          idleMs: limits.uploadIdleMs,
        }
        await blobs.write(source, options, written => finish(uploadId, written))
      } catch (error) {
        await store
          .abandonUpload(image.id, uploadId)
          .catch(cause =>
            ctx.log.warn({ image: id, error: cause.message }, 'the image stays in saving for now'),
          )
        throw problemOf(error, limits.maxBytes)
      }
    })
  },

  /** @throws Problem 403 when it is deactivated; null when there are no bytes yet */
  async describe(ctx: Ctx, operation: string, id: string): Promise<Image | null> {
    const image = await images.get(ctx, id)
    if (image.is_deactivated && !can(policy, ctx, 'image:files:download-deactivated'))
      throw errors.deactivated()
    if (!can(policy, ctx, operation)) throw errors.notPermitted('download', id)
    return image.blob_id === null ? null : image
  },

  /** The bytes, all or the part asked for; null when there are none yet. */
  async download(ctx: Ctx, id: string, range: string | undefined): Promise<Download | null> {
    const image = await this.describe(ctx, 'image:files:download', id)
    if (!image?.blob_id) return null
    const size = Number(image.size_bytes)
    const part = parseRange(range, size)
    if (part === 'unsatisfiable') return { image, size, part, body: undefined }
    const body = await blobs.read(image.blob_id, part ?? wholeOf(size))
    if (!body) {
      await images.get(ctx, id)
      throw errors.bytesMissing(id)
    }
    return { image, size, part, body }
  },
})

export interface Download {
  image: Image
  size: number
  part: ByteRange | 'unsatisfiable' | undefined
  body: Buffer | Readable | undefined
}

function virtualSize(image: Image, written: Pick<Written, 'head' | 'bytes'>): bigint | null {
  if (!inspected(image)) return null
  const { virtualBytes } = inspect(written.head)
  if (virtualBytes !== null) return BigInt(virtualBytes)
  return image.disk_format === 'raw' || image.disk_format === 'iso' ? BigInt(written.bytes) : null
}

function problemOf(error: unknown, limit: number): unknown {
  if (!(error instanceof BlobError)) return error
  switch (error.reason) {
    case 'too-large':
      return errors.tooLarge(limit)
    case 'no-space':
      return errors.storageFull()
    case 'idle':
      return errors.uploadIdle()
    case 'aborted':
      return errors.badRequest('The upload was broken off.')
  }
}
