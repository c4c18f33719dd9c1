import { type Route, route } from '@caelum/http'
import { z } from 'zod'
import type { AgentService } from './service.ts'

const one = z.union([z.string(), z.array(z.string())]).optional()
const ListAgents = z.object({ agent_type: one, host: one, binary: one, alive: one })

/** neutron/extensions/agent.py; agents come and go with OVN and cannot be made or deleted here. */
export const agentRoutes = (agents: AgentService): Route[] => [
  route({
    operation: 'network:agents:list',
    method: 'GET',
    path: '/v2.0/agents',
    summary: 'List the hosts that OVN knows',
    query: ListAgents,
    handle: (ctx, { query }) => {
      const asked = Object.entries(query).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, [value].flat()]],
      )
      const filters = asked as [keyof typeof query, string[]][]
      const same = (a: unknown, b: string) => String(a).toLowerCase() === b.toLowerCase()
      return {
        agents: agents
          .list(ctx)
          .filter(agent => filters.every(([name, values]) => values.some(value => same(agent[name], value)))),
      }
    },
  }),
  route({
    operation: 'network:agents:show',
    method: 'GET',
    path: '/v2.0/agents/:id',
    summary: 'Show a host that OVN knows',
    params: z.object({ id: z.string() }),
    handle: (ctx, { params }) => ({ agent: agents.get(ctx, params.id) }),
  }),
]
