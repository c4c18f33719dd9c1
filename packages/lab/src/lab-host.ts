import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { removeCgroup } from './cgroup.ts'
import { run, tryRun } from './command.ts'
import { accepts, askDaemon } from './daemon-probe.ts'
import { underlayMac, writeHostFiles } from './host-files.ts'
import { cgroupOf, INSTANCE_MARK, type Instance, uplinkOf } from './instance.ts'
import { ovnSouthboundRemote } from './ovn-central.ts'
import { type Certificate, caDirOf, ensureCa, ensureCertificate } from './pki.ts'
import { until } from './poll.ts'
import type { ProcessSpec } from './process-spec.ts'
import { ensureUnderlay } from './underlay.ts'

/*
 * One compute host, played by namespaces of this machine: own network, file system view, process ids, host name and
 * cgroups; in it libvirtd, Open vSwitch and ovn-controller as on any host (sh/host-init.sh).
 *
 * The truth about a running host is the kernel's: its PID 1 lives and carries the host's mark. `dir` is its disk and
 * survives power failures; `runDir` holds only the hint where PID 1 is. Nothing is kept in this object, so any number of
 * processes may each have their own `LabHost` for the same host.
 */

const SCRIPTS = join(import.meta.dirname, '../sh')

export type HostStatus = {
  name: string
  ip: string
  /** as this machine sees it; null: off */
  pid: number | null
  uplink: 'up' | 'cut' | 'absent'
  libvirt: boolean
  openVSwitch: boolean
  /** connected to OVN's southbound database */
  ovn: boolean
}

export class LabHost {
  readonly name: string
  readonly ip: string
  /** kept across power failures */
  readonly dir: string
  /** for the compute agent's own state; the same path inside and outside */
  readonly agentDir: string
  readonly certificate: Certificate
  private readonly instance: Instance
  private readonly index: number
  private readonly runDir: string
  private readonly uplink: string
  private readonly cgroup: string
  private readonly mark: string

  constructor(instance: Instance, index: number) {
    if (!Number.isInteger(index) || index < 1 || index > 250) {
      throw new Error(`A lab host has a number from 1 to 250, not ${index}.`)
    }
    this.instance = instance
    this.index = index
    this.name = `host-${index}`
    this.ip = `${instance.underlay.prefix}.${index}`
    this.dir = join(instance.dataDir, 'lab', this.name)
    this.agentDir = join(this.dir, 'agent')
    this.runDir = join(instance.runDir, this.name)
    this.uplink = uplinkOf(instance.id, index)
    this.cgroup = `${cgroupOf(instance.id)}/${this.name}`
    this.mark = `${instance.id}/${this.name}`
    const pki = join(this.dir, 'etc/pki/host')
    this.certificate = { ca: join(pki, 'ca.pem'), cert: join(pki, 'cert.pem'), key: join(pki, 'key.pem') }
  }

  /** Everything a boot needs that is not the boot itself. Safe to repeat, also while the host runs. */
  async prepare(): Promise<void> {
    const { id, underlay, dataDir } = this.instance
    await ensureUnderlay(this.instance)
    await writeHostFiles(this.dir, {
      instanceId: id,
      name: this.name,
      index: this.index,
      ip: this.ip,
      prefix: underlay.prefix,
    })
    const names = { commonName: this.name, dns: [this.name], ips: [this.ip] }
    await ensureCertificate(await ensureCa(caDirOf(dataDir)), join(this.dir, 'etc/pki/host'), names)
  }

  /**
   * The host as a supervised process, after `prepare()`. It ends when the host loses power, however that came; SIGTERM
   * turns it off. When the supervisor dies the host lives on, and the next start finds it instead of booting another.
   */
  process(): ProcessSpec {
    return {
      name: this.name,
      argv: [join(SCRIPTS, 'host-boot.sh')],
      env: {
        [INSTANCE_MARK]: this.instance.id,
        HOST_NAME: this.name,
        HOST_MARK: this.mark,
        HOST_DIR: this.dir,
        HOST_RUN_DIR: this.runDir,
        HOST_CGROUP: this.cgroup,
        HOST_IP: this.ip,
        HOST_MAC: underlayMac(this.instance.id, this.index),
        DATA_DIR: this.instance.dataDir,
        UNDERLAY_BRIDGE: this.instance.underlay.bridge,
        UPLINK: this.uplink,
        OVN_SB: ovnSouthboundRemote(this.instance),
      },
      ready: async () => {
        const status = await this.status()
        return status.libvirt && status.openVSwitch && status.ovn
      },
      logFile: join(this.dir, 'log', 'boot.log'),
    }
  }

