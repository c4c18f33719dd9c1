import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import type { HostService } from '../host/service.ts'
import { viewZones } from './view.ts'

const reply = (hosts: z.ZodType) =>
  z.object({
    availabilityZoneInfo: z.array(
      z.object({ zoneName: z.string(), zoneState: z.object({ available: z.boolean() }), hosts }),
    ),
  })

/** nova/api/openstack/compute/availability_zone.py */
export const availabilityZoneRoutes = (hosts: HostService): Route[] => [
  route({
    operation: 'compute:availability_zones:list',
    method: 'GET',
    path: '/v2.1/os-availability-zone',
    summary: 'List zones and whether servers may be put there',
    reply: reply(z.null()),
    handle: async ctx => ({ availabilityZoneInfo: viewZones(await hosts.list(ctx), false) }),
  }),
  route({
    operation: 'compute:availability_zones:detail',
    method: 'GET',
    path: '/v2.1/os-availability-zone/detail',
    summary: 'List zones with their hosts',
    reply: reply(z.record(z.string(), z.unknown()).nullable()),
    handle: async ctx => ({ availabilityZoneInfo: viewZones(await hosts.list(ctx), true) }),
  }),
]
