import type { ImageClient, NetworkClient } from '@caelum/clients'
import { prismaAdapter } from '@caelum/db'
import type { Logger } from '@caelum/kernel'
import { openBell, sqlLedger, startLoop } from '@caelum/reconcile'
import { reportStore } from './agent-api/report-store.ts'
import { openWakeups } from './agent-api/wakeups.ts'
import { PrismaClient } from './generated/client.ts'
import { aggregateService } from './resources/aggregate/service.ts'
import { aggregateStore } from './resources/aggregate/store.ts'
import { askStore } from './resources/ask/store.ts'
import { computeServiceService } from './resources/compute-service/service.ts'
import { flavorService } from './resources/flavor/service.ts'
import { flavorStore } from './resources/flavor/store.ts'
import { extraSpecService } from './resources/flavor-extra-spec/service.ts'
import { hostService } from './resources/host/service.ts'
import type { HostRules } from './resources/host/state.ts'
import { hostStore } from './resources/host/store.ts'
import { hypervisorService } from './resources/hypervisor/service.ts'
import { instanceActionService } from './resources/instance-action/service.ts'
import { instanceActionStore } from './resources/instance-action/store.ts'
import { keypairService } from './resources/keypair/service.ts'
import { keypairStore } from './resources/keypair/store.ts'
import { quotaService } from './resources/quota-set/service.ts'
import { quotaTransaction } from './resources/quota-set/store.ts'
import { removeOrphanPorts } from './resources/server/orphan-ports.ts'
import { type Joined, reader, selectFrom } from './resources/server/read-store.ts'
import { stepServer } from './resources/server/reconcile.ts'
import type { ServerWithVm } from './resources/server/row.ts'
import { serverService } from './resources/server/service.ts'
import { serverStore, UNFINISHED } from './resources/server/store.ts'
import { serverGroupService } from './resources/server-group/service.ts'
import { serverGroupStore } from './resources/server-group/store.ts'
import { serverMetadataService } from './resources/server-metadata/service.ts'
import { serverTagService } from './resources/server-tag/service.ts'
import { serverTagStore } from './resources/server-tag/store.ts'
import { vmStore } from './resources/vm/store.ts'
import { takingTurns } from './scheduler/place.ts'
import { startUpkeep } from './upkeep.ts'

export interface DepsOptions {
  databaseUrl: string
  redisUrl: string
  log: Logger
  images: ImageClient
  network: NetworkClient
  rules: HostRules
}

/** Everything the application is made of, put together once; a test hands in its own database and neighbours. */
export type Deps = ReturnType<typeof createDeps>

export function createDeps({ databaseUrl, redisUrl, log, images, network, rules }: DepsOptions) {
  const db = new PrismaClient({
    adapter: prismaAdapter({ url: databaseUrl, schema: 'compute', log, poolSize: 12 }),
    // a burst of requests waits its turn for a connection instead of being turned away
    transactionOptions: { maxWait: 15_000, timeout: 20_000 },
  })
  const bell = openBell({ url: redisUrl, name: 'compute.server', log })
  const wakeups = openWakeups({ url: databaseUrl, log })
  const hosts = hostStore(db)
  const vms = vmStore(db)
  const reports = reportStore(db)
  const asks = askStore(db)
  const read = reader(rules.downAfterMs)
  const serverRows = serverStore(db, read)
  const flavorRows = flavorStore(db)
  const flavors = flavorService(flavorRows)
  const hostViews = hostService(hosts, vms, rules)
  const neighbours = { images, network }
  const quotas = quotaService(quotaTransaction(db))
  const keypairs = keypairService(keypairStore(db), quotas)
  const serverGroups = serverGroupService(serverGroupStore(db))
  const place = takingTurns({ servers: serverRows, hosts, vms, rules })
  const servers = serverService({
    ...neighbours,
    servers: serverRows,
    groups: serverGroups,
    hosts: hostViews,
    flavors,
    keypairs,
    asks,
    wakeups,
    bell,
  })
  return {
    db,
    log,
    bell,
    wakeups,
    hosts,
    vms,
    reports,
    asks,
    images,
    serverRows,
    hostViews,
    aggregates: aggregateService(aggregateStore(db)),
    hypervisors: hypervisorService(hostViews),
    computeServices: computeServiceService(hostViews),
    flavors,
    extraSpecs: extraSpecService(flavorRows, flavors),
    quotas,
    keypairs,
    servers,
    serverGroups,
    serverMetadata: serverMetadataService(servers, quotas),
    serverTags: serverTagService(serverTagStore(db), servers),
    instanceActions: instanceActionService(instanceActionStore(db), servers),
    /** the loop that makes servers so; a process that only answers the API does not start it */
    startReconciler: () =>
      startLoop({
        kind: 'server',
        bell,
        log,
        ledger: sqlLedger<Joined, ServerWithVm>((sql, ...values) => db.$queryRawUnsafe(sql, ...values), {
          table: 'servers',
          unfinished: UNFINISHED,
          select: selectFrom,
          view: read,
        }),
        step: (id, view) => stepServer({ network, servers: serverRows, vms, place }, id, view),
      }),
    /** what is not part of any server's way and still has to be done, by the process that has the loop */
    startUpkeep: () => startUpkeep(() => removeOrphanPorts({ network, servers: serverRows, log }), log),
    async close() {
      await bell.close()
      await wakeups.close()
      await db.$disconnect()
    },
  }
}
