import { join } from 'node:path'
import { openFileStore } from '@caelum/blob'
import { prismaAdapter } from '@caelum/db'
import { type Clock, type Logger, systemClock } from '@caelum/kernel'
import type { Limits } from './config.ts'
import { PrismaClient } from './generated/client.ts'
import { accountService } from './resources/account/service.ts'
import { accountStore } from './resources/account/store.ts'
import { containerService } from './resources/container/service.ts'
import { containerStore } from './resources/container/store.ts'
import { startExpiry } from './resources/object/expiry.ts'
import { objectService } from './resources/object/service.ts'
import { objectStore } from './resources/object/store.ts'

export interface DepsOptions {
  databaseUrl: string
  dataDir: string
  limits: Limits
  log: Logger
  clock?: Clock
  /** ms for which bytes without a row are left alone */
  graceMs?: number
}

/** Everything the application is made of, put together once; a test hands in its own database and folder. */
export type Deps = Awaited<ReturnType<typeof createDeps>>

export async function createDeps(options: DepsOptions) {
  const { databaseUrl, dataDir, limits, log, clock = systemClock, graceMs } = options
  const db = new PrismaClient({
    adapter: prismaAdapter({ url: databaseUrl, schema: 'object_storage', log }),
  })
  const store = objectStore(db)
  const blobs = await openFileStore({
    folder: join(dataDir, 'objects'),
    log,
    named: store.namedBlobs,
    ...(graceMs === undefined ? {} : { graceMs }),
  })
  const expiry = startExpiry({ store, blobs, clock, log, everyMs: limits.expiryMs })
  const accounts = accountService(accountStore(db))
  const containers = containerService(containerStore(db), async containerId =>
    blobs.remove(await store.removeExpired(clock.now(), 10_000, containerId)),
  )
  return {
    db,
    blobs,
    limits,
    accounts,
    containers,
    objects: objectService({ store, blobs, containers, accounts, limits }),
    async close() {
      await expiry.close()
      await blobs.close()
      await db.$disconnect()
    },
  }
}
