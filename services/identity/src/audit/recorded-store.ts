/**
 * A database client whose every write is recorded (`record.ts`) in the transaction of the write: an interactive
 * transaction at its end, a single write in one made for it. Stores are given this one, so that none can forget.
 * Outside of a request nothing is added.
 */
import type { PrismaClient } from '../generated/client.ts'
import type { Transaction } from '../revocation/store.ts'
import { domainsBefore, recordChange } from './record.ts'
import { whoAsks } from './request.ts'

type Call = (...args: unknown[]) => unknown
type Calls = Record<string, Call>

const WRITES = new Set([
  ...['create', 'createMany', 'createManyAndReturn', 'update', 'updateMany', 'updateManyAndReturn'],
  ...['upsert', 'delete', 'deleteMany'],
])

/** What only keeps a login from being repeated is no change. */
const UNTOLD = new Set(['usedLogin'])

export function recorded(db: PrismaClient): PrismaClient {
  const within = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> =>
    db.$transaction(async tx => {
      const before = await domainsBefore(tx)
      const value = await work(tx)
      await recordChange(tx, value, before)
      return value
    })

  const modelOf = (name: string, model: Calls): Calls =>
    new Proxy(model, {
      get(target, operation: string) {
        const call = target[operation]
        if (!WRITES.has(operation) || !whoAsks()) return call
        return (args: unknown) =>
          within(async tx => (tx as unknown as Record<string, Calls>)[name]?.[operation]?.(args))
      },
    })

  return new Proxy(db, {
    get(target, name: string) {
      const found = (target as unknown as Record<string, unknown>)[name]
      if (!whoAsks()) return found
      if (name === '$transaction') return within
      if (name === '$executeRaw')
        return (...args: unknown[]) => within(tx => (tx.$executeRaw as Call)(...args) as Promise<number>)
      return name.startsWith('$') || UNTOLD.has(name) || typeof found !== 'object' || found === null
        ? found
        : modelOf(name, found as Calls)
    },
  })
}
