import { nextLink } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'

/** Most rows that one page holds (nova.conf [api]max_limit). */
export const MAX_PAGE = 1_000

/** `self` and `bookmark` (without the version) of one resource: nova/api/openstack/common.py, ViewBuilder. */
export const linksOf = (ctx: Ctx, collection: string, id: string) => [
  { rel: 'self', href: `${ctx.baseUrl}/v2.1/${collection}/${encodeURIComponent(id)}` },
  { rel: 'bookmark', href: `${ctx.baseUrl}/${collection}/${encodeURIComponent(id)}` },
]

export interface Page {
  ctx: Ctx
  request: { url: string }
  rows: readonly { id: string | number }[]
  limit?: number | undefined
}

/** The link to the next page when this one is full, else none. */
export function nextOf({ ctx, request, rows, limit }: Page): { rel: 'next'; href: string }[] {
  const last = rows.at(-1)
  const full = last && rows.length === Math.min(limit ?? MAX_PAGE, MAX_PAGE)
  return full ? [{ rel: 'next', href: nextLink(request, ctx.baseUrl, String(last.id)) }] : []
}

/** `{<name>_links: [next]}` when the page is full, else nothing to add. */
export function pageLinks(name: string, page: Page): Record<string, { rel: 'next'; href: string }[]> {
  const links = nextOf(page)
  return links.length > 0 ? { [`${name}_links`]: links } : {}
}
