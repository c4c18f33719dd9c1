import type { Logger } from '@caelum/kernel'
import { Replica, type ReplicaState, type Tls } from '@caelum/ovsdb'
import { NorthboundView } from '../ovn/northbound-view.ts'
import { type Northbound, northboundTables, type Southbound, southboundTables } from '../ovn/tables.ts'
import { Bindings } from './bindings.ts'
import { Reconciler } from './reconciler.ts'
import type { ReconcileStore } from './store.ts'

export interface OvnOptions {
  nb: string
  sb: string
  tls?: Tls
  store: ReconcileStore
  log: Logger
  sweepMs?: number
  wholeMs?: number
}

/** Both of OVN's databases, and the loops between them and ours. */
export const openOvn = ({ nb, sb, tls, store, log, ...times }: OvnOptions) => {
  const view = new NorthboundView()
  const onState = (database: string, onComplete: () => void) => (state: ReplicaState, reason?: Error) => {
    if (state === 'lost') log.warn({ database, reason: reason?.message }, 'OVN is away')
    if (state === 'complete') {
      log.info({ database }, 'OVN is here')
      onComplete()
    }
  }
  const northbound = new Replica<Northbound>({
    targets: nb,
    database: 'OVN_Northbound',
    tables: northboundTables,
    ...(tls && { tls }),
    onChange: changes => {
      view.apply(changes)
      reconciler.onChange(changes)
    },
    onState: onState('northbound', () => reconciler.onComplete()),
  })
  const southbound = new Replica<Southbound>({
    targets: sb,
    database: 'OVN_Southbound',
    tables: southboundTables,
    ...(tls && { tls }),
    onChange: changes => bindings.onChange(changes),
    onState: onState('southbound', () => bindings.lookAtAll()),
  })
  const reconciler = new Reconciler({ store, nb: northbound, view, log, ...times })
  const bindings = new Bindings({
    store,
    sb: southbound,
    log,
    ...(times.wholeMs && { wholeMs: times.wholeMs }),
  })
  return {
    northbound,
    southbound,
    reconciler,
    start() {
      for (const part of [reconciler, bindings, northbound, southbound]) part.start()
    },
    async stop() {
      await Promise.all([reconciler, bindings, northbound, southbound].map(part => part.stop()))
    },
  }
}

export type Ovn = ReturnType<typeof openOvn>
