import { type Route, route } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'

/** 2.9 is the newest whose parts are all here; what came later is caching, copying between stores and import. */
const MINORS = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]

const versions = (ctx: Ctx) => ({
  versions: MINORS.map(minor => ({
    id: `v2.${minor}`,
    status: minor === MINORS[0] ? 'CURRENT' : 'SUPPORTED',
    links: [{ rel: 'self', href: `${ctx.baseUrl}/v2/` }],
  })),
})

/** glance/api/versions.py: `/` is a choice (300), `/versions` is a list (200). */
export const versionRoutes: Route[] = [
  { path: '/', operation: 'image:versions:choose', status: 300 },
  { path: '/v2', operation: 'image:versions:choose:v2', status: 300 },
  { path: '/v2/', operation: 'image:versions:choose:v2:slash', status: 300 },
  { path: '/versions', operation: 'image:versions:list', status: 200 },
].map(place =>
  route({
    ...place,
    method: 'GET',
    summary: 'Which versions this service speaks',
    access: 'public',
    handle: versions,
  }),
)
