import type { WantedVm } from '@caelum/agent-protocol'
import type {
  CachedImage,
  DriverFacts,
  HypervisorDriver,
  Reboots,
  SeenDomain,
  StopOptions,
  WatchCallback,
} from '../src/hypervisor/driver.ts'
import { DriverFault } from '../src/hypervisor/driver.ts'

export type Verb =
  | 'list'
  | 'ensureDisk'
  | 'ensureNics'
  | 'define'
  | 'start'
  | 'stop'
  | 'remove'
  | 'rebootSoft'

/**
 * A hypervisor in memory, through the real driver interface. It outlives agents, as a real one does, and is strict:
 * two verbs at once for the same vm, or a rung left out, is an error of the loop.
 */
export class FakeDriver implements HypervisorDriver {
  domains = new Map<string, SeenDomain>()
  disks = new Map<string, string | null>()
  calls: string[] = []
  boots = new Map<string, number>()
  violations: string[] = []
  /** how the guest takes being asked: off at once, or never */
  obedient = true
  /** the daemon does not answer; guests run on */
  down = false
  softReboots: 'rebooted' | 'ignored' = 'rebooted'
  consoles = new Map<string, string>()
  #failures: { verb: Verb; when: 'before' | 'after'; fault: Error; id: string | undefined }[] = []
  #watchers = new Set<WatchCallback>()
  #busy = new Set<string>()

  failOnce(verb: Verb, options: { when?: 'before' | 'after'; fault?: Error; id?: string } = {}): void {
    const { when = 'before', fault = new DriverFault('failed', `${verb} failed`), id } = options
    this.#failures.push({ verb, when, fault, id })
  }

  ring(id: string | null): void {
    for (const watcher of this.#watchers) watcher(id)
  }

  /** What an operator does with virsh; or the guest itself. */
  destroyBehind(id: string, off_reason: SeenDomain['off_reason'] = 'host'): void {
    this.domains.set(id, { ...this.domains.get(id)!, power: 'stopped', off_reason })
    this.ring(id)
  }

  countOf(verb: Verb, id: string): number {
    return this.calls.filter(call => call === `${verb} ${id}`).length
  }

  open(): Promise<void> {
    return Promise.resolve()
  }
  close(): Promise<void> {
    this.#watchers.clear()
    return Promise.resolve()
  }
  facts(): Promise<DriverFacts> {
    return Promise.resolve({
      hypervisor_type: 'fake',
      hypervisor_version: 1,
      acceleration: 'none',
      vcpus: 4,
      ram_mb: 4096,
      disk_gb: 100,
      cpu_model: 'fake',
      arch: 'x86_64',
      hypervisor_up: true,
      capabilities: ['console'],
    })
  }
  list(): Promise<SeenDomain[]> {
    return this.#verb('list', '', () => [...this.domains.values()].map(domain => ({ ...domain })))
  }
  ensureDisk(vm: WantedVm, image: CachedImage | null): Promise<void> {
    return this.#verb('ensureDisk', vm.id, () => {
      if ((image === null) !== (vm.disk.image === null))
        this.violations.push('ensureDisk with the wrong image')
      if (!this.disks.has(vm.id)) this.disks.set(vm.id, image?.path ?? null)
      if (!this.domains.has(vm.id)) this.domains.set(vm.id, absent(vm.id))
    })
  }
  ensureNics(vm: WantedVm): Promise<void> {
    return this.#verb('ensureNics', vm.id, () =>
      this.#needs(this.disks.has(vm.id), 'ensureNics without disk'),
    )
  }
  define(vm: WantedVm, reboots: Reboots): Promise<void> {
    return this.#verb('define', vm.id, () => {
      this.#needs(this.disks.has(vm.id), 'define without disk')
      const had = this.domains.get(vm.id) ?? absent(vm.id)
      if (had.generation > vm.generation) throw new DriverFault('stale-generation', 'older')
      const power = had.power === 'absent' ? 'stopped' : had.power
      const off_reason = had.off_reason === 'guest' ? null : had.off_reason
      const { server_id, generation } = vm
      this.domains.set(vm.id, { ...had, power, off_reason, server_id, generation, reboots })
    })
  }
  start(id: string): Promise<void> {
    return this.#verb('start', id, () => {
      const had = this.domains.get(id)
      if (!had || had.generation === 0) throw new DriverFault('not-defined', 'no definition')
      if (had.power === 'running') return
      if (had.power !== 'paused') this.#boot(id)
      this.domains.set(id, { ...had, power: 'running', off_reason: null })
    })
  }
  async stop(id: string, { grace_ms, signal }: StopOptions): Promise<void> {
    if (grace_ms > 0 && !this.obedient) await waiting(grace_ms, signal)
    return this.#verb('stop', id, () => {
      const had = this.domains.get(id)
      if (had && had.power !== 'absent')
        this.domains.set(id, { ...had, power: 'stopped', off_reason: grace_ms > 0 ? 'guest' : 'host' })
    })
  }
  rebootSoft(id: string): Promise<'rebooted' | 'ignored'> {
    return this.#verb('rebootSoft', id, () => {
      if (this.softReboots === 'rebooted') this.#boot(id)
      return this.softReboots
    })
  }
  remove(id: string): Promise<void> {
    return this.#verb('remove', id, () => {
      this.domains.delete(id)
      this.disks.delete(id)
    })
  }
  console(id: string, lines: number | null): Promise<string> {
    const text = this.consoles.get(id) ?? ''
    return Promise.resolve(lines === null ? text : text.split('\n').slice(-lines).join('\n'))
  }
  watch(callback: WatchCallback): () => void {
    this.#watchers.add(callback)
    return () => this.#watchers.delete(callback)
  }
  imagesInUse(): Promise<Set<string>> {
    return Promise.resolve(new Set([...this.disks.values()].filter(path => path !== null)))
  }

  #boot(id: string): void {
    this.boots.set(id, (this.boots.get(id) ?? 0) + 1)
  }

  #needs(holds: boolean, violation: string): void {
    if (!holds) this.violations.push(violation)
  }

  async #verb<T>(verb: Verb, id: string, act: () => T): Promise<T> {
    if (id && this.#busy.has(id)) this.violations.push(`two verbs at once for ${id}`)
    this.#busy.add(id)
    this.calls.push(`${verb} ${id}`)
    try {
      await new Promise(resolve => setImmediate(resolve))
      if (this.down) throw new DriverFault('hypervisor-down', 'away')
      this.#maybeFail(verb, id, 'before')
      const result = act()
      this.#maybeFail(verb, id, 'after')
      return result
    } finally {
      this.#busy.delete(id)
      if (id) this.ring(id)
    }
  }

  #maybeFail(verb: Verb, id: string, when: 'before' | 'after'): void {
    const at = this.#failures.findIndex(
      failure => failure.verb === verb && failure.when === when && (!failure.id || failure.id === id),
    )
    if (at < 0) return
    const [failure] = this.#failures.splice(at, 1)
    throw failure!.fault
  }
}

const absent = (id: string): SeenDomain => ({
  id,
  server_id: null,
  generation: 0,
  reboots: { soft: 0, hard: 0 },
  power: 'absent',
  off_reason: null,
})

function waiting(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })
}
