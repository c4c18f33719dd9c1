import { authorize } from '@caelum/http'
import { type Ctx, childId, newId } from '@caelum/kernel'
import { randomMac } from '../../address/mac.ts'
import { isVisible, mustBeAllowed, projectFor, visibleTo } from '../../collection/access.ts'
import type { CollectionService } from '../../collection/routes.ts'
import { errors } from '../../errors.ts'
import { METADATA_OWNER } from '../../ovn/topology.ts'
import { policy } from '../../policy.ts'
import type { Ring } from '../../reconcile/ring.ts'
import type { ChangeNetwork, CreateNetwork } from './schema.ts'
import type { NetworkBrief, NetworkRow, NetworkStore, NewNetwork, NewPort } from './store.ts'

export type NetworkService = ReturnType<typeof networkService>

/** `maxMtu`: bytes that the overlay carries. */
export const networkService = (store: NetworkStore, ring: Ring, maxMtu: number) => {
  const get = async (ctx: Ctx, id: string): Promise<NetworkRow> => {
    const row = await store.get(id)
    if (!row || !(row.shared || isVisible(ctx, row.project_id))) throw errors.networkNotFound(id)
    return row
  }
  const getToChange = async (ctx: Ctx, id: string, operation: string): Promise<NetworkRow> => {
    const row = await get(ctx, id)
    mustBeAllowed(ctx, operation, row.project_id)
    return row
  }
  const mtuOf = (asked: number | undefined): number => {
    if (asked === undefined || asked === 0) return maxMtu
    if (asked < 68) throw errors.invalidInput(`Requested MTU ${asked} is too small, minimum is 68`)
    if (asked > maxMtu) throw errors.invalidInput(`Requested MTU is too big, maximum is ${maxMtu}`)
    return asked
  }

  return {
    get,

    /** @throws Problem 404 like `get`, at less cost */
    async brief(ctx: Ctx, id: string): Promise<NetworkBrief> {
      const row = await store.brief(id)
      if (!row || !(row.shared || isVisible(ctx, row.project_id))) throw errors.networkNotFound(id)
      return row
    },

    list: (ctx, query) => store.list(query, visibleTo(ctx, { shared: true })),

    async create(ctx, wants) {
      const rows = wants.map((want): NewNetwork => {
        const project_id = projectFor(ctx, 'network:networks:create', want)
        if (want.shared) authorize(policy, ctx, 'network:networks:set:shared')
        const now = ctx.clock.now()
        return {
          id: newId(),
          project_id,
          name: want.name ?? '',
          description: want.description ?? '',
          admin_state_up: want.admin_state_up ?? true,
          shared: want.shared ?? false,
          mtu: mtuOf(want.mtu),
          port_security_enabled: want.port_security_enabled ?? true,
          tags: [],
          created_at: now,
          updated_at: now,
        }
      })
      await store.insert(rows, rows.map(metadataPortOf))
      for (const { id } of rows) ring('network', id)
      return Promise.all(rows.map(({ id }) => get(ctx, id)))
    },

    async update(ctx, id, { 'router:external': _, ...change }) {
      const before = await getToChange(ctx, id, 'network:networks:update')
      if (change.shared !== undefined) authorize(policy, ctx, 'network:networks:set:shared')
      const { mtu, ...rest } = change
      const row = await store.update(id, {
        ...(rest as Partial<NewNetwork>),
        ...(mtu === undefined ? {} : { mtu: mtuOf(mtu) }),
        updated_at: ctx.clock.now(),
      })
      if (!row) throw errors.networkNotFound(id)
      if (row === 'shared-in-use') throw errors.sharedInUse(before.name || id)
      ring('network', id)
      return row
    },

    async changeTags(ctx, id, next) {
      await getToChange(ctx, id, 'network:networks:tags')
      const tags = await store.changeTags(id, next)
      if (!tags) throw errors.networkNotFound(id)
      return tags
    },

    async remove(ctx, id) {
      await getToChange(ctx, id, 'network:networks:delete')
      const result = await store.remove(id)
      if ('ports' in result) throw errors.networkInUse(id, result.ports.slice(0, 10).join(', '))
      for (const { kind, id } of result.removed) ring(kind, id)
    },
  } satisfies CollectionService<NetworkRow, CreateNetwork, ChangeNetwork> & Record<string, unknown>
}

/** Every host answers 169.254.169.254 through this port; its addresses come and go with the subnets. */
const metadataPortId = (networkId: string): string => childId(networkId, 'metadata')

const metadataPortOf = (network: NewNetwork): NewPort => ({
  id: metadataPortId(network.id),
  project_id: network.project_id,
  network_id: network.id,
  name: '',
  description: '',
  admin_state_up: true,
  mac_address: randomMac(),
  device_id: `ovnmeta-${network.id}`,
  device_owner: METADATA_OWNER,
  port_security_enabled: false,
  allowed_address_pairs: [],
  binding_host_id: '',
  binding_profile: {},
  tags: [],
  created_at: network.created_at,
  updated_at: network.updated_at,
})
