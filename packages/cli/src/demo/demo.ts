/**
 * The main job, from nothing to a conversation between two guests and back to nothing. Only what was seen counts:
 * each step throws unless the machine itself shows that it worked, and whatever happens the tenant's things are
 * deleted at the end.
 */
import { randomBytes } from 'node:crypto'
import { ensureGuestImage, type LabHost, OvnCentral, openInstance } from '@caelum/lab'
import { eventually } from '../client/eventually.ts'
import type { Session } from '../client/session.ts'
import { planHosts } from '../cloud/hosts.ts'
import { ROOT } from '../cloud/node-program.ts'
import { database } from '../cloud/postgres.ts'
import { CommandError } from '../command.ts'
import { adminSession } from '../instance/admin-session.ts'
import { bringUp } from '../instance/bring-up.ts'
import { identityUrl } from '../instance/credentials.ts'
import type { Location } from '../instance/location.ts'
import { say, seconds } from '../setup/terminal.ts'
import { added, type Footprint, footprint } from './footprint.ts'
import { createServer, type Guest, guestOf, untilActive, untilConsoleSays, untilGone } from './guests.ts'
import { uploadImage } from './image.ts'
import { createNetwork, createPort, portsOf, type TenantNetwork } from './network.ts'
import { generateKey, type KeyPair, Probe, removeKey, sshCommand } from './probe.ts'
import { rowsMentioning } from './rows.ts'
import type { Steps } from './steps.ts'
import { createTenant, removeTenant, type Tenant } from './tenant.ts'

const IMAGE_CACHE = `${ROOT}.caelum-cache/images`
/** a guest under emulation on two busy cores */
const BOOT_MS = 120_000
const RAM_MB = 256

export async function runDemo(
  location: Location,
  steps: Steps,
  options: { usualPorts: boolean },
): Promise<void> {
  steps.heading('1. The cloud')
  const { settings } = await steps.step(
    'cloud up, every process healthy, hosts report',
    () =>
      bringUp(location, { hypervisor: 'libvirt', hosts: undefined, ...options }, unit =>
        say(`      ${unit.name.padEnd(16)} ${seconds(unit.ready_after_ms ?? 0)}`),
      ),
    up => `${up.settings.hosts} hosts`,
  )
  if (settings.hosts < 2)
    throw new CommandError('the demo needs two hosts to send a ping across', 'caelum up --hosts 2')
  const instance = await openInstance(location.dataDir)
  const hosts = planHosts(instance, settings).hosts
  const ovn = new OvnCentral(instance)
  const admin = await adminSession(location)
  const name = `demo-${randomBytes(3).toString('hex')}`
  const before = await footprint([...hosts.values()], ovn)

  steps.heading('2. The image')
  const guestImage = await steps.step(
    'guest image from Debian packages',
    () => ensureGuestImage(IMAGE_CACHE),
    image => (image.built ? 'built' : 'from the cache'),
  )
  const tenant = await steps.step('project, user, flavor; login as that user', () =>
    createTenant(admin, identityUrl(settings), name, RAM_MB),
  )
  const key = await generateKey()
  const remains = new Remains(tenant)
  try {
    const imageId = await steps.step('image uploaded, size, md5 and sha512 compared', () =>
      uploadImage(tenant.session, name, guestImage),
    )
    remains.imageId = imageId
    steps.heading('3. Two servers that talk')
    await boot({ steps, tenant, admin, hosts, name, key, imageId, remains, user: guestImage.user })
  } finally {
    await removeKey(key)
    steps.heading('4. Nothing left')
    await removeAll(steps, admin, remains)
  }
  await steps.step('no domain, disk, port, flow, namespace, process left', () =>
    nothingAdded(before, () => footprint([...hosts.values()], ovn)),
  )
  const ids = remains.ids()
  await steps.step('no row left in any table', async () => {
    const rows = await rowsMentioning(database(location).adminUrl(), ids)
    if (rows.length > 0) throw new CommandError(`rows left behind:\n  ${rows.join('\n  ')}`)
  })
}

/** What the demo has made, to be removed whatever happened. */
class Remains {
  readonly tenant: Tenant
  imageId: string | undefined
  network: TenantNetwork | undefined
  probe: Probe | undefined
  keyName: string | undefined
  readonly servers: string[] = []
  readonly ports: string[] = []

  constructor(tenant: Tenant) {
    this.tenant = tenant
  }

  ids(): string[] {
    const { projectId, userId, flavorId } = this.tenant
    const network = this.network ? [this.network.networkId, this.network.subnetId] : []
    const image = this.imageId ? [this.imageId] : []
    return [projectId, userId, flavorId, ...image, ...network, ...this.servers, ...this.ports]
  }
}

type Stage = {
  steps: Steps
  tenant: Tenant
  admin: Session
  hosts: ReadonlyMap<string, LabHost>
  name: string
  key: KeyPair
  imageId: string
  /** login name in the guest */
  user: string
  remains: Remains
}

