/**
 * Everything about a create request that can be refused while the client still listens: reads only, nothing is
 * written. What is asked of the image and network services is asked with the user's own token, so a user can name
 * only what they may see.
 */
import type { ImageClient, NetworkClient } from '@caelum/clients'
import { can } from '@caelum/http'
import { type Ctx, isUuid, projectOf } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import { type FlavorService, type FlavorSnapshot, snapshotOf } from '../flavor/service.ts'
import type { HostService } from '../host/service.ts'
import { DEFAULT_ZONE } from '../host/state.ts'
import type { KeypairService } from '../keypair/service.ts'
import type { ImageSnapshot, WantedNetwork } from './row.ts'
import type { CreateServer } from './schema.ts'
import type { NewServer } from './store.ts'

export interface CheckDeps {
  flavors: Pick<FlavorService, 'get'>
  keypairs: Pick<KeypairService, 'find'>
  images: ImageClient
  network: NetworkClient
  hosts: Pick<HostService, 'zones'>
}

/** The parts of a new server that had to be looked up. */
export type Checked = Pick<
  NewServer,
  | 'image_id'
  | 'image'
  | 'flavor'
  | 'key_name'
  | 'key'
  | 'availability_zone'
  | 'want_host'
  | 'want_networks'
  | 'want_security_groups'
>

export async function checkCreate(
  deps: CheckDeps,
  ctx: Ctx,
  wanted: CreateServer,
  token: string,
): Promise<Checked> {
  const as = { token, requestId: ctx.requestId }
  const [flavor, image, key, want_networks, want_security_groups] = await Promise.all([
    flavorOf(deps, ctx, wanted.flavorRef),
    imageOf(deps, wanted, as),
    keyOf(deps, ctx, wanted.key_name),
    networksOf(deps, ctx, wanted.networks, as),
    securityGroupsOf(deps, ctx, wanted.security_groups, as),
  ])
  if (flavor.ram_mb < image.min_ram) throw errors.flavorTooSmall('memory', 'MB', flavor.ram_mb, image.min_ram)
  if (flavor.disk_gb > 0 && flavor.disk_gb < image.min_disk)
    throw errors.flavorTooSmall('disk', 'GB', flavor.disk_gb, image.min_disk)
  const { zone, host } = await zoneOf(deps, ctx, wanted)
  return {
    image_id: image.id,
    image: image.snapshot,
    flavor,
    key_name: key?.name ?? null,
    key,
    availability_zone: zone,
    want_host: host,
    want_networks,
    want_security_groups,
  }
}

type As = { token: string; requestId: string }

async function flavorOf({ flavors }: CheckDeps, ctx: Ctx, id: string): Promise<FlavorSnapshot> {
  const row = await flavors.get(ctx, id).catch(error => {
    throw error?.status === 404 ? errors.badRequest(`Flavor ${id} could not be found.`) : error
  })
  return snapshotOf(row)
}

const FORMATS = ['qcow2', 'raw'] as const

async function imageOf({ images }: CheckDeps, wanted: CreateServer, as: As) {
  const ref = wanted.imageRef || wanted.block_device_mapping_v2?.[0]?.uuid || ''
  const id = ref.split('/').at(-1) ?? ''
  if (!id)
    throw errors.badRequest('Invalid imageRef provided: a server needs an image, since there are no volumes.')
  if (!isUuid(id)) throw errors.badRequest('Invalid imageRef provided.')
  const image = await images.image(id, as)
  if (!image) throw errors.badRequest(`Image ${id} could not be found.`)
  if (image.status !== 'active') throw errors.badRequest(`Image ${id} is not active (it is ${image.status}).`)
  const format = FORMATS.find(name => name === image.disk_format)
  if (!format)
    throw errors.badRequest(
      `Image ${id} is of disk format ${image.disk_format}; qcow2 and raw can be booted.`,
    )
  const snapshot: ImageSnapshot = { sha512: image.os_hash_value ?? '', size_bytes: image.size ?? 0, format }
  const needsGb = Math.ceil((image.virtual_size ?? 0) / 2 ** 30)
  return { id, snapshot, min_ram: image.min_ram, min_disk: Math.max(image.min_disk, needsGb) }
}

