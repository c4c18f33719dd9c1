/**
 * The loop of the host: for every wanted vm a walk from what is here to what is wanted, one step at a time.
 *
 * Who wakes a walk: a changed want, an event of the hypervisor, the end of a pause after a fault, and a full look every
 * `lookEveryMs`, which alone would be enough. There is one walk per vm at a time; being woken meanwhile means one more
 * look at its end. Walks of different vms run side by side, their heavy steps bounded by slots.
 *
 * What is kept in memory is only a cache of what the hypervisor and compute say: killed at any instant, the next
 * process finds the same place with one `list` and one `wanted`.
 *
 * Faults. A transient one is tried again with jittered backoff for as long as the want stands, climbing from the
 * bottom. A permanent one is reported and rests until the generation changes. A new generation clears both. An event
 * never shortens a pause (a guest that dies at every start sends one each time); the return of the hypervisor does,
 * for those that waited for it.
 *
 * Not ours to touch: a domain that nobody wants here is reported as a stray and left alone.
 */
import type { SeenVm, WantedReply } from '@caelum/agent-protocol'
import type { Logger } from '@caelum/kernel'
import { backoffMs } from '@caelum/reconcile/loop'
import type { SeenDomain } from '../hypervisor/driver.ts'
import { Entry, INTERRUPTED } from './entry.ts'
import { faultOf } from './facts.ts'
import { Sight } from './sight.ts'
import { after, isOn, next, type Step, wentOffByItself } from './state.ts'
import { type Hands, perform } from './step.ts'
import { Wanted } from './wanted.ts'

export interface LoopOptions extends Hands {
  log: Logger
  /** what is known of this vm changed: its facts, or only the step it is at */
  onNews(id: string, news: 'facts' | 'step'): void
  lookEveryMs?: number
  /** pause after failed try number `tries`, ms */
  pauseMs?: (tries: number) => number
  /** a guest that goes off sooner than this after its start is started again with growing pauses, ms */
  shortLifeMs?: number
}

export class VmLoop {
  readonly wanted = new Wanted()
  #options: Required<LoopOptions>
  #sight: Sight
  #entries = new Map<string, Entry>()
  #domains = new Map<string, SeenDomain>()
  /** id of a removed vm → number of the look after which it may be seen again */
  #removed = new Map<string, number>()
  #looks = 0
  #walks = new Map<string, Promise<void>>()
  #closed = false
  #timer: NodeJS.Timeout | undefined
  #telling: NodeJS.Immediate | null = null
  #unwatch: () => void = () => undefined

  constructor(options: LoopOptions) {
    this.#options = { lookEveryMs: 10_000, pauseMs: backoffMs, shortLifeMs: 60_000, ...options }
    this.#sight = new Sight(options.driver)
  }

