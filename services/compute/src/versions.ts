import { type Microversions, type Route, route } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'

/** Every step up to the maximum has its gates in the views and schemas, and a test at each gate. */
export const microversions: Microversions = {
  type: 'compute',
  legacyHeader: 'X-OpenStack-Nova-API-Version',
  major: 2,
  min: 1,
  max: 96,
}

const v2 = (ctx: Ctx) => ({
  id: 'v2.0',
  status: 'SUPPORTED',
  version: '',
  min_version: '',
  updated: '2011-01-21T11:33:21Z',
  links: [{ rel: 'self', href: `${ctx.baseUrl}/v2/` }],
})

const v21 = (ctx: Ctx) => ({
  id: 'v2.1',
  status: 'CURRENT',
  version: `2.${microversions.max}`,
  min_version: `2.${microversions.min}`,
  updated: '2013-07-23T11:33:21Z',
  links: [{ rel: 'self', href: `${ctx.baseUrl}/v2.1/` }],
})

const mediaTypes = (version: string) => [
  { base: 'application/json', type: `application/vnd.openstack.compute+json;version=${version}` },
]

/** nova/api/openstack/compute/versions.py; `v2.0` must come first. */
export const versionRoutes: Route[] = [
  route({
    operation: 'compute:versions:list',
    method: 'GET',
    path: '/',
    summary: 'Which versions this service speaks',
    access: 'public',
    handle: ctx => ({ versions: [v2(ctx), v21(ctx)] }),
  }),
  ...[
    { path: '/v2.1', view: (ctx: Ctx) => ({ version: { ...v21(ctx), 'media-types': mediaTypes('2.1') } }) },
    { path: '/v2', view: (ctx: Ctx) => ({ version: { ...v2(ctx), 'media-types': mediaTypes('2') } }) },
  ].map(({ path, view }) =>
    route({
      operation: `compute:versions:show${path.replaceAll('/', ':')}`,
      method: 'GET',
      path,
      summary: 'About one version',
      access: 'public',
      handle: view,
    }),
  ),
]