async function keyOf({ keypairs }: CheckDeps, ctx: Ctx, name: string | null | undefined) {
  if (!name) return null
  const row = await keypairs.find(ctx.caller.userId, name)
  if (!row) throw errors.badRequest('Invalid key_name provided.')
  return { name: row.name, type: row.type, data: row.public_key }
}

/** "zone:host" places a server, as in nova/compute/api.py; only an administrator may say it. */
async function zoneOf(
  { hosts }: CheckDeps,
  ctx: Ctx,
  wanted: CreateServer,
): Promise<{ zone: string | null; host: string | null }> {
  const [zone = '', host = ''] = (wanted.availability_zone ?? '').split(':')
  const wantHost = wanted.host ?? wanted.hypervisor_hostname ?? (host || null)
  if (zone && zone !== DEFAULT_ZONE && !(await hosts.zones()).has(zone))
    throw errors.badRequest('The requested availability zone is not available')
  if (wantHost && !can(policy, ctx, 'compute:servers:create:requested_destination'))
    throw errors.requestedDestination(policy['compute:servers:create:requested_destination']?.text ?? '')
  return { zone: zone || null, host: wantHost }
}

async function securityGroupsOf(
  { network }: CheckDeps,
  ctx: Ctx,
  wanted: CreateServer['security_groups'],
  as: As,
) {
  const names = [...new Set((wanted ?? []).map(group => group.name))]
  return Promise.all(
    names.map(async name => {
      const found = await network.securityGroup(name, projectOf(ctx.caller) ?? '', as)
      if (found.length > 1)
        throw errors.conflict(
          `Multiple security groups found matching '${name}'. Use an ID to be more specific.`,
        )
      if (!found[0]) throw errors.badRequest(`Security group ${name} not found.`)
      return { id: found[0].id, name: found[0].name }
    }),
  )
}

/** Before 2.37 no `networks` means the same as `auto` does afterwards, except that having none is not an error. */
async function networksOf(
  { network }: CheckDeps,
  ctx: Ctx,
  wanted: CreateServer['networks'],
  as: As,
): Promise<WantedNetwork[]> {
  if (wanted === 'none') return []
  if (wanted === 'auto' || wanted === undefined || wanted.length === 0) return onlyNetwork(network, ctx, as)
  return Promise.all(
    wanted.map(async ({ uuid, port, fixed_ip, tag }): Promise<WantedNetwork> => {
      const rest = { ...(fixed_ip ? { fixed_ip } : {}), ...(tag ? { tag } : {}) }
      if (port) {
        const found = await network.port(port, as)
        if (!found) throw errors.badRequest(`Port id ${port} could not be found.`)
        if (found.device_id) throw errors.conflict(`Port ${port} is still in use.`)
        return { port_id: port, ...rest }
      }
      if (!uuid) throw errors.badRequest('Bad network format: missing "uuid" or "port".')
      const found = await network.network(uuid, as)
      if (!found) throw errors.badRequest(`Network ${uuid} could not be found.`)
      if (found.subnets.length === 0)
        throw errors.badRequest(`Network ${uuid} requires a subnet in order to boot instances on.`)
      return { network_id: uuid, ...rest }
    }),
  )
}

async function onlyNetwork(network: NetworkClient, ctx: Ctx, as: As): Promise<WantedNetwork[]> {
  const projectId = projectOf(ctx.caller) ?? ''
  const own = (await network.networks({ project_id: projectId }, as)).filter(n => !n['router:external'])
  const usable = own.length > 0 ? own : await network.networks({ shared: true, 'router:external': false }, as)
  if (usable.length > 1)
    throw errors.conflict('Multiple possible networks found, use a Network ID to be more specific.')
  const [only] = usable
  if (!only || only.subnets.length === 0) {
    if (ctx.microversion < 37) return []
    throw errors.badRequest(
      'Unable to automatically allocate a network for project: it has none with a subnet. Make one, or ask for networks "none".',
    )
  }
  return [{ network_id: only.id }]
}
