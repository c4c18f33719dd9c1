import { z } from 'zod'

/** `limit` and `marker` of a list, bounded by the service's own maximum. */
export const pageQuery = (maximum: number) => ({
  limit: z.coerce
    .number()
    .int()
    .min(0)
    .transform(n => Math.min(n, maximum))
    .optional(),
  marker: z.string().max(255).optional(),
})

/** The link to the page after this one, or none on the last: the query of this request with another marker. */
export function nextLink(request: { url: string }, baseUrl: string, lastId: string): string {
  const url = new URL(request.url, baseUrl)
  url.searchParams.set('marker', lastId)
  return `${baseUrl}${url.pathname}${url.search}`
}
