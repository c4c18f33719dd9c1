import { nextLink } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'

/** Most rows that one page holds (nova.conf [api]max_limit). */
export const MAX_PAGE = 1_000

/** `self` and `bookmark` (without the version) of one resource: nova/api/openstack/common.py, ViewBuilder. */
export const linksOf = (ctx: Ctx, collection: string, id: string) => [
  { rel: 'self', href: `${ctx.baseUrl}/v2.1/${collection}/${encodeURIComponent(id)}` },
  { rel: 'bookmark', href: `${ctx.baseUrl}/${collection}/${encodeURIComponent(id)}` },
]

/** `{<name>_links: [next]}` when the page is full, else nothing to add. */
export function pageLinks(
  name: string,
  page: {
    ctx: Ctx
    request: { url: string }
    rows: readonly { id: string | number }[]
    limit?: number | undefined
  },
): Record<string, { rel: 'next'; href: string }[]> {
  const last = page.rows.at(-1)
  const full = last && page.rows.length === Math.min(page.limit ?? MAX_PAGE, MAX_PAGE)
  return full
    ? {
        [`${name}_links`]: [{ rel: 'next', href: nextLink(page.request, page.ctx.baseUrl, String(last.id)) }],
      }
    : {}
}
