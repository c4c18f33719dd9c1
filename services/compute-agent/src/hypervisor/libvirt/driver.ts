/**
 * The hypervisor driver for libvirt with QEMU.
 *
 * Truth lies in three places, all of which survive us: libvirtd's stored definitions (with our mark in `<metadata>`),
 * the guests' processes, and one folder of files per vm. This object remembers nothing but its connection, so there is
 * nothing to recover: every verb begins by looking. Orders that matter, because we may die between any two calls:
 *
 *   define   folder and disk first, definition last: what is defined can be started. libvirt remembers why a domain went
 *            off for as long as it knows the domain; to make it forget, it is undefined first. Killed in between, a
 *            listing shows the files alone, and the climb begins anew
 *   remove   guest, definition, ports, folder: while anything is left, a listing shows it and `remove` comes again
 *
 * What dies around us: libvirtd (guests run on; `session.ts` connects again; calls in between fail with
 * `hypervisor-down` and their effect is unknown, which looking resolves), the host (definitions stay, guests are off;
 * or a fresh libvirt knows nothing, and only the folders tell), a guest (an event, or the next listing).
 */
import { mkdir, statfs } from 'node:fs/promises'
import { cpus, machine, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { WantedVm } from '@caelum/agent-protocol'
import type { Logger } from '@caelum/kernel'
import {
  type AccelerationProbe,
  cachedAcceleration,
  type DomainRef,
  renderDomain,
  UNDEFINE_CHECKPOINTS_METADATA,
  UNDEFINE_MANAGED_SAVE,
  UNDEFINE_NVRAM,
  UNDEFINE_SNAPSHOTS_METADATA,
} from '@caelum/libvirt'
import type {
  CachedImage,
  DriverFacts,
  HypervisorDriver,
  Reboots,
  SeenDomain,
  StopOptions,
  WatchCallback,
} from '../driver.ts'
import { DriverFault } from '../fault.ts'
import { readConsole } from './console.ts'
import { ensureDisk, imageUnder } from './disk.ts'
import { faultFrom, isLibvirt } from './faults.ts'
import { VmFiles } from './files.ts'
import { findOwned, seeDomain } from './owned.ts'
import { ensureBridge, removePorts } from './ports.ts'
import { powerOf } from './power.ts'
import { type Pair, Session } from './session.ts'
import { domainName, mayBeOurs, specOf } from './spec.ts'
import { rebootByGuest, shutDown, switchOff, switchOn } from './switching.ts'
import { Terminated } from './terminated.ts'

const CAPABILITIES = ['console', 'reboot_soft', 'reboot_hard']
const UNDEFINE_ALL =
  UNDEFINE_MANAGED_SAVE | UNDEFINE_SNAPSHOTS_METADATA | UNDEFINE_NVRAM | UNDEFINE_CHECKPOINTS_METADATA
/** a start that outlived its agent may bring a domain back once */
const REMOVE_ROUNDS = 3

export interface LibvirtDriverOptions {
  socketPath: string
  /** `qemu:///system` unless told */
  uri?: string
  /** disks and consoles go to `<dataDir>/vms`; libvirt must see the same path */
  dataDir: string
  /** the Open vSwitch database, e.g. `unix:/run/openvswitch/db.sock` */
  ovsdb: string
  /** `br-int` unless told */
  bridge?: string
  /** unless told, a guest is booted to find out whether KVM works here */
  acceleration?: 'kvm' | 'tcg'
  /** silence of libvirtd, in intervals, after which it counts as gone; 3 of 2 s unless told */
  keepalive?: { intervalMs: number; count: number }
  log: Logger
}

export class LibvirtDriver implements HypervisorDriver {
  private readonly options: LibvirtDriverOptions
  private readonly bridge: string
  private readonly session: Session
  private readonly files: VmFiles
  private readonly terminated: Terminated
  private probe: Promise<AccelerationProbe> | null = null
  private hypervisorVersion = 0

  constructor(options: LibvirtDriverOptions) {
    const { socketPath, uri = 'qemu:///system', keepalive = { intervalMs: 2_000, count: 3 }, log } = options
    this.options = options
    this.bridge = options.bridge ?? 'br-int'
    this.session = new Session({ socketPath, uri, keepalive, log })
    this.files = new VmFiles(options.dataDir)
    this.terminated = new Terminated(this.session)
  }

  async open(wait_ms: number): Promise<void> {
    await mkdir(this.options.dataDir, { recursive: true, mode: 0o711 })
    const probed = Promise.race([this.acceleration(), delay(wait_ms, undefined, { ref: false })])
    await Promise.all([this.session.open(wait_ms), probed])
  }

  async close(): Promise<void> {
    await this.session.close()
  }

  async facts(): Promise<DriverFacts> {
    const hypervisor_up = this.session.up
    if (hypervisor_up) this.hypervisorVersion = this.session.get().hypervisorVersion
    const space = await statfs(this.options.dataDir).catch(() => null)
    return {
      hypervisor_type: 'QEMU',
      hypervisor_version: this.hypervisorVersion,
      acceleration: await this.acceleration(),
      vcpus: cpus().length,
      ram_mb: Math.floor(totalmem() / 2 ** 20),
      disk_gb: space ? Math.floor((space.blocks * space.bsize) / 2 ** 30) : 0,
      cpu_model: cpus()[0]?.model ?? 'unknown',
      arch: machine(),
      hypervisor_up,
      capabilities: [...CAPABILITIES],
    }
  }

  list(): Promise<SeenDomain[]> {
    return faulting(async () => {
      const { look } = this.session.get()
      const folders = await this.files.list()
      const domains = await look.listDomains()
      const seen = await Promise.all(domains.map(domain => seeDomain(look, domain)))
      const defined = new Set(domains.map(domain => domain.uuid))
      const absent = folders.filter(id => !defined.has(id)).map(onlyFiles)
      const known = seen.filter(domain => domain !== null).map(domain => this.terminated.correct(domain))
      return [...known, ...absent]
    })
  }

  ensureDisk(vm: WantedVm, image: CachedImage | null): Promise<void> {
    return faulting(async () => {
      await this.files.make(vm.id)
      await ensureDisk(this.files.disk(vm.id), vm.disk, image)
    })
  }

  ensureNics(vm: WantedVm): Promise<void> {
    return faulting(async () => {
      if (vm.nics.length > 0) await ensureBridge(this.options.ovsdb, this.bridge)
    })
  }

  define(vm: WantedVm, reboots: Reboots): Promise<void> {
    return faulting(async () => {
      const pair = this.session.get()
      const found = await findOwned(pair.look, vm.id)
      const mark = found && !found.transient ? found.mark : null
      if (mark && mark.generation > vm.generation) {
        const message = `generation ${mark.generation} is defined, ${vm.generation} is older`
        throw new DriverFault('stale-generation', message)
      }
      const same =
        mark?.generation === vm.generation &&
        mark.reboots_soft === reboots.soft &&
        mark.reboots_hard === reboots.hard
      if (same) return
      const places = {
        acceleration: await this.acceleration(),
        bridge: this.bridge,
        diskPath: this.files.disk(vm.id),
        consolePath: this.files.console(vm.id),
      }
      await this.files.make(vm.id)
      if (found && !found.transient) await forgetShutdown(pair, found.domain)
      try {
        await pair.work.define(renderDomain(specOf(vm, reboots, places)))
      } catch (error) {
        throw isLibvirt(error, 'OPERATION_FAILED') ? await nameTaken(pair, vm.id, error) : error
      }
    })
  }

  start(id: string): Promise<void> {
    return faulting(async () => {
      const pair = this.session.get()
      const found = await findOwned(pair.look, id)
      if (!found) throw new DriverFault('not-defined', `vm ${id} is not defined`)
      await switchOn(pair, found.domain)
    })
  }

  stop(id: string, options: StopOptions): Promise<void> {
    return faulting(async () => {
      const pair = this.session.get()
      const found = await findOwned(pair.look, id)
      if (!found) return
      if (options.grace_ms > 0 && (await shutDown(this.session, found.domain, options))) return
      await switchOff(pair, found.domain)
    }, options.signal)
  }

  remove(id: string): Promise<void> {
    return faulting(async () => {
      const pair = this.session.get()
      for (let round = 1; ; round++) {
        const found = await findOwned(pair.look, id)
        if (!found) break
        if (round > REMOVE_ROUNDS)
          throw new DriverFault('failed', `domain ${found.domain.name} keeps coming back`)
        await switchOff(pair, found.domain)
        if (!found.transient) await undefine(pair, found.domain)
      }
      await removePorts(this.options.ovsdb, id)
      await this.files.remove(id)
    })
  }

  console(id: string, lines: number | null): Promise<string> {
    return faulting(() => readConsole(this.files.console(id), lines))
  }

  watch(callback: WatchCallback): () => void {
    return this.session.onEvent(event => {
      if (event === null) callback(null)
      else if (mayBeOurs(event.name)) callback(event.uuid)
    })
  }

  imagesInUse(): Promise<Set<string>> {
    return faulting(async () => {
      const ids = await this.files.list()
      const images = await Promise.all(ids.map(id => imageUnder(this.files.disk(id))))
      return new Set(images.filter(path => path !== null))
    })
  }

  rebootSoft(id: string, options: StopOptions): Promise<'rebooted' | 'ignored'> {
    return faulting(async () => {
      const found = await findOwned(this.session.get().look, id)
      return found ? rebootByGuest(this.session, found.domain, options) : 'ignored'
    }, options.signal)
  }

  private async acceleration(): Promise<'kvm' | 'tcg'> {
    if (this.options.acceleration) return this.options.acceleration
    this.probe ??= cachedAcceleration(join(this.options.dataDir, 'acceleration.json'))
    return (await this.probe).acceleration
  }
}

/** An aborted wait rejects with its signal's reason, everything else with a `DriverFault`. */
const faulting = async <T>(act: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
  try {
    signal?.throwIfAborted()
    return await act()
  } catch (error) {
    throw signal?.aborted && error === signal.reason ? error : faultFrom(error)
  }
}

const onlyFiles = (id: string): SeenDomain => ({
  id,
  server_id: null,
  generation: 0,
  reboots: { soft: 0, hard: 0 },
  power: 'absent',
  off_reason: null,
})

/** After: libvirt does not know any more that this domain, now off, shut itself down; it may not know the domain either. */
const forgetShutdown = async (pair: Pair, domain: DomainRef): Promise<void> => {
  const { off_reason } = powerOf(await pair.look.state(domain))
  if (off_reason === 'guest') await undefine(pair, domain)
}

const undefine = async ({ work }: Pair, domain: DomainRef): Promise<void> => {
  try {
    await work.undefine(domain, UNDEFINE_ALL)
  } catch (error) {
    if (!isLibvirt(error, 'NO_DOMAIN')) throw error
  }
}

/** libvirt refuses a known name under another UUID; `refusal` unless that is the case. */
const nameTaken = async ({ look }: Pair, id: string, refusal: unknown): Promise<unknown> => {
  const name = domainName(id)
  const holder = await look.lookupByName(name).catch(() => null)
  if (!holder || holder.uuid === id) return refusal
  const message = `the name ${name} belongs to domain ${holder.uuid}`
  return new DriverFault('foreign-domain', message, { permanent: true, cause: refusal })
}
