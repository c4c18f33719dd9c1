import { type Ctx, newId } from '@caelum/kernel'
import { isVisible, mustBeAllowed, projectFor, visibleTo } from '../../collection/access.ts'
import type { CollectionService } from '../../collection/routes.ts'
import { errors } from '../../errors.ts'
import type { Ring } from '../../reconcile/ring.ts'
import type { NetworkBrief } from '../network/store.ts'
import { planSubnet, replanSubnet } from './plan.ts'
import type { ChangeSubnet, CreateSubnet } from './schema.ts'
import type { NewSubnet, SubnetRow, SubnetStore } from './store.ts'

export type SubnetService = CollectionService<SubnetRow, CreateSubnet, ChangeSubnet>

interface Networks {
  brief(ctx: Ctx, id: string): Promise<NetworkBrief>
}

export const subnetService = (store: SubnetStore, networks: Networks, ring: Ring) => {
  const get = async (ctx: Ctx, id: string): Promise<SubnetRow> => {
    const row = await store.get(id)
    if (!row || !(row.network.shared || isVisible(ctx, row.project_id))) throw errors.subnetNotFound(id)
    return row
  }
  const getToChange = async (ctx: Ctx, id: string, operation: string): Promise<SubnetRow> => {
    const row = await get(ctx, id)
    mustBeAllowed(ctx, operation, row.project_id)
    return row
  }

  return {
    get,

    list: (ctx, query) => store.list(query, visibleTo(ctx, { network: { shared: true } })),

    async create(ctx, wants) {
      const rows: NewSubnet[] = []
      for (const want of wants) {
        const network = await networks.brief(ctx, want.network_id)
        mustBeAllowed(ctx, 'network:subnets:create', network.project_id)
        const now = ctx.clock.now()
        rows.push({
          id: newId(),
          project_id: projectFor(ctx, 'network:subnets:create', want),
          network_id: network.id,
          name: want.name ?? '',
          description: want.description ?? '',
          ...planSubnet(want),
          tags: [],
          created_at: now,
          updated_at: now,
        })
      }
      await store.insert(rows)
      for (const row of rows) {
        ring('subnet', row.id)
        ring('network', row.network_id)
      }
      return Promise.all(rows.map(({ id }) => get(ctx, id)))
    },

    async update(ctx, id, change) {
      await getToChange(ctx, id, 'network:subnets:update')
      const rest = {
        ...(change.name === undefined ? {} : { name: change.name }),
        ...(change.description === undefined ? {} : { description: change.description }),
        updated_at: ctx.clock.now(),
      }
      const row = await store.update(id, rest, now => replanSubnet(now, change))
      if (!row) throw errors.subnetNotFound(id)
      ring('subnet', id)
      return row
    },

    async changeTags(ctx, id, next) {
      await getToChange(ctx, id, 'network:subnets:tags')
      const tags = await store.changeTags(id, next)
      if (!tags) throw errors.subnetNotFound(id)
      return tags
    },

    async remove(ctx, id) {
      const row = await getToChange(ctx, id, 'network:subnets:delete')
      if ((await store.remove(id)) === 'in-use') throw errors.subnetInUse(id)
      ring('subnet', id)
      ring('network', row.network_id)
    },
  } satisfies SubnetService
}
