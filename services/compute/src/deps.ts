import { prismaAdapter } from '@caelum/db'
import type { Logger } from '@caelum/kernel'
import { PrismaClient } from './generated/client.ts'
import { flavorService } from './resources/flavor/service.ts'
import { flavorStore } from './resources/flavor/store.ts'
import { extraSpecService } from './resources/flavor-extra-spec/service.ts'
import { keypairService } from './resources/keypair/service.ts'
import { keypairStore } from './resources/keypair/store.ts'
import { quotaService } from './resources/quota-set/service.ts'
import { quotaTransaction } from './resources/quota-set/store.ts'

/** Everything the application is made of, put together once; a test hands in its own database. */
export type Deps = ReturnType<typeof createDeps>

export function createDeps({ databaseUrl, log }: { databaseUrl: string; log: Logger }) {
  const db = new PrismaClient({ adapter: prismaAdapter({ url: databaseUrl, schema: 'compute', log }) })
  const flavorRows = flavorStore(db)
  const flavors = flavorService(flavorRows)
  return {
    db,
    flavors,
    extraSpecs: extraSpecService(flavorRows, flavors),
    keypairs: keypairService(keypairStore(db)),
    quotas: quotaService(quotaTransaction(db)),
    close: () => db.$disconnect(),
  }
}