  start(): void {
    this.#unwatch = this.#options.driver.watch(id => {
      if (id === null) void this.#lookAtAll(true)
      else this.#wake(id)
    })
    void this.#lookNowAndThen()
  }

  /** Begins nothing more, ends waiting and lets steps under way finish. Guests stay as they are. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#unwatch()
    for (const entry of this.#entries.values()) entry.end()
    await Promise.all(this.#walks.values())
  }

  /** Takes in what compute wants. */
  want(reply: WantedReply): void {
    const { changed, dropped } = this.wanted.apply(reply)
    for (const id of dropped) this.#drop(id)
    for (const id of changed) {
      const want = this.wanted.get(id)!
      const entry = this.#entries.get(id)
      if (!entry) this.#entries.set(id, new Entry(want))
      else {
        entry.change(want)
        if (entry.looked) entry.step = this.#next(entry).do
      }
      this.#wake(id)
    }
    this.#tellNetwork()
  }

  /** Compute has taken these facts in: what it knows to be gone is forgotten. */
  accepted(facts: readonly SeenVm[]): void {
    for (const { id, power } of facts) {
      if (power !== 'gone' || this.wanted.get(id)?.power !== 'gone') continue
      this.wanted.forget(id)
      this.#drop(id)
    }
  }

  /** null while nothing is known of it */
  facts(id: string): SeenVm | null {
    return this.#entries.get(id)?.facts() ?? null
  }

  ids(): string[] {
    return [...this.#entries.keys()]
  }

  /** Is there, or should there be, a vm of ours with this id here? */
  knows(id: string): boolean {
    return this.#entries.has(id) || this.#domains.has(id)
  }

  /** Domains of ours that nobody wants here; empty until compute has told everything that it wants. */
  strays(): { id: string; name: string; power: string }[] {
    if (!this.wanted.complete) return []
    return [...this.#domains.values()]
      .filter(domain => !this.#entries.has(domain.id))
      .map(({ id, server_id, power }) => ({ id, name: server_id ?? id, power }))
  }

  #drop(id: string): void {
    this.#entries.get(id)?.end()
    this.#entries.delete(id)
  }

  /** Soon, and once for all that changes meanwhile. */
  #tellNetwork(): void {
    this.#telling ??= setImmediate(() => {
      this.#telling = null
      // with half a picture the networks of the other half would be taken down
      if (!this.wanted.complete || this.#closed) return
      const on = new Set<string>()
      for (const { want, seen } of this.#entries.values()) if (isOn(seen)) on.add(want.id)
      const here = this.wanted.all().filter(vm => vm.power !== 'gone')
      this.#options.network.want(here, on)
    })
  }

  async #lookNowAndThen(): Promise<void> {
    await this.#lookAtAll(false)
    if (!this.#closed) this.#timer = setTimeout(() => void this.#lookNowAndThen(), this.#options.lookEveryMs)
  }

  /** One list for all; walks begin only where something is to be done. `returned`: the hypervisor was away. */
  async #lookAtAll(returned: boolean): Promise<void> {
    const look = ++this.#looks
    try {
      this.#domains = new Map(await this.#sight.fresh())
    } catch (error) {
      this.#options.log.warn({ fault: faultOf(error) }, 'the hypervisor could not be looked at')
      return
    }
    for (const [id, at] of this.#removed) {
      if (at >= look) this.#domains.delete(id)
      else this.#removed.delete(id)
    }
    for (const [id, entry] of this.#entries) {
      if (returned && entry.blind) entry.endPause()
      if (entry.walking || entry.actedAt >= look) continue
      entry.seen = this.#domains.get(id) ?? null
      entry.looked = true
      if (!entry.paused && !entry.fault?.permanent) {
        entry.step = this.#next(entry).do
        if (entry.step === 'rest') this.#rest(entry)
        else this.#wake(id)
      }
      this.#tell(entry)
    }
    this.#tellNetwork()
  }

  #next({ want, seen, climbed }: Entry): Step {
    return next(want, seen, climbed, { softReboot: this.#options.driver.rebootSoft !== undefined })
  }

  #wake(id: string): void {
    const entry = this.#entries.get(id)
    if (!entry || this.#closed) return
    entry.woken = true
    if (entry.walking) return
    entry.walking = true
    const walk = this.#walk(entry, this.#walks.get(id)).finally(() => {
      if (this.#walks.get(id) === walk) this.#walks.delete(id)
    })
    this.#walks.set(id, walk)
  }

  #isCurrent(entry: Entry): boolean {
    return !this.#closed && this.#entries.get(entry.want.id) === entry
  }

  /** `before`: what is left of a walk from before this vm was dropped and wanted again */
  async #walk(entry: Entry, before: Promise<void> | undefined): Promise<void> {
    await before
    while (entry.woken && this.#isCurrent(entry)) {
      entry.woken = false
      if (await this.#look(entry)) await this.#climb(entry)
    }
    entry.walking = false
  }

  /** @returns whether there may be something to do now */
  async #look(entry: Entry): Promise<boolean> {
    try {
      entry.seen = (await this.#sight.fresh()).get(entry.want.id) ?? null
    } catch (error) {
      // what rested stays as it was last seen: nothing new is known
      if (!entry.rested) this.#fail(entry, error)
      else this.#pause(entry)
      entry.blind = true
      return false
    }
    entry.looked = true
    entry.actedAt = this.#looks
    if (entry.paused || entry.fault?.permanent) {
      this.#tell(entry)
      return false
    }
    return !this.#diedYoung(entry)
  }

  /** Step by step until there is nothing to do or something went wrong. */
  async #climb(entry: Entry): Promise<void> {
    while (this.#isCurrent(entry)) {
      const { want } = entry
      const step = this.#next(entry)
      entry.step = step.do
      if (step.do === 'rest') this.#rest(entry)
      this.#tell(entry)
      if (step.do === 'rest') return
      try {
        await this.#act(entry, step)
      } catch (error) {
        // the failure of something that is no longer wanted is no failure
        if (error === INTERRUPTED || entry.want.generation !== want.generation) entry.woken = true
        else this.#fail(entry, error)
        return
      }
    }
  }

  async #act(entry: Entry, step: Step): Promise<void> {
    const { want, signal } = entry
    const begun = performance.now()
    const climbed = await perform(step, want, entry.climbed, this.#options, signal)
    const ms = Math.round(performance.now() - begun)
    const { id: vm, generation, request_id } = want
    this.#options.log.info({ vm, generation, step: step.do, ms, request_id }, 'step')
    const now = after(step, want, entry.seen, climbed)
    entry.seen = now.seen
    entry.actedAt = this.#looks
    entry.fault = null
    // what was climbed for an older want says nothing about the newer one
    if (entry.want.generation === generation) entry.climbed = now.climbed
    if (step.do === 'remove') {
      this.#domains.delete(vm)
      this.#removed.set(vm, this.#looks)
    }
    if (step.do === 'start') {
      entry.startedAt = Date.now()
      this.#tellNetwork()
    }
  }

  /** A guest that rested on is off and not of its own will. Says so; true: it died young and waits before its next start. */
  #diedYoung(entry: Entry): boolean {
    const { want, seen, startedAt } = entry
    if (!entry.rested || want.power !== 'running' || !seen || isOn(seen)) return false
    if (wentOffByItself(want, seen)) return false
    entry.rested = false
    const context = {
      vm: want.id,
      generation: want.generation,
      power: seen.power,
      off_reason: seen.off_reason,
    }
    this.#options.log.warn(context, 'the guest is off but wanted running: it is started again')
    if (Date.now() - startedAt > this.#options.shortLifeMs) return false
    entry.step = 'start'
    this.#pause(entry)
    this.#tell(entry)
    return true
  }

  #fail(entry: Entry, error: unknown): void {
    const { id: vm, generation, request_id } = entry.want
    entry.fault = faultOf(error)
    entry.climbed = {}
    entry.rested = false
    const context = {
      vm,
      generation,
      request_id,
      step: entry.step,
      tries: entry.tries + 1,
      fault: entry.fault,
    }
    if (entry.fault.permanent) {
      this.#options.log.warn(context, 'impossible here: resting until something else is wanted')
    } else {
      this.#options.log.warn(context, 'a step failed and will be tried again')
      this.#pause(entry)
      entry.blind = ['hypervisor-down', 'timeout'].includes(entry.fault.code)
    }
    this.#tell(entry)
  }

  #pause(entry: Entry): void {
    entry.tries += 1
    if (this.#isCurrent(entry))
      entry.pause(this.#options.pauseMs(entry.tries), () => this.#wake(entry.want.id))
  }

  #rest(entry: Entry): void {
    entry.climbed = entry.climbed.removed ? { removed: true } : {}
    entry.fault = null
    entry.rested = true
    if (Date.now() - entry.startedAt > this.#options.shortLifeMs) entry.tries = 0
  }

  #tell(entry: Entry): void {
    const news = entry.news()
    if (!news) return
    const { id: vm, generation } = entry.want
    if (news === 'facts' && entry.facts()?.guest_off)
      this.#options.log.info(
        { vm, generation },
        'the guest switched itself off: it stays off until it is wanted anew',
      )
    this.#options.onNews(vm, news)
  }
}
