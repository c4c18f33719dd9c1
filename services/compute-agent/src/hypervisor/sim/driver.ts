/**
 * A hypervisor that only writes down what a real one would do: for speed, for scale, and for faults that a real one
 * shows once a year. It runs in the real agent process and keeps the same contract as the libvirt driver, kill -9
 * included: its vms live in files and in time (`state.ts`), not in this process. Its knobs: `knobs.ts`.
 */
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { WantedVm } from '@caelum/agent-protocol'
import { type Clock, type Logger, systemClock } from '@caelum/kernel'
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
import { type Knobs, KnobsFile, type Verb } from './knobs.ts'
import { consoleOf, isStarting, newSimVm, nextChangeAt, type SimVm, seenOf, standingOf } from './state.ts'
import { SimStore } from './store.ts'

const KNOBS_POLL_MS = 250
/** longest wait that Node's timers take */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export interface SimDriverOptions {
  /** vms go to `<dataDir>/sim`, one file each; knobs are read from `<dataDir>/sim-knobs.json` */
  dataDir: string
  log: Logger
  clock?: Clock
}

export class SimDriver implements HypervisorDriver {
  private readonly options: SimDriverOptions
  private readonly store: SimStore
  private readonly knobsFile: KnobsFile
  private readonly watchers = new Set<WatchCallback>()
  private readonly timers = new Map<string, NodeJS.Timeout>()
  private poll: NodeJS.Timeout | null = null
  private knobs: Knobs | null = null

  constructor(options: SimDriverOptions) {
    this.options = options
    this.store = new SimStore(join(options.dataDir, 'sim'))
    this.knobsFile = new KnobsFile(join(options.dataDir, 'sim-knobs.json'), options.log)
  }

  async open(): Promise<void> {
    if (this.poll) return
    await mkdir(this.options.dataDir, { recursive: true, mode: 0o700 })
    await this.store.load()
    this.readKnobs()
    for (const vm of this.store.all()) this.schedule(vm)
    this.poll = setInterval(() => this.readKnobs(), KNOBS_POLL_MS)
  }

  async close(): Promise<void> {
    if (this.poll) clearInterval(this.poll)
    this.poll = null
    for (const timer of this.timers.values()) clearTimeout(timer)
    this.timers.clear()
  }

  async facts(): Promise<DriverFacts> {
    const { vcpus, ram_mb, disk_gb, up } = this.readKnobs()
    return {
      hypervisor_type: 'sim',
      hypervisor_version: 1_000_000,
      acceleration: 'none',
      vcpus,
      ram_mb,
      disk_gb,
      cpu_model: 'sim',
      arch: 'x86_64',
      hypervisor_up: up && this.poll !== null,
      capabilities: ['console', 'reboot_soft', 'reboot_hard'],
    }
  }

  list(): Promise<SeenDomain[]> {
    return this.verb('list', null, async ({ boot }) => {
      const now = this.now()
      return this.store
        .all()
        .filter(vm => !vm.foreign)
        .map(vm => seenOf(vm, boot, now))
    })
  }

  ensureDisk(wanted: WantedVm, image: CachedImage | null): Promise<void> {
    return this.verb('ensureDisk', wanted.id, async knobs => {
      if (image && !(await stat(image.path).catch(() => null))) {
        throw new DriverFault('image-missing', `no image at ${image.path}`)
      }
      const image_path = image?.path ?? null
      const before = this.own(wanted.id) ?? newSimVm(wanted.id)
      if (before.disk && before.disk.image_path !== image_path) {
        const over = before.disk.image_path ?? 'no image'
        throw new DriverFault('disk-other-image', `a disk over ${over} exists`, { permanent: true })
      }
      if (before.disk && before.disk.size_gb >= wanted.disk.size_gb) return
      await this.wait(knobs.disk_ms)
      this.save({ ...before, disk: { image_path, size_gb: wanted.disk.size_gb } })
    })
  }

  ensureNics(wanted: WantedVm): Promise<void> {
    return this.verb('ensureNics', wanted.id, async () => undefined)
  }

  define(wanted: WantedVm, reboots: Reboots): Promise<void> {
    return this.verb('define', wanted.id, async knobs => {
      const before = this.own(wanted.id) ?? newSimVm(wanted.id)
      const { definition } = before
      if (definition && definition.generation > wanted.generation) {
        const message = `generation ${definition.generation} is defined, ${wanted.generation} is older`
        throw new DriverFault('stale-generation', message)
      }
      const same =
        definition?.generation === wanted.generation &&
        definition.reboots.soft === reboots.soft &&
        definition.reboots.hard === reboots.hard
      if (same) return
      await this.wait(knobs.define_ms)
      const { server_id, generation } = wanted
      const { off_reason } = standingOf(before, knobs.boot, this.now())
      const run = off_reason === 'guest' ? null : before.run
      this.save({ ...before, run, definition: { server_id, generation, reboots: { ...reboots } } })
    })
  }

  start(id: string): Promise<void> {
    return this.verb('start', id, async ({ boot, start_ms, die_after_ms }) => {
      const vm = this.own(id)
      if (!vm?.definition) throw new DriverFault('not-defined', `vm ${id} is not defined`)
      const now = this.now()
      if (standingOf(vm, boot, now).power === 'running') return
      if (isStarting(vm, boot, now)) return this.wait((vm.run?.on_at ?? now) - now)
      const on_at = now + start_ms
      const off_at = die_after_ms === null ? null : on_at + die_after_ms
      const off_reason = off_at === null ? null : 'crashed'
      this.save({ ...vm, run: { boot, on_at, off_at, off_reason }, boots: vm.boots + 1 })
      await this.wait(start_ms)
    })
  }

