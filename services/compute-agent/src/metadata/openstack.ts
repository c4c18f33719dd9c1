/**
 * The tree under /openstack. Mirrors nova/api/metadata/base.py (InstanceMetadata, RouteConfiguration) and
 * nova/virt/netutils.py (get_network_metadata): versions, names, and which field appears in which version.
 */
import { randomBytes } from 'node:crypto'
import { isIPv4 } from 'node:net'
import type { WantedNic, WantedVm } from '@caelum/agent-protocol'
import { tapOf } from '../network/names.ts'
import type { Leaf } from './tree.ts'

const FOLSOM = '2012-08-10'
const GRIZZLY = '2013-04-04'
const HAVANA = '2013-10-17'
const LIBERTY = '2015-10-15'
const NEWTON_ONE = '2016-06-30'
const NEWTON_TWO = '2016-10-06'
const OCATA = '2017-02-22'
const ROCKY = '2018-08-27'
const VICTORIA = '2020-10-14'
const EPOXY = '2025-04-04'

export const OPENSTACK_VERSIONS = [
  FOLSOM,
  GRIZZLY,
  HAVANA,
  LIBERTY,
  NEWTON_ONE,
  NEWTON_TWO,
  OCATA,
  ROCKY,
  VICTORIA,
  EPOXY,
]

const json = (value: unknown): Leaf => ({ type: 'application/json', body: JSON.stringify(value) })
const text = (body: string | Buffer): Leaf => ({ type: 'text/plain', body })

/** `path`: the parts after /openstack. */
export function openstackItem(vm: WantedVm, path: readonly string[]): Leaf | null {
  const [named, file, ...rest] = path
  if (named === undefined) return text([...OPENSTACK_VERSIONS, 'latest'].join('\n'))
  const version = named === 'latest' ? EPOXY : named
  if (!OPENSTACK_VERSIONS.includes(version) || rest.length > 0) return null
  // dates of ISO 8601 sort as text
  const since = (first: string) => version >= first
  const { user_data } = vm.metadata
  const files: Record<string, (() => Leaf) | false> = {
    'meta_data.json': () => json(metaData(vm, since)),
    user_data: user_data !== null && (() => text(Buffer.from(user_data, 'base64'))),
    password: since(GRIZZLY) && (() => text('')),
    'vendor_data.json': since(HAVANA) && (() => json({})),
    'network_data.json': since(LIBERTY) && (() => json(networkData(vm.nics))),
    'vendor_data2.json': since(NEWTON_TWO) && (() => json({ static: {} })),
  }
  if (file === undefined) {
    const names = Object.keys(files).filter(name => files[name])
    return text(names.join('\n'))
  }
  const make = Object.hasOwn(files, file) && files[file]
  return make ? make() : null
}

function metaData({ server_id, metadata }: WantedVm, since: (first: string) => boolean): object {
  const { meta, keys, name, hostname, launch_index, availability_zone, project_id } = metadata
  return {
    uuid: server_id,
    ...(Object.keys(meta).length > 0 && { meta }),
    ...(keys.length > 0 && {
      public_keys: Object.fromEntries(keys.map(key => [key.name, key.data])),
      keys,
    }),
    hostname,
    name,
    launch_index,
    availability_zone,
    ...(since(GRIZZLY) && { random_seed: randomBytes(512).toString('base64') }),
    ...(since(LIBERTY) && { project_id }),
    ...(since(NEWTON_ONE) && { devices: [] }),
    ...(since(VICTORIA) && { dedicated_cpus: [] }),
  }
}

/** Addresses come by DHCP from OVN, so no address, route or name server is written here (nova: `_get_nets`). */
function networkData(nics: readonly WantedNic[]): object {
  const links = nics.map(nic => ({
    id: tapOf(nic.port_id),
    vif_id: nic.port_id,
    type: 'ovs',
    mtu: nic.mtu,
    ethernet_mac_address: nic.mac,
  }))
  const networks = nics.flatMap((nic, at) => {
    const families = new Set(
      nic.fixed_ips.map(({ address }) => (isIPv4(address) ? 'ipv4_dhcp' : 'ipv6_dhcp')),
    )
    return [...families].sort().map(type => ({ type, link: links[at]!.id, network_id: nic.network_id }))
  })
  return {
    links,
    networks: networks.map((network, at) => ({ id: `network${at}`, ...network })),
    services: [],
  }
}
