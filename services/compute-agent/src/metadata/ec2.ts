/** The EC2 tree. Mirrors nova/api/metadata/base.py (get_ec2_metadata, ec2_md_print, find_path_in_tree). */
import { createHash } from 'node:crypto'
import { isIPv4 } from 'node:net'
import type { WantedVm } from '@caelum/agent-protocol'
import type { Leaf } from './tree.ts'

export const EC2_VERSIONS = [
  '1.0',
  '2007-01-19',
  '2007-03-01',
  '2007-08-29',
  '2007-10-10',
  '2007-12-15',
  '2008-02-01',
  '2008-09-01',
  '2009-04-04',
]
const NEWEST = EC2_VERSIONS.at(-1)!

type Node = string | readonly string[] | Buffer | { [name: string]: Node; [NAME]?: string }
/** How a folder is written in its parent's listing, where that is not `name/`. */
const NAME = Symbol('name')

/** `path`: the parts after the optional /ec2; `address` is the one the question came from. */
export function ec2Item(vm: WantedVm, path: readonly string[], address: string): Leaf | null {
  const [named, ...rest] = path
  if (named === undefined) return leaf([...EC2_VERSIONS, 'latest'])
  const version = named === 'latest' ? NEWEST : named
  if (!EC2_VERSIONS.includes(version)) return null
  let node: Node | undefined = ec2Tree(vm, version, address)
  for (const part of rest) {
    if (typeof node !== 'object' || Array.isArray(node) || Buffer.isBuffer(node)) return null
    const folder = node as { [name: string]: Node }
    node = Object.hasOwn(folder, part) ? folder[part] : undefined
  }
  return node === undefined ? null : leaf(node)
}

function ec2Tree(vm: WantedVm, version: string, address: string): Node {
  const { metadata, server_id, disk, nics } = vm
  const { hostname, keys, user_data } = metadata
  // dates of ISO 8601 sort as text, and '1.0' before them
  const since = (first: string) => version >= first
  const fixed = nics.flatMap(nic => nic.fixed_ips).find(ip => isIPv4(ip.address))
  const [key] = keys
  const data: Node = {
    'ami-id': ec2Id('ami', disk.image?.id ?? ''),
    'ami-launch-index': String(metadata.launch_index),
    'ami-manifest-path': 'FIXME',
    'instance-id': ec2Id('i', server_id),
    hostname,
    'local-ipv4': fixed?.address ?? address,
    'reservation-id': ec2Id('r', server_id),
    'security-groups': [],
    ...(key && { 'public-keys': { '0': { 'openssh-key': key.data, [NAME]: `0=${key.name}` } } }),
    ...(since('2007-01-19') && {
      'local-hostname': hostname,
      'public-hostname': hostname,
      'public-ipv4': '',
    }),
    ...(since('2007-12-15') && { 'block-device-mapping': { ami: 'vda', root: '/dev/vda' } }),
    ...(since('2008-02-01') && { placement: { 'availability-zone': metadata.availability_zone } }),
    ...(since('2008-09-01') && { 'instance-action': 'none' }),
  }
  return {
    'meta-data': data,
    ...(user_data !== null && { 'user-data': Buffer.from(user_data, 'base64') }),
  }
}

/** EC2's short form of an id. Nova counts; a part of a hash needs no counter and is as good to a guest. */
const ec2Id = (prefix: string, id: string): string =>
  `${prefix}-${createHash('sha256').update(id).digest('hex').slice(0, 8)}`

function leaf(node: Node): Leaf {
  return { type: 'text/plain', body: Buffer.isBuffer(node) ? node : print(node) }
}

function print(node: Exclude<Node, Buffer>): string {
  if (typeof node === 'string') return node
  if (Array.isArray(node)) return node.join('\n')
  const folder = node as { [name: string]: Node; [NAME]?: string }
  return Object.keys(folder)
    .sort()
    .map(name => {
      const child = folder[name]!
      if (typeof child !== 'object' || Array.isArray(child) || Buffer.isBuffer(child)) return name
      return (child as { [NAME]?: string })[NAME] ?? `${name}/`
    })
    .join('\n')
}
