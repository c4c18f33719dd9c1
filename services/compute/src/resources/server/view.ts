/**
 * A server as Nova's API shows it (nova/api/openstack/compute/views/servers.py), with a gate at every microversion
 * that added or removed a field.
 */
import { createHash } from 'node:crypto'
import { isoSeconds } from '@caelum/kernel'
import type { ServerRow, ServerWithVm, VmRow } from './row.ts'
import { statusOf } from './state.ts'

export interface ViewContext {
  microversion: number
  baseUrl: string
  isAdmin: boolean
}

const links = (kind: string, id: string, { baseUrl }: ViewContext) => [
  { rel: 'self', href: `${baseUrl}/v2.1/${kind}/${id}` },
  { rel: 'bookmark', href: `${baseUrl}/${kind}/${id}` },
]

export const viewBrief = ({ server }: ServerWithVm, context: ViewContext) => ({
  id: server.id,
  name: server.name,
  links: links('servers', server.id, context),
})

export function viewDetail({ server, vm }: ServerWithVm, context: ViewContext): Record<string, unknown> {
  const { microversion: at, isAdmin } = context
  const shown = statusOf(server, vm)
  const since = (version: number, fields: () => Record<string, unknown>) => (at >= version ? fields() : {})
  return {
    id: server.id,
    name: server.name,
    status: shown.status,
    tenant_id: server.project_id,
    user_id: server.user_id,
    metadata: server.metadata,
    hostId: vm ? hostIdOf(server.project_id, vm.host_name) : '',
    image: server.image_id
      ? {
          id: server.image_id,
          links: [{ rel: 'bookmark', href: `${context.baseUrl}/images/${server.image_id}` }],
        }
      : '',
    flavor: viewFlavor(server, context),
    created: isoSeconds(server.created_at),
    updated: isoSeconds(server.updated_at),
    addresses: addressesOf(server),
    accessIPv4: '',
    accessIPv6: '',
    links: links('servers', server.id, context),
    'OS-DCF:diskConfig': 'MANUAL',
    ...(shown.status === 'ACTIVE' || shown.status === 'BUILD' || shown.status === 'REBOOT'
      ? { progress: shown.progress }
      : {}),
    'OS-EXT-AZ:availability_zone': vm ? vm.host_zone : (server.availability_zone ?? ''),
    config_drive: server.config_drive ? 'True' : '',
    key_name: server.key_name,
    'OS-SRV-USG:launched_at': server.launched_at
      ? server.launched_at.toISOString().replace('Z', '000')
      : null,
    'OS-SRV-USG:terminated_at': null,
    ...(isAdmin ? extendedAttributes(server, vm, at) : {}),
    'OS-EXT-STS:task_state': shown.task_state,
    'OS-EXT-STS:vm_state': shown.vm_state,
    'OS-EXT-STS:power_state': shown.power_state,
    'os-extended-volumes:volumes_attached': [],
    ...(server.fault ? { fault: viewFault(server.fault, isAdmin) } : {}),
    ...securityGroupsOf(server),
    ...since(9, () => ({ locked: server.locked })),
    ...since(16, () => (isAdmin ? { host_status: hostStatusOf(vm) } : {})),
    ...since(19, () => ({ description: server.description })),
    ...since(26, () => ({ tags: server.tags })),
    ...since(63, () => ({ trusted_image_certificates: null })),
    ...since(71, () => ({ server_groups: server.group_id ? [server.group_id] : [] })),
    ...since(73, () => ({ locked_reason: server.locked_reason })),
    ...since(90, () => ({ 'OS-EXT-SRV-ATTR:hostname': server.hostname })),
    ...since(96, () => ({ pinned_availability_zone: server.availability_zone })),
  }
}

/** Until 2.46 a link, from 2.47 on the flavor as the server got it, from 2.61 on its extra specs always. */
function viewFlavor({ flavor }: ServerRow, { microversion, baseUrl }: ViewContext) {
  if (microversion < 47)
    return { id: flavor.id, links: [{ rel: 'bookmark', href: `${baseUrl}/flavors/${flavor.id}` }] }
  return {
    vcpus: flavor.vcpus,
    ram: flavor.ram_mb,
    disk: flavor.disk_gb,
    ephemeral: flavor.ephemeral_gb,
    swap: flavor.swap_mb,
    original_name: flavor.name,
    extra_specs: flavor.extra_specs,
  }
}

/** The same host looks different to different projects, so they cannot tell who their neighbours are. */
const hostIdOf = (projectId: string, host: string) =>
  createHash('sha224')
    .update(projectId + host)
    .digest('hex')

function addressesOf({ seen_ports }: ServerRow) {
  const networks: Record<string, unknown[]> = {}
  for (const port of seen_ports ?? []) {
    const list = networks[port.network_name] ?? []
    networks[port.network_name] = list
    for (const { address, version } of port.fixed_ips)
      list.push({ addr: address, version, 'OS-EXT-IPS:type': 'fixed', 'OS-EXT-IPS-MAC:mac_addr': port.mac })
  }
  return networks
}

/** Ports without a group of their choice get the project's default group. */
const namesOf = (groups: ServerRow['want_security_groups']) =>
  groups.length > 0 ? groups.map(({ name }) => ({ name })) : [{ name: 'default' }]

const securityGroupsOf = ({ seen_ports, want_security_groups }: ServerRow) =>
  seen_ports?.length === 0 ? {} : { security_groups: namesOf(want_security_groups) }

/** Only an administrator sees the host's name and what is inside it. */
function extendedAttributes(server: ServerRow, vm: VmRow | null, at: number): Record<string, unknown> {
  return {
    'OS-EXT-SRV-ATTR:host': vm?.host_name ?? null,
    // the domain's name in libvirt, as the agent gives it
    'OS-EXT-SRV-ATTR:instance_name': vm ? `caelum-${vm.id.slice(-12)}` : '',
    'OS-EXT-SRV-ATTR:hypervisor_hostname': vm?.host_name ?? null,
    ...(at >= 3
      ? {
          'OS-EXT-SRV-ATTR:hostname': server.hostname,
          'OS-EXT-SRV-ATTR:reservation_id': server.reservation_id,
          'OS-EXT-SRV-ATTR:launch_index': server.launch_index,
          'OS-EXT-SRV-ATTR:kernel_id': '',
          'OS-EXT-SRV-ATTR:ramdisk_id': '',
          'OS-EXT-SRV-ATTR:root_device_name': '/dev/vda',
          'OS-EXT-SRV-ATTR:user_data': server.user_data,
        }
      : {}),
  }
}

const viewFault = ({ details, at, ...fault }: NonNullable<ServerRow['fault']>, isAdmin: boolean) => ({
  ...fault,
  created: isoSeconds(new Date(at)),
  ...(isAdmin && details ? { details } : {}),
})

const hostStatusOf = (vm: VmRow | null) => (vm ? (vm.host_up ? 'UP' : 'DOWN') : '')

/** The answer to a create: what to ask for next. No password: none is set in the guest. */
export const viewCreated = (
  server: Pick<ServerRow, 'id' | 'want_security_groups'>,
  context: ViewContext,
) => ({
  server: {
    id: server.id,
    links: links('servers', server.id, context),
    'OS-DCF:diskConfig': 'MANUAL',
    security_groups: namesOf(server.want_security_groups),
  },
})
