/**
 * Errors that say that something we need is away, so that the client is told to come back (503) and not that we are
 * broken (500). Told by their looks, since they come from many layers: PostgreSQL's own codes, the driver, Prisma, the
 * operating system, and the client between services.
 */

/** Prisma: not reachable, timed out, connection closed, pool or transaction not to be had in time. */
const PRISMA = ['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028']
/** Prisma's driver adapter, `cause.kind`. */
const ADAPTER = ['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections']
const SYSTEM = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT']
/** SQLSTATE: connection exceptions, operator intervention, too many connections. */
const SQLSTATE = /^(08\w{3}|57P0[1-3]|53300)$/
/** the `pg` driver has no codes for its own errors */
const DRIVER = /Connection terminated|is not queryable|timeout exceeded when trying to connect/

interface Looks {
  name?: string
  code?: unknown
  syscall?: string
  message?: string
  status?: number
  service?: string
  cause?: Looks
  meta?: { driverAdapterError?: { cause?: { kind?: string; originalCode?: string } } }
}

/** @returns what is away, as the subject of a sentence; null when the error says nothing of the kind */
export function awayOf(error: unknown): string | null {
  const looks = error as Looks
  if (looks?.name === 'RemoteError' && (looks.status ?? 0) >= 500) return `The ${looks.service} service`
  for (let e: Looks | undefined = looks; e && typeof e === 'object'; e = e.cause) {
    const adapter = e.meta?.driverAdapterError?.cause
    const code = String(e.code ?? '')
    const isAway =
      PRISMA.includes(code) ||
      SYSTEM.includes(code) ||
      // a socket that is not there; a file that is not there is another matter
      (code === 'ENOENT' && e.syscall === 'connect') ||
      SQLSTATE.test(code) ||
      ADAPTER.includes(adapter?.kind ?? '') ||
      SQLSTATE.test(adapter?.originalCode ?? '') ||
      DRIVER.test(e.message ?? '')
    if (isAway) return 'The database'
  }
  return null
}
