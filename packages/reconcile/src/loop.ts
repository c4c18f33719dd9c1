/**
 * The loop every reconciled resource runs: take the lease, then `load → next step → do it → save`, until it rests.
 *
 * Who wakes it: a bell (soon after a change) and the sweep (every `sweepMs`: ids whose seen generation lags, whose
 * retry time has come, whose report is too old). The sweep is the only recovery code and is the normal path too.
 *
 * The lease saves two processes from doing the same step at the same time; it is not what makes the step right.
 * Steps are `ensure...`: safe twice and safe half done; saves are compare-and-set. The lease is short and renewed
 * while we walk: if we die here it runs out within `leaseMs`, and the sweep finds the id again.
 *
 * A step that throws is a transient failure: tries + 1, `next_try_at` with jittered backoff up to five minutes, and
 * the user-visible status stays. A permanent failure is not an exception: the step records a fault and rests.
 */
import type { Logger } from '@caelum/kernel'
import type { Bell } from './bell.ts'

export type StepOutcome =
  /** nothing to do until want changes or somebody rings */
  | 'rest'
  /** progress was made: look again at once */
  | 'again'
  /** somebody else has to act (an agent, another service): they will ring, and the sweep looks after `sweepMs` */
  | 'wait'

export interface StepReport<View> {
  name: string
  outcome: StepOutcome
  generation?: number
  /** there was nothing to do: not worth a line in the log */
  idle?: boolean
  /** the row as the step left it, where its save told; the next step begins from it instead of looking again */
  view?: View | undefined
}

/** What the store of a reconciled resource offers the loop. */
export interface Ledger<View> {
  /** ids that need a look and whose retry time has come, oldest first; never those that rest */
  due(limit: number): Promise<string[]>
  /**
   * @returns the row; null: somebody holds the lease, or there is no such row. A bell may come before the retry time
   * and counts.
   */
  acquire(id: string, leaseMs: number): Promise<View | null>
  /** the holder is alive and needs more time; nothing happens when the lease was ended meanwhile */
  renew(id: string, leaseMs: number): Promise<void>
  /** ends the lease after success; tries go back to 0 and `next_try_at` is `retryMs` from now, or null */
  release(id: string, retryMs: number | null): Promise<void>
  /** ends the lease after a failure; @returns the number of tries so far */
  fail(id: string, error: string, backoffMs: (tries: number) => number): Promise<number>
}

export interface LoopOptions<View> {
  /** e.g. `server`; for the log */
  kind: string
  ledger: Ledger<View>
  bell: Bell
  log: Logger
  /** does one step, from `view` or from a look of its own; null when the row is gone */
  step(id: string, view: View | undefined): Promise<StepReport<View> | null>
  /** how many ids at the same time */
  concurrency?: number
  sweepMs?: number
  /** how long others wait for a process that died in the middle of a walk */
  leaseMs?: number
  /** longest time a waiting resource is left alone */
  waitMs?: number
}

export interface Loop {
  /** looks at `id` now, in this process, without a bell */
  look(id: string): Promise<void>
  close(): Promise<void>
}

const MAX_BACKOFF_MS = 300_000
/** More steps than any resource has: a loop that gets here is turning in circles, and says so. */
const MAX_STEPS = 50

/** Full jitter below an exponential ceiling: 0.25–0.5 s, then doubling to five minutes. */
export function backoffMs(tries: number, random = Math.random()): number {
  const ceiling = Math.min(MAX_BACKOFF_MS, 500 * 2 ** Math.min(tries - 1, 16))
  return Math.round(ceiling / 2 + (random * ceiling) / 2)
}

export function startLoop<View>(options: LoopOptions<View>): Loop {
  const {
    kind,
    ledger,
    bell,
    log,
    concurrency = 16,
    sweepMs = 1_000,
    leaseMs = 3_000,
    waitMs = 5_000,
  } = options
  const active = new Set<string>()
  const dirty = new Set<string>()
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const walk = async (id: string): Promise<void> => {
    let view: View | undefined = (await ledger.acquire(id, leaseMs)) ?? undefined
    if (view === undefined) return
    const renewal = setInterval(() => {
      ledger
        .renew(id, leaseMs)
        .catch(error => log.debug({ kind, id, error: error.message }, 'the lease was not renewed'))
    }, leaseMs / 3)
    try {
      let retry: number | null = null
      for (let steps = 0; ; steps++) {
        if (steps >= MAX_STEPS) throw new Error(`${kind} ${id} took ${steps} steps without coming to rest`)
        const begun = performance.now()
        const done: StepReport<View> | null = await options.step(id, view)
        if (!done) return
        view = done.view
        const ms = Math.round(performance.now() - begun)
        log[done.idle ? 'debug' : 'info'](
          { kind, id, generation: done.generation, step: done.name, outcome: done.outcome, ms },
          'step',
        )
        if (done.outcome === 'again') continue
        retry = done.outcome === 'wait' ? waitMs : null
        break
      }
      await ledger.release(id, retry)
    } catch (error) {
      const message = (error as Error).message
      const tries = await ledger.fail(id, message, backoffMs).catch(() => 0)
      log.warn({ kind, id, tries, error: message }, 'a step failed and will be tried again')
    } finally {
      clearInterval(renewal)
    }
  }

  /** One look at a time per id; a ring meanwhile means one more look afterwards. */
  const look = async (id: string): Promise<void> => {
    if (active.has(id)) {
      dirty.add(id)
      return
    }
    active.add(id)
    try {
      do {
        dirty.delete(id)
        await walk(id)
      } while (dirty.has(id) && !closed)
    } catch (error) {
      log.warn({ kind, id, error: (error as Error).message }, 'looking failed; the sweep will come back')
    } finally {
      active.delete(id)
    }
  }

  const sweep = async (): Promise<void> => {
    try {
      const ids = (await ledger.due(concurrency * 8)).filter(id => !active.has(id))
      const queue = ids[Symbol.iterator]()
      await Promise.all(
        Array.from({ length: Math.min(concurrency, ids.length) }, async () => {
          for (const id of queue) if (!closed) await look(id)
        }),
      )
    } catch (error) {
      log.warn({ kind, error: (error as Error).message }, 'the sweep failed')
    }
    if (!closed) timer = setTimeout(sweep, sweepMs)
  }

  bell.listen(concurrency, look)
  timer = setTimeout(sweep, 0)
  return {
    look,
    async close() {
      closed = true
      clearTimeout(timer)
      while (active.size > 0) await new Promise(resolve => setTimeout(resolve, 10))
    },
  }
}
