import type { FastifyReply } from 'fastify'
import type { Format } from './query.ts'
import type { Named, Subdir } from './roll-up.ts'

type Row = Record<string, string | number>
export type Entry<R> = R | Subdir

const types: Record<Format, string> = {
  plain: 'text/plain; charset=utf-8',
  json: 'application/json; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
}

/**
 * Sends a listing as lines, JSON or XML. An empty one is 204 as lines, and an empty list otherwise.
 *
 * @param outer the XML element around it and its `name`, e.g. `container`
 */
export function sendListing<R extends Named>(
  reply: FastifyReply,
  format: Format,
  entries: readonly Entry<R>[],
  outer: { element: string; name: string; row: string },
  view: (row: R) => Row,
): FastifyReply {
  reply.type(types[format])
  if (format === 'plain') {
    if (entries.length === 0) return reply.code(204).send()
    return reply.send(entries.map(entry => `${'subdir' in entry ? entry.subdir : entry.name}\n`).join(''))
  }
  const rows = entries.map(entry => ('subdir' in entry ? { subdir: entry.subdir } : view(entry)))
  return reply.send(format === 'json' ? JSON.stringify(rows) : xml(rows, outer))
}

function xml(rows: readonly Row[], outer: { element: string; name: string; row: string }): string {
  const inner = rows.map(row => {
    const subdir = row['subdir']
    if (subdir !== undefined)
      return `<subdir name="${escapeXml(subdir)}"><name>${escapeXml(subdir)}</name></subdir>`
    const fields = Object.entries(row).map(([key, value]) => `<${key}>${escapeXml(value)}</${key}>`)
    return `<${outer.row}>${fields.join('')}</${outer.row}>`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${outer.element} name="${escapeXml(outer.name)}">${inner.join('')}</${outer.element}>`
}

/** Characters that XML 1.0 cannot hold at all become U+FFFD. */
const escapeXml = (value: string | number): string =>
  String(value)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
