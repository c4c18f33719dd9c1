/**
 * A listing with a delimiter, over rows that come sorted by the bytes of their names. Names that go on after a
 * delimiter become one `subdir` entry. A folder may hold millions of names, so it is not read through: when a batch
 * ends inside a folder, the next one starts behind it. One entry costs at most one batch.
 */
import type { ListingQuery } from './query.ts'

export interface Named {
  name: string
}
export interface Subdir {
  subdir: string
}

/** Names within all four bounds; an empty one does not bind. */
export interface Bounds {
  /** name > after */
  after: string
  /** name >= from */
  from: string
  /** name < before */
  before: string
  /** name < until */
  until: string
}

const BATCH = 500

export async function rollUp<R extends Named>(
  query: ListingQuery,
  fetch: (bounds: Bounds, limit: number) => Promise<R[]>,
): Promise<(R | Subdir)[]> {
  const { limit, prefix, delimiter, reverse, onlyDirect } = query
  const found: (R | Subdir)[] = []
  const bounds: Bounds = {
    after: reverse ? query.endMarker : query.marker,
    before: reverse ? query.marker : query.endMarker,
    from: prefix,
    until: prefix === '' ? '' : successor(prefix),
  }
  let folder = ''
  while (found.length < limit) {
    const wanted = delimiter === '' ? limit - found.length : Math.max(BATCH, limit - found.length)
    const rows = await fetch(bounds, wanted)
    for (const row of rows) {
      const end = delimiter === '' ? -1 : row.name.indexOf(delimiter, prefix.length)
      const subdir = end < 0 ? '' : row.name.slice(0, end + delimiter.length)
      if (end < 0 ? !(onlyDirect && row.name === prefix) : onlyDirect && subdir === row.name) found.push(row)
      else if (end >= 0 && !onlyDirect && subdir !== folder && subdir !== query.marker) found.push({ subdir })
      folder = subdir
      if (found.length >= limit) return found
    }
    const last = rows.at(-1)
    if (!last || rows.length < wanted) return found
    if (reverse) bounds.before = onlyDirect ? last.name : folder || last.name
    else if (!folder) bounds.after = last.name
    else if (successor(folder) === '') return found
    else bounds.from = successor(folder)
  }
  return found
}

/** The first text after all that start with `text`, in the order of UTF-8 bytes; empty when there is none. */
export function successor(text: string): string {
  const points = Array.from(text, character => character.codePointAt(0) ?? 0)
  while (points.at(-1) === 0x10ffff) points.pop()
  const last = points.pop()
  if (last === undefined) return ''
  return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1)
}