  stop(id: string, { grace_ms, signal }: StopOptions): Promise<void> {
    return this.verb('stop', id, async ({ boot, shutdown_ms }) => {
      signal?.throwIfAborted()
      const vm = this.own(id)
      if (!vm?.run || !this.isOnOrStarting(vm, boot)) return
      if (grace_ms > 0) {
        const now = this.now()
        if (shutdown_ms !== null) {
          const off_at = Math.min(now + shutdown_ms, vm.run.off_at ?? Number.POSITIVE_INFINITY)
          this.save({ ...vm, run: { ...vm.run, off_at, off_reason: 'guest' } })
        }
        await this.wait(Math.min(shutdown_ms ?? grace_ms, grace_ms), signal)
      }
      const after = this.own(id)
      if (!after?.run || !this.isOnOrStarting(after, boot)) return
      const now = this.now()
      const on_at = Math.min(after.run.on_at, now)
      this.save({ ...after, run: { ...after.run, on_at, off_at: now, off_reason: 'host' } })
    })
  }

  remove(id: string): Promise<void> {
    return this.verb('remove', id, async () => {
      if (!this.own(id)) return
      clearTimeout(this.timers.get(id))
      this.timers.delete(id)
      await this.store.remove(id)
      this.emit(id)
    })
  }

  console(id: string, lines: number | null): Promise<string> {
    return this.verb('console', id, async () => {
      const vm = this.own(id)
      return vm ? consoleOf(vm, lines) : ''
    })
  }

  watch(callback: WatchCallback): () => void {
    this.watchers.add(callback)
    return () => this.watchers.delete(callback)
  }

  async imagesInUse(): Promise<Set<string>> {
    const paths = this.store.all().map(vm => vm.disk?.image_path ?? null)
    return new Set(paths.filter(path => path !== null))
  }

  rebootSoft(id: string, { grace_ms, signal }: StopOptions): Promise<'rebooted' | 'ignored'> {
    return this.verb('rebootSoft', id, async ({ boot, shutdown_ms }) => {
      signal?.throwIfAborted()
      const vm = this.own(id)
      if (!vm || standingOf(vm, boot, this.now()).power !== 'running') return 'ignored'
      await this.wait(Math.min(shutdown_ms ?? grace_ms, grace_ms), signal)
      const after = this.own(id)
      const obeys = shutdown_ms !== null && shutdown_ms <= grace_ms
      if (!obeys || !after || standingOf(after, boot, this.now()).power !== 'running') return 'ignored'
      this.save({ ...after, boots: after.boots + 1 })
      return 'rebooted'
    })
  }

  /** Does the work, unless the knobs say that the hypervisor is away or that this call fails. */
  private async verb<T>(verb: Verb, id: string | null, act: (knobs: Knobs) => Promise<T>): Promise<T> {
    const knobs = this.readKnobs()
    if (!this.poll) throw new DriverFault('hypervisor-down', 'the simulated hypervisor is not opened')
    if (!knobs.up) throw new DriverFault('hypervisor-down', 'the simulated hypervisor is away')
    const rule = this.knobsFile.takeRule(verb, id)
    if (rule?.takes_effect) await act(knobs)
    if (rule) throw new DriverFault('failed', rule.message, { permanent: rule.permanent })
    return act(knobs)
  }

  /** null where there is nothing; `foreign-domain` where it is somebody else's. */
  private own(id: string): SimVm | null {
    const vm = this.store.get(id)
    if (vm?.foreign) {
      throw new DriverFault('foreign-domain', `domain ${id} is not ours`, { permanent: true })
    }
    return vm
  }

  private isOnOrStarting(vm: SimVm, boot: number): boolean {
    const now = this.now()
    return standingOf(vm, boot, now).power === 'running' || isStarting(vm, boot, now)
  }

  private now(): number {
    return (this.options.clock ?? systemClock).now().getTime()
  }

  private async wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms <= 0) return
    await delay(ms, undefined, signal && { signal }).catch(() => signal?.throwIfAborted())
  }

  private save(vm: SimVm): void {
    this.store.save(vm)
    this.schedule(vm)
    this.emit(vm.id)
  }

  /** Tells of changes that come by themselves. */
  private schedule(vm: SimVm): void {
    clearTimeout(this.timers.get(vm.id))
    this.timers.delete(vm.id)
    const now = this.now()
    const at = nextChangeAt(vm, now)
    if (at === null) return
    const timer = setTimeout(
      () => {
        this.emit(vm.id)
        const current = this.store.get(vm.id)
        if (current) this.schedule(current)
      },
      Math.min(at - now, LONGEST_TIMER_MS),
    )
    this.timers.set(vm.id, timer)
  }

  private emit(id: string | null): void {
    if (this.knobs?.lose_events) return
    for (const callback of this.watchers) callback(id)
  }

  /** Turning the hypervisor back on, and a reboot, are told to everybody. */
  private readKnobs(): Knobs {
    const before = this.knobs
    const knobs = this.knobsFile.read()
    if (knobs === before) return knobs
    this.knobs = knobs
    if (before && ((!before.up && knobs.up) || before.boot !== knobs.boot)) this.emit(null)
    for (const id of knobs.crash) this.goOff(id, knobs.boot, 'crashed')
    for (const id of knobs.power_off) this.goOff(id, knobs.boot, 'guest')
    return knobs
  }

  private goOff(id: string, boot: number, off_reason: 'crashed' | 'guest'): void {
    const vm = this.store.get(id)
    const now = this.now()
    if (!vm?.run || vm.foreign || standingOf(vm, boot, now).power !== 'running') return
    this.save({ ...vm, run: { ...vm.run, off_at: now, off_reason } })
  }
}
