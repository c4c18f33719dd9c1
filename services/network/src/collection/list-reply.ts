import type { ListQuery } from './list-query.ts'

interface Link {
  rel: 'next' | 'previous'
  href: string
}

/**
 * Links to the neighbouring pages (neutron/api/api_common.py get_pagination_links): a full page has a next one, and
 * every page but a short reversed one a previous one.
 */
export const pageLinks = (
  request: { url: string },
  baseUrl: string,
  query: ListQuery,
  ids: string[],
): Link[] => {
  const full = ids.length >= query.limit
  if (!query.limited && !full) return []
  const link = (rel: Link['rel'], marker: string | undefined): Link => {
    const url = new URL(request.url, 'http://relative')
    url.searchParams.delete('marker')
    url.searchParams.delete('page_reverse')
    if (marker) url.searchParams.set('marker', marker)
    if (rel === 'previous') url.searchParams.set('page_reverse', 'True')
    return { rel, href: `${baseUrl}${url.pathname}${url.search}` }
  }
  return [
    ...(full || query.reverse ? [link('next', ids.at(-1))] : []),
    ...(full || !query.reverse ? [link('previous', ids[0])] : []),
  ]
}

/** Only the attributes asked for by `fields`, or all. */
export const pickFields = (view: object, fields: string[]): object =>
  fields.length ? Object.fromEntries(Object.entries(view).filter(([name]) => fields.includes(name))) : view
