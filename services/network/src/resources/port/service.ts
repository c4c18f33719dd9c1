import { authorize } from '@caelum/http'
import { type Ctx, newId, problems } from '@caelum/kernel'
import { point } from '@caelum/reconcile'
import { randomMac } from '../../address/mac.ts'
import { isVisible, mustBeAllowed, projectFor, visibleTo } from '../../collection/access.ts'
import type { CollectionService } from '../../collection/routes.ts'
import { errors } from '../../errors.ts'
import { METADATA_OWNER } from '../../ovn/topology.ts'
import type { PointName } from '../../points.ts'
import { policy } from '../../policy.ts'
import type { Ring } from '../../reconcile/ring.ts'
import type { NetworkBrief } from '../network/store.ts'
import type { SecurityGroupService } from '../security-group/service.ts'
import type { NewPort } from './insert-store.ts'
import type { PortColumns, PortRow } from './row.ts'
import type { ChangePort, CreatePort } from './schema.ts'
import type { PortChange, PortStore, WiredPort } from './store.ts'

export type PortService = ReturnType<typeof portService>

interface Others {
  networks: { brief(ctx: Ctx, id: string): Promise<NetworkBrief> }
  groups: SecurityGroupService
  ring: Ring
}

/** What the ports of one request share, looked up once. */
interface Known {
  network(id: string): Promise<NetworkBrief>
  defaultGroup(projectId: string): Promise<string>
}

/** Random addresses rarely meet; with so many tries it is something else. */
const MAC_TRIES = 6

export const portService = (store: PortStore, { networks, groups, ring }: Others) => {
  const get = async (ctx: Ctx, id: string): Promise<PortRow> => {
    const row = await store.get(id)
    if (!row || !isVisible(ctx, row.project_id)) throw errors.portNotFound(id)
    return row
  }
  const getToChange = async (ctx: Ctx, id: string, operation: string): Promise<PortRow> => {
    const row = await get(ctx, id)
    mustBeAllowed(ctx, operation, row.project_id)
    if (row.device_owner === METADATA_OWNER) throw errors.servicePort(id)
    return row
  }

  const newPort = async (ctx: Ctx, want: CreatePort, known: Known): Promise<NewPort> => {
    const network = await known.network(want.network_id)
    const project_id = projectFor(ctx, 'network:ports:create', want)
    checkRights(ctx, want, network.project_id)
    checkBindingRights(ctx, want)
    const isTrusted = want.device_owner?.startsWith('network:') ?? false
    const port_security_enabled = want.port_security_enabled ?? (network.port_security_enabled && !isTrusted)
    if (!port_security_enabled && want.security_groups?.length) throw errors.groupsNeedPortSecurity()
    if (!port_security_enabled && want.allowed_address_pairs?.length) throw errors.pairsNeedPortSecurity()
    await groups.mustHave(ctx, want.security_groups ?? [])
    const byDefault = async () => (port_security_enabled ? [await known.defaultGroup(project_id)] : [])
    const now = ctx.clock.now()
    return {
      row: {
        id: want.id ?? newId(),
        project_id,
        network_id: network.id,
        name: want.name ?? '',
        description: want.description ?? '',
        admin_state_up: want.admin_state_up ?? true,
        mac_address: want.mac_address ?? randomMac(),
        device_id: want.device_id ?? '',
        device_owner: want.device_owner ?? '',
        port_security_enabled,
        allowed_address_pairs: want.allowed_address_pairs ?? [],
        binding_host_id: want['binding:host_id'] ?? '',
        binding_profile: want['binding:profile'] ?? {},
        tags: [],
        created_at: now,
        updated_at: now,
      },
      fixed_ips: want.fixed_ips,
      security_groups: want.security_groups ?? (await byDefault()),
    }
  }

  /** @throws Problem 409 for MAC addresses in use; what was chosen at random is chosen anew */
  const resolveTaken = async (ports: NewPort[], wants: readonly CreatePort[]): Promise<void> => {
    for (const [index, port] of ports.entries()) {
      const mac = wants[index]!.mac_address
      if (!mac) port.row.mac_address = randomMac()
      else if ((await store.macsInUse(port.row.network_id, [mac])).length)
        throw errors.macInUse(port.row.network_id, mac)
    }
  }

  const insert = async (ctx: Ctx, wants: readonly CreatePort[]): Promise<PortRow[] | 'exists'> => {
    const ports: NewPort[] = []
    const known: Known = {
      network: once(id => networks.brief(ctx, id)),
      defaultGroup: once(projectId => groups.ensureDefault(ctx, projectId)),
    }
    for (const want of wants) ports.push(await newPort(ctx, want, known))
    for (let tries = 0; tries < MAC_TRIES; tries++) {
      const rows = await store.insert(ports)
      if (rows !== 'taken') {
        point('network.port.created' satisfies PointName)
        for (const { id } of rows) ring('port', id)
        return rows
      }
      if ((await givenIds(wants)).length) return 'exists'
      await resolveTaken(ports, wants)
    }
    throw problems.unavailable('No free MAC address was found; please try again.')
  }

  const givenIds = async (wants: readonly CreatePort[]): Promise<PortRow[]> =>
    store.getMany(wants.flatMap(want => want.id ?? []))

  /** A repeat finds what the first try made, even where nothing new could be made now, for the quota is full. */
  const create = async (ctx: Ctx, wants: readonly CreatePort[]): Promise<PortRow[]> => {
    if (wants.some(want => want.id)) authorize(policy, ctx, 'network:ports:set:id')
    let failure: unknown = problems.unavailable(
      'The port was deleted while it was created again; please try again.',
    )
    try {
      const rows = await insert(ctx, wants)
      if (rows !== 'exists') return rows
    } catch (error) {
      failure = error
    }
    const known = await givenIds(wants)
    if (!known.length) throw failure
    const missing = wants.filter(want => !known.some(row => row.id === want.id))
    return missing.length ? [...known, ...(await create(ctx, missing))] : known
  }

  /** Without locks where only columns of the port itself change; null: it was deleted meanwhile. */
  const applyChange = async (before: PortRow, change: ChangePort, at: Date): Promise<PortRow | null> => {
    if (change.fixed_ips || change.security_groups !== undefined)
      return store.update(before.id, before.network_id, now => planChange(now, change, at))
    for (let now: PortRow | null = before; now; now = await store.get(before.id)) {
      const row = await store.updateColumns(now, planChange(now, change, at).columns)
      if (row !== 'changed-meanwhile') return row
    }
    return null
  }

  return {
    get,

    list: (ctx, query) => store.list(query, visibleTo(ctx)),

    async create(ctx, wants) {
      const rows = await create(ctx, wants)
      return rows.sort((a, b) => orderOf(wants, a) - orderOf(wants, b) || (a.id < b.id ? -1 : 1))
    },

    async update(ctx, id, change) {
      const before = await getToChange(ctx, id, 'network:ports:update')
      if (needsNetworkOwner(change)) {
        const network = await networks.brief(ctx, before.network_id)
        checkRights(ctx, change, network.project_id)
      }
      checkBindingRights(ctx, change)
      await groups.mustHave(ctx, change.security_groups ?? [])
      const { mac_address: mac } = change
      if (mac && mac !== before.mac_address && (await store.macsInUse(before.network_id, [mac])).length)
        throw errors.macInUse(before.network_id, mac)
      const row = await applyChange(before, change, ctx.clock.now())
      if (!row) throw errors.portNotFound(id)
      point('network.port.updated' satisfies PointName)
      ring('port', id)
      return row
    },

    async changeTags(ctx, id, next) {
      await getToChange(ctx, id, 'network:ports:tags')
      const tags = await store.changeTags(id, next)
      if (!tags) throw errors.portNotFound(id)
      return tags
    },

    async remove(ctx, id) {
      await getToChange(ctx, id, 'network:ports:delete')
      await store.remove(id)
      point('network.port.removed' satisfies PointName)
      ring('port', id)
    },

    /** What a host needs to plug the port. */
    async wiring(id: string): Promise<{ port: WiredPort; metadata: WiredPort | null }> {
      const wiring = await store.wiring(id)
      if (!wiring) throw errors.portNotFound(id)
      return wiring
    },
  } satisfies CollectionService<PortRow, CreatePort, ChangePort> & Record<string, unknown>
}

