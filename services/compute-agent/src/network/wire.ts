/**
 * The wire of a metadata network: a namespace, in it `eth0` with the metadata port's MAC and addresses and
 * 169.254.169.254, and the other end of that veth pair in the host, to be plugged into the integration bridge.
 *
 * A veth pair and no internal port of the switch: it outlives a restart of the switch, on every datapath. Checksum and
 * segmentation offloads are off on both ends: the userspace datapath forwards what it gets, and a partial checksum
 * would reach the guest as a wrong one.
 */
import { readFile, stat } from 'node:fs/promises'
import { deviceOf, namespaceOf, networkOf } from './names.ts'
import { run } from './run.ts'

export interface MetadataNetwork {
  network_id: string
  port_id: string
  mac: string
  mtu: number
  /** with prefix length */
  addresses: string[]
}

const METADATA_ADDRESS = '169.254.169.254/32'
const INSIDE = 'eth0'

interface Link {
  ifname: string
  address: string
  mtu: number
  flags: string[]
  addr_info: { family: string; local: string; prefixlen: number; scope: string }[]
}

/** Where the namespace is found; another inode there is another namespace. */
export const namespacePath = (networkId: string): string => `/run/netns/${namespaceOf(networkId)}`

/** Changes when namespace or wire were made anew by somebody; null when one of them is missing. Costs no process. */
export async function wireMark(networkId: string): Promise<string | null> {
  try {
    const [{ ino }, ifindex] = await Promise.all([
      stat(namespacePath(networkId)),
      readFile(`/sys/class/net/${deviceOf(networkId)}/ifindex`, 'utf8'),
    ])
    return `${ino}/${ifindex.trim()}`
  } catch {
    return null
  }
}

/** Network ids of all metadata namespaces on this host. */
export async function listNamespaces(): Promise<string[]> {
  const names = JSON.parse((await run('ip', '-j', 'netns', 'list')) || '[]') as { name: string }[]
  return names.flatMap(({ name }) => networkOf(name) ?? [])
}

/**
 * After: namespace and wire are as `network` says. Looks first and changes only what differs.
 *
 * A new wire must not meet an old port: the userspace datapath goes on listening to the device it once opened, even
 * when another of the same name is there. So `unplug` is called before a wire is made, and a port that is there says
 * that its wire is the one it was made for.
 */
export async function ensureWire(network: MetadataNetwork, unplug: () => Promise<void>): Promise<void> {
  const { network_id, mac, mtu } = network
  const [ns, outside] = [namespaceOf(network_id), deviceOf(network_id)]
  if (!(await listNamespaces()).includes(network_id)) await run('ip', 'netns', 'add', ns)
  let inside = (await linksIn(ns)).find(link => link.ifname === INSIDE)
  const [host] = await linksNamed(outside)
  if (!inside || !host) {
    await unplug()
    // half a wire is of no use: it leads elsewhere
    if (host) await run('ip', 'link', 'delete', outside)
    if (inside) await run('ip', '-n', ns, 'link', 'delete', INSIDE)
    const peer = ['peer', 'name', INSIDE, 'address', mac, 'netns', ns]
    await run('ip', 'link', 'add', outside, 'type', 'veth', ...peer)
    inside = (await linksIn(ns)).find(link => link.ifname === INSIDE)
  }
  const isUp = inside?.flags.includes('UP')
  if (inside?.address !== mac) await run('ip', '-n', ns, 'link', 'set', INSIDE, 'down', 'address', mac)
  if (!isUp || inside?.mtu !== mtu || inside.address !== mac) {
    await run('ip', 'link', 'set', outside, 'mtu', `${mtu}`, 'addrgenmode', 'none', 'up')
    await run('ip', '-n', ns, 'link', 'set', 'lo', 'up')
    await run('ip', '-n', ns, 'link', 'set', INSIDE, 'mtu', `${mtu}`, 'up')
    await run('ethtool', '-K', outside, 'tx', 'off')
    const enter = `--net=${namespacePath(network_id)}`
    await run('nsenter', enter, 'ethtool', '-K', INSIDE, 'tx', 'off')
    // a new namespace may inherit it; this one is no way from one subnet to another
    await run('nsenter', enter, 'sysctl', '-q', 'net.ipv4.ip_forward=0', 'net.ipv6.conf.all.forwarding=0')
  }
  await ensureAddresses(ns, inside, [...network.addresses, METADATA_ADDRESS])
}

/** After: neither namespace nor wire is left. */
export async function removeWire(networkId: string): Promise<void> {
  const [host] = await linksNamed(deviceOf(networkId))
  if (host) await run('ip', 'link', 'delete', deviceOf(networkId))
  if ((await listNamespaces()).includes(networkId)) await run('ip', 'netns', 'delete', namespaceOf(networkId))
}

async function ensureAddresses(ns: string, link: Link | undefined, wanted: string[]): Promise<void> {
  const here = (link?.addr_info ?? [])
    .filter(({ family, scope }) => family === 'inet' || scope === 'global')
    .map(({ local, prefixlen }) => `${local}/${prefixlen}`)
  for (const address of here)
    if (!wanted.includes(address)) await run('ip', '-n', ns, 'addr', 'delete', address, 'dev', INSIDE)
  for (const address of wanted) {
    const nodad = address.includes(':') ? ['nodad'] : []
    if (!here.includes(address)) await run('ip', '-n', ns, 'addr', 'add', address, 'dev', INSIDE, ...nodad)
  }
}

const linksIn = async (ns: string): Promise<Link[]> =>
  JSON.parse((await run('ip', '-n', ns, '-j', 'addr', 'show')) || '[]') as Link[]

/** `ip` prints {} for what a filter leaves out. */
async function linksNamed(device: string): Promise<Link[]> {
  const links = JSON.parse((await run('ip', '-j', 'link', 'show', 'type', 'veth')) || '[]') as Link[]
  return links.filter(link => link.ifname === device)
}
