/** Nothing at all is `{ start: 0, end: -1 }`. */
export interface ByteRange {
  /** both inclusive */
  start: number
  end: number
}

export const lengthOf = ({ start, end }: ByteRange): number => end - start + 1

/** All of `size` bytes. */
export const wholeOf = (size: number): ByteRange => ({ start: 0, end: size - 1 })

/**
 * The part of a representation of `size` bytes that a `Range` header asks for (RFC 9110, 14.1.2). A header that is
 * not understood, or asks for several parts, is ignored, as the RFC allows: undefined means the whole.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  const match = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  if (match[1] === '') {
    const last = Number(match[2])
    return last === 0 || size === 0 ? 'unsatisfiable' : { start: Math.max(0, size - last), end: size - 1 }
  }
  const start = Number(match[1])
  const end = match[2] === '' ? size - 1 : Number(match[2])
  if (match[2] !== '' && end < start) return undefined
  if (start >= size) return 'unsatisfiable'
  return { start, end: Math.min(end, size - 1) }
}
