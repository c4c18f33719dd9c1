import type { Sealing } from './seal.ts'

/** A table with sealed rows. */
export interface SealedTable {
  /** in the order of `id`, those after it; `name` is what the seal is bound to */
  page(after: string, limit: number): Promise<{ id: string; name: string; sealed: Uint8Array }[]>
  /** only if the row still holds `before` */
  replace(id: string, before: Uint8Array, after: Uint8Array<ArrayBuffer>): Promise<void>
}

const PAGE = 200

/**
 * Seals with the newest key whatever an older one sealed. Row by row, so that dying costs nothing: the next run goes
 * on with those that are left.
 *
 * @returns how many were sealed again, and the names of those that no key opens
 */
export async function resealAll(
  sealing: Sealing,
  tables: readonly SealedTable[],
): Promise<{ resealed: number; lost: string[] }> {
  let resealed = 0
  const lost: string[] = []
  for (const table of tables)
    for (let rows = await table.page('', PAGE); rows.length > 0; ) {
      for (const { id, name, sealed } of rows) {
        if (sealing.isNewest(name, sealed)) continue
        const plain = opened(sealing, name, sealed)
        if (plain) await table.replace(id, sealed, sealing.seal(name, plain))
        if (plain) resealed += 1
        else lost.push(name)
      }
      rows = await table.page(rows.at(-1)?.id ?? '', PAGE)
    }
  return { resealed, lost }
}

function opened(sealing: Sealing, name: string, sealed: Uint8Array): Buffer | null {
  try {
    return sealing.unseal(name, sealed)
  } catch {
    return null
  }
}
