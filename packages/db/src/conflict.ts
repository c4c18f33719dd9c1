/** True when the write lost against a unique index: somebody else made the same row first. */
export const isUniqueViolation = (error: unknown): boolean => hasCode(error, 'P2002', '23505')

/** True when a row named by the write is not there, or rows still name the one to be deleted. */
export const isForeignKeyViolation = (error: unknown): boolean => hasCode(error, 'P2003', '23503')

/** True when PostgreSQL asks to run the transaction again: serialization failure, deadlock, write conflict. */
export const isTransient = (error: unknown): boolean => hasCode(error, 'P2034', '40001', '40P01')

function hasCode(error: unknown, ...codes: string[]): boolean {
  for (let e = error as Deep | undefined; e && typeof e === 'object'; e = e.cause) {
    if (codes.includes(e.code ?? '') || codes.includes(e.meta?.code ?? '')) return true
    if (codes.includes(e.meta?.driverAdapterError?.cause?.originalCode ?? '')) return true
    if (codes.includes(e.originalCode ?? '')) return true
  }
  return false
}

interface Deep {
  code?: string
  originalCode?: string
  cause?: Deep
  meta?: { code?: string; driverAdapterError?: { cause?: { originalCode?: string } } }
}
