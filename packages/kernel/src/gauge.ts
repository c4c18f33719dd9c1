/**
 * Numbers about this process that somebody may want to look at: how full a pool is, how long a queue. Whoever owns the
 * thing offers a function that reads it; whoever shows metrics (packages/http) calls all of them. Neither knows the
 * other, and nothing is computed until somebody looks.
 */
export interface Gauge {
  /** as Prometheus wants it, with the unit at its end: `caelum_pool_connections` */
  name: string
  help: string
  labels?: Readonly<Record<string, string>>
  value: number
}

type Read = () => readonly Gauge[] | Promise<readonly Gauge[]>

const readers = new Set<Read>()

/** @returns takes the offer back */
export function offerGauges(read: Read): () => void {
  readers.add(read)
  return () => void readers.delete(read)
}

/** What cannot be read just now is left out. */
export async function readGauges(): Promise<Gauge[]> {
  const read = await Promise.allSettled([...readers].map(async reader => reader()))
  return read.flatMap(it => (it.status === 'fulfilled' ? it.value : []))
}