const once = <T>(look: (key: string) => Promise<T>) => {
  const found = new Map<string, Promise<T>>()
  return (key: string): Promise<T> => {
    const known = found.get(key) ?? look(key)
    found.set(key, known)
    return known
  }
}

const orderOf = (wants: CreatePort[], row: PortRow): number => wants.findIndex(want => want.id === row.id)

/** Attributes by which a port could take what is others' need a right on the network, not only on the port. */
const RIGHTS: [attribute: string, isAsked: (want: ChangePort) => boolean][] = [
  ['network_owner', want => want.device_owner?.startsWith('network:') ?? false],
  ['address', want => want.mac_address !== undefined || (want.fixed_ips?.some(ip => ip.ip_address) ?? false)],
  [
    'security',
    want => want.port_security_enabled !== undefined || (want.allowed_address_pairs?.length ?? 0) > 0,
  ],
]

const needsNetworkOwner = (want: ChangePort): boolean => RIGHTS.some(([, isAsked]) => isAsked(want))

const checkRights = (ctx: Ctx, want: ChangePort, networkProject: string): void => {
  if (want.device_owner === METADATA_OWNER)
    throw errors.invalidInput(`device_owner '${METADATA_OWNER}' is reserved for the network service`)
  for (const [attribute, isAsked] of RIGHTS)
    if (isAsked(want)) mustBeAllowed(ctx, `network:ports:set:${attribute}`, networkProject)
}

const checkBindingRights = (ctx: Ctx, want: ChangePort): void => {
  const binds = want['binding:host_id'] != null || want['binding:profile'] != null
  if (binds) authorize(policy, ctx, 'network:ports:set:binding')
}

/** @throws Problem 409 when what is asked does not go with what is */
const planChange = (now: PortRow, change: ChangePort, updated_at: Date): PortChange => {
  const secure = change.port_security_enabled ?? now.port_security_enabled
  const groups = change.security_groups === undefined ? now.security_groups : (change.security_groups ?? [])
  const pairs =
    change.allowed_address_pairs === undefined
      ? now.allowed_address_pairs
      : (change.allowed_address_pairs ?? [])
  if (!secure && groups.length)
    throw change.security_groups?.length ? errors.groupsNeedPortSecurity() : errors.portHasGroups()
  if (!secure && pairs.length) throw errors.pairsNeedPortSecurity()
  if (change.mac_address && change.mac_address !== now.mac_address && now.binding_host_id)
    throw errors.portBound(now.id, now.binding_host_id)
  const { fixed_ips, security_groups, allowed_address_pairs, ...rest } = change
  const { 'binding:host_id': host, 'binding:profile': profile, 'binding:vnic_type': _, ...plain } = rest
  return {
    columns: {
      ...(plain as Partial<PortColumns>),
      ...(allowed_address_pairs === undefined ? {} : { allowed_address_pairs: pairs }),
      ...(host === undefined ? {} : { binding_host_id: host ?? '' }),
      ...(profile === undefined ? {} : { binding_profile: profile ?? {} }),
      updated_at,
    },
    fixed_ips,
    ...(security_groups === undefined ? {} : { security_groups: groups }),
  }
}
