import { join } from 'node:path'
import { openFileStore } from '@caelum/blob'
import { prismaAdapter } from '@caelum/db'
import type { Logger } from '@caelum/kernel'
import type { Limits } from './config.ts'
import { PrismaClient } from './generated/client.ts'
import { fileService } from './resources/image/file-service.ts'
import { imageService } from './resources/image/service.ts'
import { imageStore } from './resources/image/store.ts'
import { keepUploads } from './resources/image/uploads.ts'
import { memberService } from './resources/member/service.ts'
import { memberStore } from './resources/member/store.ts'

export interface DepsOptions {
  databaseUrl: string
  dataDir: string
  limits: Limits
  log: Logger
  /** ms for which bytes without a row are left alone */
  graceMs?: number
}

/** Everything the application is made of, put together once; a test hands in its own database and folder. */
export type Deps = Awaited<ReturnType<typeof createDeps>>

export async function createDeps({ databaseUrl, dataDir, limits, log, graceMs }: DepsOptions) {
  const db = new PrismaClient({ adapter: prismaAdapter({ url: databaseUrl, schema: 'image', log }) })
  const store = imageStore(db)
  const blobs = await openFileStore({
    folder: join(dataDir, 'images'),
    log,
    named: store.namedBlobs,
    ...(graceMs === undefined ? {} : { graceMs }),
  })
  const uploads = keepUploads(store, log)
  const images = imageService(store, blobs, limits)
  return {
    db,
    blobs,
    images,
    files: fileService({ store, blobs, images, uploads, limits }),
    members: memberService(memberStore(db), images),
    async close() {
      await uploads.close()
      await blobs.close()
      await db.$disconnect()
    },
  }
}
