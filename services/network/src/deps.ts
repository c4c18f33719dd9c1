import { prismaAdapter } from '@caelum/db'
import type { Logger } from '@caelum/kernel'
import type { Tls } from '@caelum/ovsdb'
import { PrismaClient } from './generated/client.ts'
import { openOvn } from './reconcile/ovn.ts'
import type { Ring } from './reconcile/ring.ts'
import { reconcileStore } from './reconcile/store.ts'
import { agentService } from './resources/agent/service.ts'
import { networkService } from './resources/network/service.ts'
import { networkStore } from './resources/network/store.ts'
import { portService } from './resources/port/service.ts'
import { portStore } from './resources/port/store.ts'
import { quotaService } from './resources/quota/service.ts'
import { quotaStore } from './resources/quota/store.ts'
import { securityGroupService } from './resources/security-group/service.ts'
import { securityGroupStore } from './resources/security-group/store.ts'
import { securityGroupRuleService } from './resources/security-group-rule/service.ts'
import { securityGroupRuleStore } from './resources/security-group-rule/store.ts'
import { subnetService } from './resources/subnet/service.ts'
import { subnetStore } from './resources/subnet/store.ts'

export interface DepsOptions {
  databaseUrl: string
  log: Logger
  /** bytes of the hosts' underlay */
  underlayMtu: number
  ovn: { nb: string; sb: string; tls?: Tls; sweepMs?: number; wholeMs?: number }
}

/** Outer IPv4 20, UDP 8, Geneve 8 and OVN's option 8, inner Ethernet 14 (neutron's GENEVE_ENCAP_MIN_OVERHEAD and its own). */
const GENEVE_OVERHEAD = 58

/** Everything the application is made of, put together once; a test hands in its own database and OVN. */
export type Deps = ReturnType<typeof createDeps>

export function createDeps({ databaseUrl, log, underlayMtu, ovn: where }: DepsOptions) {
  const db = new PrismaClient({ adapter: prismaAdapter({ url: databaseUrl, schema: 'network', log }) })
  const ovn = openOvn({ ...where, store: reconcileStore(db), log })
  const ring: Ring = (kind, id) => ovn.reconciler.ring(kind, id)
  const networks = networkService(networkStore(db), ring, underlayMtu - GENEVE_OVERHEAD)
  const groups = securityGroupService(securityGroupStore(db), ring)
  return {
    db,
    ovn,
    networks,
    subnets: subnetService(subnetStore(db), networks, ring),
    ports: portService(portStore(db), { networks, groups, ring }),
    groups,
    rules: securityGroupRuleService(securityGroupRuleStore(db), groups, ring),
    quotas: quotaService(quotaStore(db)),
    agents: agentService(ovn.southbound),
    async close() {
      await ovn.stop()
      await db.$disconnect()
    },
  }
}
