import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, readFile, realpath, rename, rmdir, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join, relative, resolve } from 'node:path'

/**
 * One cloud on this machine. Everything whose name the whole machine shares (interfaces, cgroups, folders under /run,
 * the underlay's addresses) is derived from `id`, so that any number of instances run side by side.
 */
export type Instance = {
  /** six hex digits of the SHA-256 of the data folder's real path */
  id: string
  dataDir: string
  /** 0700; short, because the path of a unix socket must fit in 107 bytes */
  runDir: string
  underlay: Underlay
}

/** The physical network between the hosts, played by one Linux bridge on this machine. */
export type Underlay = {
  bridge: string
  /** the first three bytes of its /24: `10.77.3` */
  prefix: string
  /** this machine's own address on it, where the control plane listens for the hosts */
  gateway: string
}

export function instanceId(dataDir: string): string {
  return createHash('sha256').update(dataDir).digest('hex').slice(0, 6)
}

export const runDirOf = (id: string) => `/run/caelum-${id}`
export const bridgeOf = (id: string) => `cl${id}br`
export const uplinkOf = (id: string, index: number) => `cl${id}h${index}`
export const cgroupOf = (id: string) => `caelum-${id}`

/** In the environment of every process of an instance: `CAELUM_INSTANCE=<id>`. */
export const INSTANCE_MARK = 'CAELUM_INSTANCE'

/**
 * What `/run` remembers of an instance. An ephemeral one (of a test) is worth nothing once its owner has ended, so others
 * may clear it away; a lasting one is alive for as long as its data folder is there.
 */
type Record = { dataDir: string; ephemeralOwner: ProcessIdentity | null }
type ProcessIdentity = { pid: number; startTicks: string }

/** Opens (and, the first time, makes) the instance that lives in `dataDir`. Starts nothing. */
export async function openInstance(
  dataDir: string,
  options: { ephemeral?: boolean } = {},
): Promise<Instance> {
  const sources = resolve(import.meta.dirname, '../../..')
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const path = await realpath(dataDir)
  // Hosts see of the data folder only their own part (sh/host-init.sh), so the sources may not be inside it.
  if (!relative(path, sources).startsWith('..')) {
    throw new Error(`The data folder ${path} must not contain the program's own files in ${sources}.`)
  }
  const id = instanceId(path)
  await keepRecord(id, { dataDir: path, ephemeralOwner: await ownerOf(id, options.ephemeral === true) })
  const prefix = await underlayPrefix(path, id)
  return {
    id,
    dataDir: path,
    runDir: runDirOf(id),
    underlay: { bridge: bridgeOf(id), prefix, gateway: `${prefix}.254` },
  }
}

const recordFile = (id: string) => join(runDirOf(id), 'instance.json')

/** The folder appears with its record inside: without one, somebody's sweep would take it for a dead instance's. */
async function keepRecord(id: string, record: Record): Promise<void> {
  const fresh = await mkdtemp('/run/caelum-new-')
  await writeFile(join(fresh, 'instance.json'), JSON.stringify(record))
  await rename(fresh, runDirOf(id)).catch(async () => {
    await rename(join(fresh, 'instance.json'), recordFile(id))
    await rmdir(fresh)
  })
}

async function parseRecord(id: string): Promise<Record | null> {
  const text = await readFile(recordFile(id), 'utf8').catch(() => null)
  return text === null ? null : JSON.parse(text)
}

/** Whoever opens a living ephemeral instance as well (its supervisor, a command) does not make it a lasting one. */
async function ownerOf(id: string, ephemeral: boolean): Promise<ProcessIdentity | null> {
  if (ephemeral) return identityOf(process.pid)
  const owner = (await parseRecord(id))?.ephemeralOwner ?? null
  return owner !== null && (await lives(owner)) ? owner : null
}

const lives = async ({ pid, startTicks }: ProcessIdentity) =>
  (await identityOf(pid))?.startTicks === startTicks

/** What `/run` knows of an instance; null: nothing. */
export async function readRecord(id: string): Promise<{ dataDir: string; alive: boolean } | null> {
  const record = await parseRecord(id)
  if (record === null) return null
  const { dataDir, ephemeralOwner } = record
  const exists = await access(dataDir).then(
    () => true,
    () => false,
  )
  return { dataDir, alive: exists && (ephemeralOwner === null || (await lives(ephemeralOwner))) }
}

/** A process id with the time it started (proc(5), stat, field 22), because ids are used again. */
async function identityOf(pid: number): Promise<ProcessIdentity | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (stat === null) return null
  return { pid, startTicks: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]! }
}

/** The remembered subnet, unless something else on this machine has taken it since; else a free one, remembered. */
async function underlayPrefix(dataDir: string, id: string): Promise<string> {
  const file = join(dataDir, 'lab', 'underlay.json')
  const taken = await takenPrefixes(bridgeOf(id))
  const remembered = await readFile(file, 'utf8').then(JSON.parse, () => null)
  if (typeof remembered?.prefix === 'string' && !taken(remembered.prefix)) return remembered.prefix
  for (let attempt = 0; attempt < 256; attempt++) {
    const [a, b] = createHash('sha256').update(`${id} underlay ${attempt}`).digest()
    const prefix = `10.${64 + (a! & 127)}.${b!}`
    if (taken(prefix)) continue
    await mkdir(join(dataDir, 'lab'), { recursive: true, mode: 0o700 })
    await writeFile(`${file}.new`, `${JSON.stringify({ prefix })}\n`)
    await rename(`${file}.new`, file)
    return prefix
  }
  throw new Error('No free 10.A.B.0/24 for the underlay: every one tried overlaps an address or route here.')
}

/** Does a /24 overlap an address or a route of this machine, other than those of our own bridge? */
async function takenPrefixes(ownBridge: string): Promise<(prefix: string) => boolean> {
  const nets: { address: number; mask: number }[] = []
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (name === ownBridge) continue
    for (const { family, address, netmask } of addresses ?? []) {
      if (family === 'IPv4') nets.push({ address: ipv4(address), mask: ipv4(netmask) })
    }
  }
  const routes = await readFile('/proc/net/route', 'utf8')
  for (const line of routes.trim().split('\n').slice(1)) {
    const [name, destination, , , , , , mask] = line.split('\t')
    if (name === ownBridge || mask === '00000000') continue
    nets.push({ address: littleEndian(destination!), mask: littleEndian(mask!) })
  }
  return prefix => {
    const subnet = ipv4(`${prefix}.0`)
    return nets.some(net => {
      const common = net.mask & 0xffffff00
      return (subnet & common) === (net.address & common)
    })
  }
}

const ipv4 = (text: string) => text.split('.').reduce((sum, byte) => (sum << 8) | Number(byte), 0)
const littleEndian = (hex: string) => Buffer.from(hex, 'hex').readInt32LE()
