import { isTransient } from '@caelum/db'
import type { Prisma, PrismaClient } from './generated/client.ts'

export type Tx = Prisma.TransactionClient

const TRIES = 5

/**
 * One transaction, run again when PostgreSQL asks for it (deadlock, serialization). Rows are locked in one order
 * everywhere: quota, network, subnets, ports; so that happens rarely.
 */
export const inTransaction = async <T>(db: PrismaClient, work: (tx: Tx) => Promise<T>): Promise<T> => {
  for (let tries = 1; ; tries++) {
    try {
      return await db.$transaction(work, { timeout: 20_000, maxWait: 10_000 })
    } catch (error) {
      if (tries >= TRIES || !isTransient(error)) throw error
    }
  }
}
