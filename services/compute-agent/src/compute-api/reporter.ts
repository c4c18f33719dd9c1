/**
 * Tells compute what is here. One report is under way at a time; what changes meanwhile goes into the next one, with
 * the facts as they are when it is written, so a burst of changes costs a few reports and the last word is always the
 * newest. `seq` rises with every attempt; a report whose answer was lost is simply written again.
 *
 * Facts go out at once; a vm that only went from one step to the next waits a little, because it is likely to be
 * further by then. Everything goes out every `fullEveryMs`, which alone would be enough.
 *
 * Host facts and strays go with full reports, in their first part. A report that is refused means that a newer agent
 * owns this host: then nothing is ever sent again.
 */
import type { HostFacts, Report, SeenVm } from '@caelum/agent-protocol'
import type { Logger } from '@caelum/kernel'
import { point } from '@caelum/reconcile/crash'
import type { ComputeApi } from './client.ts'
import { Patience } from './patience.ts'

export interface ReporterOptions {
  api: Pick<ComputeApi, 'report'>
  log: Logger
  epoch: number
  hostFacts(): Promise<HostFacts>
  source: {
    ids(): string[]
    facts(id: string): SeenVm | null
    strays(): Report['strays']
    accepted(facts: readonly SeenVm[]): void
  }
  onRefused(): void
  fullEveryMs?: number
  /** time in which facts that change together are gathered, ms */
  gatherMs?: number
  /** how long a mere change of step may wait, ms */
  stepDelayMs?: number
}

/** vms in one report: some hundred KB of JSON */
const MAX_VMS = 500

export class Reporter {
  #options: Required<ReporterOptions>
  #patience: Patience
  #changed = new Set<string>()
  /** something in `#changed` is not to wait */
  #urgent = true
  #fullDue = true
  #seq = 0
  #wake: () => void = () => undefined
  #later: NodeJS.Timeout | null = null

  constructor(options: ReporterOptions) {
    this.#options = { fullEveryMs: 10_000, gatherMs: 5, stepDelayMs: 500, ...options }
    this.#patience = new Patience(options.log, 'report')
  }

  tell(id: string, news: 'facts' | 'step'): void {
    this.#changed.add(id)
    if (news === 'facts') this.#hurry()
    else this.#later ??= setTimeout(() => this.#hurry(), this.#options.stepDelayMs)
  }

  #hurry(): void {
    this.#urgent = true
    this.#wake()
  }

  /** Reports until `signal` is aborted or a report is refused. */
  async run(signal: AbortSignal): Promise<void> {
    const { fullEveryMs, gatherMs } = this.#options
    const full = setInterval(() => {
      this.#fullDue = true
      this.#hurry()
    }, fullEveryMs)
    try {
      while (!signal.aborted) {
        await this.#woken(signal)
        await this.#pause(gatherMs, signal)
        if (!signal.aborted && !(await this.#send(signal))) return
      }
    } finally {
      clearInterval(full)
      clearTimeout(this.#later ?? undefined)
    }
  }

  /** @returns false when refused */
  async #send(signal: AbortSignal): Promise<boolean> {
    const { api, epoch, hostFacts, source } = this.#options
    const full = this.#fullDue
    this.#fullDue = false
    this.#urgent = false
    clearTimeout(this.#later ?? undefined)
    this.#later = null
    const ids = full ? source.ids() : [...this.#changed]
    this.#changed.clear()
    try {
      const host = full ? await hostFacts() : null
      for (let at = 0; at === 0 || at < ids.length; at += MAX_VMS) {
        const vms = ids.slice(at, at + MAX_VMS).flatMap(id => source.facts(id) ?? [])
        if (vms.length === 0 && (!host || at > 0)) continue
        const first = at === 0
        const strays = first && host ? source.strays() : []
        point('agent.report.before')
        const report = { epoch, seq: ++this.#seq, host: first ? host : null, vms, strays }
        const { accepted } = await api.report(report, signal)
        point('agent.report.after')
        if (!accepted) {
          this.#options.onRefused()
          return false
        }
        source.accepted(vms)
      }
      this.#patience.succeeded()
    } catch (error) {
      for (const id of ids) this.#changed.add(id)
      this.#fullDue ||= full
      this.#urgent = true
      await this.#patience.failed(error, signal)
    }
    return true
  }

  #woken(signal: AbortSignal): Promise<void> {
    return this.#until(signal, done => {
      this.#wake = done
      if (this.#urgent) done()
    })
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return this.#until(signal, done => setTimeout(done, ms))
  }

  #until(signal: AbortSignal, begin: (done: () => void) => void): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        signal.removeEventListener('abort', done)
        resolve()
      }
      signal.addEventListener('abort', done)
      if (signal.aborted) done()
      else begin(done)
    })
  }
}
