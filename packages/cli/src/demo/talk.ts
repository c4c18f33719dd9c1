import { randomBytes } from 'node:crypto'
import type { LabHost } from '@caelum/lab'
import { eventually } from '../client/eventually.ts'
import type { Session } from '../client/session.ts'
import { CommandError } from '../command.ts'
import { createServer, type Guest, guestOf, untilActive, untilConsoleSays } from './guests.ts'
import { createNetwork, createPort, portsOf } from './network.ts'
import { type KeyPair, Probe, sshCommand } from './probe.ts'
import type { Remains } from './remains.ts'
import type { Steps } from './steps.ts'
import type { Tenant } from './tenant.ts'

/** a guest under emulation on two busy cores */
const BOOT_MS = 120_000

export type Stage = {
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

/** Boots two servers and has them prove, from inside, that everything they need works. */
export async function talk({
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
  const ssh = (as: string, guest: Guest, command: string) =>
    probe.exec(sshCommand(key, as, guest.ip, command)).then(output => output.trim())
  for (const guest of guests)
    await steps.step(
      `ssh with the key into ${guest.name} on ${guest.host}`,
      () => untilLoggedIn(guest, () => ssh(user, guest, 'hostname')),
      hostname => `answers as ${hostname}`,
    )
  for (const [from, to] of [guests, [second, first]] as [Guest, Guest][])
    await steps.step(
      `ping ${from.host} → ${to.host} from inside the guest`,
      // only root may send raw packets in this guest
      () => ssh('root', from, `ping -c 3 -W 5 ${to.ip}`),
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
