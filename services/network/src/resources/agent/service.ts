import { can } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import type { Replica } from '@caelum/ovsdb'
import { errors } from '../../errors.ts'
import type { Southbound } from '../../ovn/tables.ts'
import { policy } from '../../policy.ts'
import { type Agent, agentsOf } from './view.ts'

export type AgentService = ReturnType<typeof agentService>

/** What OVN's southbound database knows of hosts; nothing of it is ours to store. */
export const agentService = (sb: Replica<Southbound>) => {
  const lagging = new Map<string, { nbCfg: number; since: number }>()

  /** ms since the host was first seen at this nb_cfg */
  const sinceOf = (name: string, nbCfg: number): number => {
    const known = lagging.get(name)
    if (known?.nbCfg === nbCfg) return performance.now() - known.since
    lagging.set(name, { nbCfg, since: performance.now() })
    return 0
  }
  const list = (ctx: Ctx): Agent[] =>
    can(policy, ctx, 'network:agents:see')
      ? agentsOf(sb, sinceOf).sort((a, b) => (a.host < b.host ? -1 : 1))
      : []

  return {
    list,
    get(ctx: Ctx, id: string): Agent {
      const agent = list(ctx).find(one => one.id === id)
      if (!agent) throw errors.agentNotFound(id)
      return agent
    },
  }
}