  /** A program inside the host, as a supervised process; it dies with the host. `argv[0]` as the host's PATH finds it. */
  processInside(spec: ProcessSpec): ProcessSpec {
    return { ...spec, argv: [join(SCRIPTS, 'in-host.sh'), this.runDir, this.mark, ...spec.argv] }
  }

  /** Boots without a supervisor (tests, repair); returns when libvirt, Open vSwitch and OVN are all there. */
  async up(timeoutMs = 30_000): Promise<void> {
    await this.prepare()
    const { argv, env, ready, logFile } = this.process()
    const log = openSync(logFile!, 'a')
    spawn(argv[0]!, argv.slice(1), {
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
      detached: true,
    }).unref()
    closeSync(log)
    await until(`${this.name} up (logs in ${this.dir}/log)`, ready, timeoutMs)
  }

  /** A power failure: everything in it is gone at once. A supervisor boots it again. False: it was off. */
  async kill(): Promise<boolean> {
    const pid = await this.pid()
    if (pid === null) return false
    process.kill(pid, 'SIGKILL')
    await until(`${this.name} off`, async () => (await this.pid()) !== pid, 10_000)
    return true
  }

  /** Turns it off and removes what the machine still has of it. Its disk stays. Nobody may be booting it. */
  async down(): Promise<void> {
    await this.kill()
    await tryRun(['ip', 'link', 'delete', this.uplink])
    await until(
      `${this.cgroup} empty`,
      () =>
        removeCgroup(this.cgroup).then(
          () => true,
          () => false,
        ),
      10_000,
    )
    await rm(this.runDir, { recursive: true, force: true })
  }

  /** Takes the underlay's cable out; the host runs on. `join` (or a boot) puts it back. */
  async cut(): Promise<void> {
    await run(['ip', 'link', 'set', this.uplink, 'down'])
  }

  async join(): Promise<void> {
    await run(['ip', 'link', 'set', this.uplink, 'up'])
  }

  async status(): Promise<HostStatus> {
    const pid = await this.pid()
    const status: HostStatus = {
      name: this.name,
      ip: this.ip,
      pid,
      uplink: await this.uplinkState(),
      libvirt: false,
      openVSwitch: false,
      ovn: false,
    }
    if (pid === null) return status
    const root = `/proc/${pid}/root`
    const ovnControl = await this.controlSocket(`${root}/run/ovn`, 'ovn-controller')
    const [libvirt, openVSwitch, ovn] = await Promise.all([
      accepts(`${root}/run/libvirt/libvirt-sock`),
      accepts(`${root}/run/openvswitch/db.sock`),
      ovnControl === null ? null : askDaemon(ovnControl, 'connection-status'),
    ])
    return { ...status, libvirt, openVSwitch, ovn: ovn === 'connected' }
  }

  /** The process id of the host's PID 1 as this machine sees it; null when the host is off. */
  async pid(): Promise<number | null> {
    try {
      const pid = Number(await readFile(join(this.runDir, 'pid'), 'utf8'))
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8')
      return environment.split('\0').includes(`HOST_MARK=${this.mark}`) ? pid : null
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === 'ENOENT' || code === 'ESRCH') return null
      throw error
    }
  }

  /** Starts a command inside. The returned child is a handle that dies, and is signalled, with the command. */
  spawn(argv: readonly string[], env: Record<string, string> = {}, logFile?: string): ChildProcess {
    const log = logFile === undefined ? null : openSync(logFile, 'a')
    const [script, ...rest] = this.inside(argv)
    const child = spawn(script, rest, {
      env: { ...process.env, ...env },
      stdio: log === null ? ['ignore', 'pipe', 'pipe'] : ['ignore', log, log],
    })
    if (log !== null) closeSync(log)
    return child
  }

  /** Runs a command inside to its end; returns its stdout. */
  exec(argv: readonly string[], options: { timeoutMs?: number } = {}): Promise<string> {
    return run(this.inside(argv), options)
  }

  private inside(argv: readonly string[]): [string, ...string[]] {
    return [join(SCRIPTS, 'in-host.sh'), this.runDir, this.mark, ...argv]
  }

  private async uplinkState(): Promise<HostStatus['uplink']> {
    const flags = await readFile(`/sys/class/net/${this.uplink}/flags`, 'utf8').catch(() => null)
    if (flags === null) return 'absent'
    return (Number(flags) & 1) === 1 ? 'up' : 'cut'
  }

  /** Control sockets carry the daemon's process id in their name, and it is the host's own numbering. */
  private async controlSocket(dir: string, daemon: string): Promise<string | null> {
    const pid = await readFile(join(dir, `${daemon}.pid`), 'utf8').catch(() => null)
    return pid === null ? null : join(dir, `${daemon}.${pid.trim()}.ctl`)
  }
}
