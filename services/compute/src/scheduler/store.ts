import type { Prisma } from '../generated/client.ts'

export type Transaction = Prisma.TransactionClient

/** Placements take turns: until the transaction ends nobody else looks at hosts in order to claim. */
export async function lockPlacement(tx: Transaction): Promise<void> {
  await tx.$executeRaw`select pg_advisory_xact_lock(hashtext('placement'))`
}