async function boot({
  steps,
  tenant,
  admin,
  hosts,
  name,
  key,
  imageId,
  remains,
  user,
}: Stage): Promise<void> {
  const { session, flavorId } = tenant
  const network = await steps.step('network, subnet, key pair', async () => {
    remains.network = await createNetwork(session, name)
    await session.call('compute', 'POST', '/os-keypairs', { keypair: { name, public_key: key.publicKey } })
    remains.keyName = name
    return remains.network
  })
  const { networkId } = network
  const nonce = randomBytes(8).toString('hex')
  const began = performance.now()
  for (const number of [1, 2])
    remains.servers.push(
      await createServer(session, {
        name: `${name}-${number}`,
        imageId,
        flavorId,
        networkId,
        keyName: name,
        nonce,
      }),
    )
  await Promise.all(remains.servers.map(id => untilActive(session, id, BOOT_MS)))
  const guests = await Promise.all(remains.servers.map(id => guestOf(admin, id)))
  steps.record('two servers, POST to ACTIVE', performance.now() - began, guests.map(describe).join(', '))
  const [first, second] = guests as [Guest, Guest]
  if (first.host === second.host)
    throw new CommandError(`both servers are on ${first.host}: they were not spread`)
  remains.ports.push(...(await portsOf(session, networkId)).map(port => port.id))

  const saysAll = async (what: string, lineOf: (guest: Guest) => RegExp) =>
    steps.step(what, () =>
      Promise.all(guests.map(guest => untilConsoleSays(session, guest, lineOf(guest), BOOT_MS))),
    )
  await saysAll('address by DHCP, seen on the console', guest => new RegExp(`network: \\S+ ${guest.ip}/.*`))
  await saysAll(
    'metadata from 169.254.169.254',
    g => new RegExp(`server ${g.id} .* from http://169\\.254\\.169\\.254`),
  )
  await saysAll('user data ran', guest => new RegExp(`user data of ${guest.name}: ${nonce}`))
  await saysAll('login prompt', () => /login:/)
  steps.record('POST to login prompt, both', performance.now() - began)

  const probe = await steps.step('a port of the tenant network on a host', async () => {
    const port = await createPort(session, networkId, `${name}-probe`)
    remains.ports.push(port.id)
    const probe = new Probe(hosts.get(first.host)!, port)
    remains.probe = probe
    await probe.plug(network.mtu)
    return probe
  })
  const ssh = (guest: Guest, command: string) =>
    probe.exec(sshCommand(key, user, guest.ip, command)).then(output => output.trim())
  for (const guest of guests)
    await steps.step(
      `ssh with the key into ${guest.name} on ${guest.host}`,
      () => untilLoggedIn(guest, () => ssh(guest, 'hostname')),
      hostname => `answers as ${hostname}`,
    )
  for (const [from, to] of [guests, [second, first]] as [Guest, Guest][])
    await steps.step(
      `ping ${from.host} → ${to.host} from inside the guest`,
      () => ssh(from, `ping -c 3 -W 5 ${to.ip}`),
      output => /\d+% packet loss/.exec(output)?.[0] ?? output,
    )
}

const describe = (guest: Guest): string => `${guest.ip} on ${guest.host}`

async function untilLoggedIn(guest: Guest, login: () => Promise<string>): Promise<string> {
  let last = ''
  return eventually(
    `ssh into ${guest.name}`,
    BOOT_MS,
    async () => {
      const hostname = await login().catch(error => {
        last = (error as Error).message
        return undefined
      })
      if (hostname !== undefined && hostname !== guest.name)
        throw new CommandError(`${guest.ip} answers as ${hostname}, not as ${guest.name}`)
      return hostname
    },
    () => `(${last})`,
  )
}

async function removeAll(steps: Steps, admin: Session, remains: Remains): Promise<void> {
  const { tenant, servers, network, probe, keyName, imageId } = remains
  const { session } = tenant
  await steps.step('servers deleted', async () => {
    await probe?.unplug()
    for (const id of servers) await session.remove('compute', `/servers/${id}`)
    for (const id of servers) await untilGone(session, id, 60_000)
  })
  await steps.step('ports, network, key pair, image, user, project deleted', async () => {
    if (network) {
      for (const port of await portsOf(session, network.networkId))
        if (!port.device_owner) await session.remove('network', `/v2.0/ports/${port.id}`)
      await session.remove('network', `/v2.0/networks/${network.networkId}`)
    }
    if (keyName) await session.remove('compute', `/os-keypairs/${keyName}`)
    if (imageId) await session.remove('image', `/v2/images/${imageId}`)
    await removeDefaultGroups(admin, tenant.projectId)
    await removeTenant(admin, tenant)
  })
}

/** Every project gets one; it does not go with the project, which identity alone knows. */
async function removeDefaultGroups(admin: Session, projectId: string): Promise<void> {
  const { security_groups: groups } = await admin.call<{ security_groups: { id: string }[] }>(
    'network',
    'GET',
    `/v2.0/security-groups?project_id=${projectId}`,
  )
  for (const group of groups) await admin.remove('network', `/v2.0/security-groups/${group.id}`)
}

async function nothingAdded(before: Footprint, look: () => Promise<Footprint>): Promise<void> {
  let left: string[] = []
  await eventually(
    'everything to be gone',
    30_000,
    async () => {
      left = added(before, await look())
      return left.length === 0 || undefined
    },
    () => `; left:\n  ${left.slice(0, 20).join('\n  ')}`,
  )
}
