import { type Route, route } from '@caelum/http'

/** There is one zone, and everything is in it. */
export const availabilityZoneRoutes: Route[] = [
  route({
    operation: 'network:availability_zones:list',
    method: 'GET',
    path: '/v2.0/availability_zones',
    summary: 'List availability zones',
    handle: () => ({ availability_zones: [{ name: 'nova', resource: 'network', state: 'available' }] }),
  }),
]
