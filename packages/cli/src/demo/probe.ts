/**
 * A machine of the tenant's own on a lab host: a port of the tenant network, plugged into the host's br-int like a
 * guest's, with a network namespace behind it instead of a guest. What it reaches, it reaches as a member of the
 * default security group over the tenant network, and in no other way.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LabHost } from '@caelum/lab'
import { execute } from '../setup/execute.ts'
import { type Port, PREFIX_LENGTH } from './network.ts'

export class Probe {
  readonly #host: LabHost
  readonly #port: Port
  readonly #prefixLength: number
  readonly #name: string

  constructor(host: LabHost, port: Port, prefixLength = PREFIX_LENGTH) {
    this.#host = host
    this.#port = port
    this.#prefixLength = prefixLength
    this.#name = `probe-${port.id.slice(-8)}` // the random end of the id
  }

  async plug(mtu: number): Promise<void> {
    const { id, mac_address: mac, fixed_ips: ips } = this.#port
    const device = this.#name
    await this.#host.exec([
      ...['ovs-vsctl', '--may-exist', 'add-port', 'br-int', device],
      ...['--', 'set', 'Interface', device, 'type=internal', `mac="${mac}"`, `external_ids:iface-id=${id}`],
    ])
    await this.#ip('netns', 'add', device)
    await this.#ip('link', 'set', device, 'netns', device)
    await this.#ip('-n', device, 'link', 'set', device, 'address', mac, 'mtu', String(mtu))
    await this.#ip(
      '-n',
      device,
      'address',
      'add',
      `${ips[0]!.ip_address}/${this.#prefixLength}`,
      'dev',
      device,
    )
    await this.#ip('-n', device, 'link', 'set', device, 'up')
    // userspace Open vSwitch drops packets whose checksum is left to the hardware
    await this.exec(['ethtool', '-K', device, 'tx', 'off'])
  }

  async unplug(): Promise<void> {
    await this.#host.exec(['ovs-vsctl', '--if-exists', 'del-port', 'br-int', this.#name])
    await this.#host.exec(['ip', 'netns', 'delete', this.#name]).catch(() => undefined)
  }

  exec(argv: readonly string[], timeoutMs = 30_000): Promise<string> {
    return this.#host.exec(['ip', 'netns', 'exec', this.#name, ...argv], { timeoutMs })
  }

  /** @returns argv of a program that has this machine's files and terminal, but the probe's network; it dies with us */
  async fromHere(argv: readonly string[]): Promise<string[]> {
    const namespace = `/proc/${await this.#host.pid()}/root/run/netns/${this.#name}`
    return ['setpriv', '--pdeathsig', 'KILL', 'nsenter', `--net=${namespace}`, ...argv]
  }

  #ip(...args: string[]): Promise<string> {
    return this.#host.exec(['ip', ...args])
  }
}

export type KeyPair = { folder: string; privateKey: string; publicKey: string }

/** Made by ssh-keygen in a folder that hosts see too. */
export async function generateKey(): Promise<KeyPair> {
  const folder = await mkdtemp(join(tmpdir(), 'caelum-demo-'))
  const privateKey = join(folder, 'key')
  await execute(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'caelum-demo', '-f', privateKey])
  return { folder, privateKey, publicKey: (await readFile(`${privateKey}.pub`, 'utf8')).trim() }
}

export const removeKey = (key: KeyPair): Promise<void> => rm(key.folder, { recursive: true, force: true })

export const sshCommand = (key: KeyPair, user: string, ip: string, command: string): string[] => [
  'ssh',
  ...['-i', key.privateKey, '-F', '/dev/null', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5'],
  ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'],
  `${user}@${ip}`,
  command,
]
