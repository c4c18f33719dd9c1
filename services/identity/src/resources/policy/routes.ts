import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import { byId, viewPage } from '../../collection.ts'
import { collectionRoutes } from '../../collection-routes.ts'
import { viewEndpoint } from '../endpoint/view.ts'
import {
  ChangePolicy,
  CreatePolicy,
  ListPolicies,
  OnEndpoint,
  OnService,
  OnServiceInRegion,
  PolicyReply,
} from './schema.ts'
import type { PolicyService } from './service.ts'
import type { Place } from './store.ts'
import { viewPolicy } from './view.ts'

/** keystone/api/policy.py, and the policy of an endpoint in keystone/api/endpoints.py */
export const policyRoutes = (policies: PolicyService): Route[] => [
  ...collectionRoutes({
    many: 'policies',
    one: 'policy',
    create: z.object({ policy: CreatePolicy }),
    change: z.object({ policy: ChangePolicy }),
    query: ListPolicies,
    reply: PolicyReply,
    service: policies,
    view: viewPolicy,
  }),
  ...associationRoutes(policies, { at: 'endpoints/:endpoint_id', to: 'an endpoint', params: OnEndpoint }),
  ...associationRoutes(policies, { at: 'services/:service_id', to: 'a service', params: OnService }),
  ...associationRoutes(policies, {
    at: 'services/:service_id/regions/:region_id',
    to: 'a service in a region',
    params: OnServiceInRegion,
  }),
  route({
    operation: 'identity:policies:endpoints',
    method: 'GET',
    path: '/v3/policies/:id/OS-ENDPOINT-POLICY/endpoints',
    summary: 'List the endpoints that a policy is for',
    params: byId,
    async handle(ctx, { params, request }) {
      const rows = await policies.endpoints(ctx, params.id)
      return viewPage(ctx, request, { name: 'endpoints', rows }, viewEndpoint)
    },
  }),
  route({
    operation: 'identity:endpoints:policy',
    method: 'GET',
    path: '/v3/endpoints/:id/OS-ENDPOINT-POLICY/policy',
    summary: 'Show the policy for an endpoint',
    params: byId,
    reply: PolicyReply,
    async handle(ctx, { params }) {
      return { policy: viewPolicy(ctx, await policies.ofEndpoint(ctx, params.id)) }
    },
  }),
]

type Params = { id: string; endpoint_id?: string; service_id?: string; region_id?: string }

function associationRoutes(
  policies: PolicyService,
  { at, to, params }: { at: string; to: string; params: z.ZodType<Params> },
): Route[] {
  const path = `/v3/policies/:id/OS-ENDPOINT-POLICY/${at}`
  const place = ({
    endpoint_id = null,
    service_id = null,
    region_id = null,
  }: {
    [K in keyof Place]?: string | null
  }): Place => ({ endpoint_id, service_id, region_id })
  const shared = { path, params, status: 204 }
  return [
    route({
      ...shared,
      operation: 'identity:policies:associate',
      method: 'PUT',
      summary: `Let a policy be for ${to}`,
      handle: (ctx, { params: it }) => policies.associate(ctx, it.id, place(it)),
    }),
    route({
      ...shared,
      operation: 'identity:policies:check_association',
      method: 'GET',
      summary: `Is the policy for ${to}?`,
      handle: (ctx, { params: it }) => policies.checkAssociation(ctx, it.id, place(it)),
    }),
    route({
      ...shared,
      operation: 'identity:policies:dissociate',
      method: 'DELETE',
      summary: `Let a policy be for ${to} no more`,
      handle: (ctx, { params: it }) => policies.dissociate(ctx, it.id, place(it)),
    }),
  ]
}
