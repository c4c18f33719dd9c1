/** Real guests: made through the API, looked at through the API, from inside by ssh, and in libvirt. */
import { eventually } from '@caelum/testkit'
import type { Session } from '../../packages/cli/src/client/session.ts'
import { type Guest, guestOf, untilActive } from '../../packages/cli/src/demo/guests.ts'
import { type Probe, sshCommand } from '../../packages/cli/src/demo/probe.ts'
import { PATIENT, type Scene } from './scene.ts'
import type { Tenancy } from './tenancy.ts'

type ServerWishes = { name: string; portId?: string; userData?: string; metadata?: Record<string, string> }

export async function createServer(
  scene: Scene,
  { session, flavorId, network, keyName }: Tenancy,
  { name, portId, userData, metadata }: ServerWishes,
): Promise<string> {
  const { server } = await session.call<{ server: { id: string } }>('compute', 'POST', '/servers', {
    server: {
      name,
      imageRef: scene.image.id,
      flavorRef: flavorId,
      networks: [portId ? { port: portId } : { uuid: network.networkId }],
      key_name: keyName,
      ...(userData && { user_data: Buffer.from(userData).toString('base64') }),
      ...(metadata && { metadata }),
    },
  })
  return server.id
}

/** Creates and waits until it is ACTIVE; its guest may still be booting then. */
export async function activeGuest(scene: Scene, tenancy: Tenancy, wishes: ServerWishes): Promise<Guest> {
  const id = await createServer(scene, tenancy, wishes)
  await untilActive(tenancy.session, id, PATIENT.within)
  return guestOf(scene.cloud.admin, id)
}

export type ServerView = {
  status: string
  'OS-EXT-STS:task_state': string | null
  'OS-EXT-STS:power_state': number
}

export async function showServer(session: Session, id: string): Promise<ServerView> {
  return (await session.call<{ server: ServerView }>('compute', 'GET', `/servers/${id}`)).server
}

export const act = (session: Session, { id }: Guest, action: object): Promise<unknown> =>
  session.call('compute', 'POST', `/servers/${id}/action`, action)

/** All that the guest ever wrote to its console, as the API shows it. */
export async function wholeConsole(session: Session, { id }: Guest): Promise<string> {
  const { output } = await session.call<{ output: string }>('compute', 'POST', `/servers/${id}/action`, {
    'os-getConsoleOutput': {},
  })
  return output
}

/** How often the guest has booted: it says so once per boot, after it has read its metadata. */
export const bootsIn = (console: string): number => console.match(/cloud: server \S+ name/g)?.length ?? 0

export async function untilBoots(session: Session, guest: Guest, count: number): Promise<string> {
  return eventually(async () => {
    const text = await wholeConsole(session, guest)
    const boots = bootsIn(text)
    if (boots !== count) throw new Error(`${guest.name} booted ${boots} times, not ${count}:\n${tail(text)}`)
    return text
  }, PATIENT)
}

const tail = (text: string): string => text.trimEnd().split('\n').slice(-15).join('\n')

/** A shell in the guest, by the tenant's network and the key. */
export class Shell {
  readonly #scene: Scene
  readonly #probe: Probe
  readonly #ip: string

  constructor(scene: Scene, probe: Probe, ip: string) {
    this.#scene = scene
    this.#probe = probe
    this.#ip = ip
  }

  /** @throws when the guest cannot be reached now, or the command fails */
  async run(command: string, as = 'root'): Promise<string> {
    return (await this.#probe.exec(sshCommand(this.#scene.key, as, this.#ip, command), PATIENT.within)).trim()
  }

  /** Waits until the guest can be reached. */
  async reach(): Promise<Shell> {
    await eventually(() => this.run('true').then(() => true), PATIENT)
    return this
  }

  /** Another one after each boot. */
  bootId(): Promise<string> {
    return eventually(() => this.run('cat /proc/sys/kernel/random/boot_id'), PATIENT)
  }
}

export interface Domain {
  host: string
  uuid: string
  state: string
}

const LIST_DOMAINS = `for uuid in $(virsh -q list --all --uuid); do
  echo "$uuid|$(virsh domstate $uuid | head -n 1)|$(virsh dumpxml $uuid | grep -o 'server="[^"]*"')"
done`

/** What libvirt has of this server, on whichever hosts. */
export async function domainsOf(scene: Scene, { id }: Pick<Guest, 'id'>): Promise<Domain[]> {
  const perHost = await Promise.all(
    [...scene.hosts.values()].map(async host =>
      (await host.exec(['sh', '-c', LIST_DOMAINS]))
        .split('\n')
        .map(line => line.split('|'))
        .filter(([, , server]) => server === `server="${id}"`)
        .map(([uuid, state]) => ({ host: host.name, uuid: uuid!, state: state! })),
    ),
  )
  return perHost.flat()
}

/** The vm that compute has placed for this server: its id is the domain's UUID. */
export async function vmIdOf(scene: Scene, { id }: Guest): Promise<string> {
  const [vm] = await scene.sql<{ id: string }>('select id from compute.vms where server_id = $1', id)
  return vm!.id
}
