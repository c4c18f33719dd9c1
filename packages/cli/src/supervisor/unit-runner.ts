/**
 * Keeps one unit as it should be: wait for what it depends on, prepare, start or adopt, wait until ready, watch,
 * and again from the start when it ended. One that hangs (`silence.ts`) is killed, and so ends too.
 *
 * Who writes what: the runner alone writes its unit's record. If we die between the start of a process and the
 * writing of its record, the process runs without one: before every start all processes that carry the unit's mark
 * and are not the adopted one are ended, so there never are two.
 */
import { existsSync, renameSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessSpec } from '@caelum/lab'
import { seconds } from '../setup/terminal.ts'
import { afterLife, type Life, NO_ENDS, patienceWith } from './after-life.ts'
import type { Board } from './board.ts'
import { adoptChild, type Child, specDigest, startChild } from './child.ts'
import type { ProcessRecords } from './process-records.ts'
import { isRunning, signal as killProcess } from './process-table.ts'
import { isHanging, listen, silenceAtFirst } from './silence.ts'
import { sweepProcesses, terminate } from './sweep.ts'
import type { Unit, UnitState, UnitStatus } from './unit.ts'

const READY_LOOK_MS = 40
const HEALTH_LOOK_MS = 2_000
const PROBE_MS = 3_000
const GRACE_MS = 10_000

export type Surroundings = {
  instanceId: string
  board: Board
  records: ProcessRecords
  logFileOf: (unit: string) => string
  /** how long a process that answered once may be silent, the first time, ms */
  patienceMs: number
  isReady: (unit: string) => boolean
  note: (unit: string, event: string, detail?: string) => void
}

export class UnitRunner {
  readonly unit: Unit
  readonly #around: Surroundings
  readonly #stop = new AbortController()
  readonly #born = performance.now()
  #state: UnitState = 'waiting'
  #child: Child | undefined
  #spec: ProcessSpec | undefined
  #restarts = 0
  #ends = NO_ENDS
  #pause = new AbortController()
  #readyAfterMs: number | null = null
  #lastError: string | null = null
  #loop: Promise<void> | undefined

  constructor(unit: Unit, around: Surroundings) {
    this.unit = unit
    this.#around = around
  }

  get state(): UnitState {
    return this.#state
  }

  status(): UnitStatus {
    const child = this.#child
    return {
      name: this.unit.name,
      kind: this.unit.process ? 'process' : 'step',
      state: this.#state,
      pid: child?.identity.pid ?? null,
      restarts: this.#restarts,
      failures: this.#ends.failures,
      ready_after_ms: this.#readyAfterMs,
      started_at: child ? new Date(child.startedAt).toISOString() : null,
      last_error: this.#lastError,
      log: this.#logFile(),
    }
  }

  run(): void {
    this.#loop ??= this.#keep().catch(error => {
      if (!this.#stop.signal.aborted) throw error
    })
  }

  /** Forgets earlier failures: the next try is now. */
  retry(): void {
    this.#ends = NO_ENDS
    this.#pause.abort()
  }

  /** Ends the process; the loop starts it again. */
  async restart(): Promise<void> {
    if (this.#child) await this.#end(this.#child)
  }

  /** Ends the process for good and cleans up after it. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#around.board.changed()
    await this.#loop
    if (this.#child) await this.#end(this.#child)
    this.#child = undefined
    this.#around.records.remove(this.unit.name)
    await this.unit.cleanup?.()
    this.#become('stopped')
  }

  async #keep(): Promise<void> {
    const { board, isReady } = this.#around
    const signal = this.#stop.signal
    await board.until(() => this.unit.after.every(isReady), signal)
    while (!signal.aborted) {
      const began = performance.now()
      let end: Pick<Life, 'status' | 'hung'> = { status: null, hung: false }
      try {
        end = await this.#once(signal)
        if (!this.unit.process) return
      } catch (error) {
        if (signal.aborted) return
        this.#lastError = error instanceof Error ? error.message : String(error)
      }
      if (signal.aborted) return
      const { displaced } = this.unit
      const next = afterLife(this.#ends, { ms: performance.now() - began, ...end }, displaced?.status)
      if (next.isDisplaced) this.#lastError = `${this.unit.name} ended: ${displaced?.why}`
      this.#restarts += 1
      this.#ends = next.ends
      this.#become('failing', `${this.#lastError}; next try in ${next.pauseMs} ms`)
      this.#pause = new AbortController()
      await sleep(next.pauseMs, undefined, { signal: AbortSignal.any([signal, this.#pause.signal]) }).catch(
        () => undefined,
      )
    }
  }

  /** One life of the process, or the whole of a step. */
  async #once(signal: AbortSignal): Promise<Pick<Life, 'status' | 'hung'>> {
    const { name, prepare, process } = this.unit
    if (!process) {
      this.#become('preparing')
      await prepare?.()
      this.#ready()
      return { status: 0, hung: false }
    }
    const child = (await this.#adopt(process)) ?? (await this.#start(process, prepare, signal))
    this.#child = child
    this.#become(
      'starting',
      child.adopted ? `adopted pid ${child.identity.pid}` : `pid ${child.identity.pid}`,
    )
    const watch = new AbortController()
    const stopWatch = () => watch.abort()
    signal.addEventListener('abort', stopWatch, { once: true })
    const aborted = new Promise<undefined>(resolve => {
      if (signal.aborted) resolve(undefined)
      signal.addEventListener('abort', () => resolve(undefined), { once: true })
    })
    const watching = this.#watchHealth(child, watch.signal)
    const ended = await Promise.race([child.ended, aborted])
    watch.abort()
    signal.removeEventListener('abort', stopWatch)
    const hungMs = await watching
    if (ended === undefined) return { status: null, hung: false }
    this.#child = undefined
    this.#around.records.remove(name)
    const how =
      hungMs === null ? `ended: ${ended.how}` : `did not answer for ${seconds(hungMs)} and was killed`
    this.#lastError = `${name} ${how}; see ${this.#logFile()}`
    return { status: ended.status, hung: hungMs !== null }
  }

  /** The process of an earlier supervisor, if it is the one that is wanted now. */
  async #adopt(process: NonNullable<Unit['process']>): Promise<Child | undefined> {
    const record = this.#around.records.get(this.unit.name)
    if (!record || !isRunning(record)) return undefined
    const spec = await process()
    if (specDigest(spec) !== record.spec_digest) return undefined
    this.#spec = spec
    return adoptChild(record)
  }

  async #start(
    process: NonNullable<Unit['process']>,
    prepare: Unit['prepare'],
    signal: AbortSignal,
  ): Promise<Child> {
    const { instanceId, records } = this.#around
    const { name } = this.unit
    this.#become('preparing')
    const record = records.get(name)
    if (record) await terminate([record], this.unit.graceMs ?? GRACE_MS)
    if (!this.unit.outlives)
      await sweepProcesses(instanceId, this.unit.graceMs ?? GRACE_MS, other => other.unit !== name)
    await prepare?.()
    signal.throwIfAborted()
    this.#spec = await process()
    rotate(this.#logFile())
    const child = await startChild(instanceId, name, this.#spec, this.#logFile())
    records.set(name, {
      ...child.identity,
      spec_digest: specDigest(this.#spec),
      started_at: child.startedAt,
    })
    return child
  }

  /** @returns how long it had been silent when it was killed for that, ms; null: it was not */
  async #watchHealth(child: Child, signal: AbortSignal): Promise<number | null> {
    const spec = this.#spec!
    const patienceMs = patienceWith(this.#ends, this.#around.patienceMs)
    let silence = silenceAtFirst(child.adopted ? Date.now() - child.startedAt : null)
    while (!signal.aborted) {
      const good = await saysYes(() => spec.ready())
      const answered = good || (await saysYes(async () => spec.alive?.() ?? true))
      if (signal.aborted) return null
      if (good) this.#ready()
      else if (this.#state === 'ready') this.#become('unhealthy', 'its readiness probe says no')
      const now = performance.now()
      silence = listen(silence, answered, now)
      if (isHanging(silence, now, patienceMs)) {
        // asked to end, it would not hear that either
        killProcess(child.identity, 'SIGKILL')
        return patienceMs
      }
      await sleep(good ? HEALTH_LOOK_MS : READY_LOOK_MS, undefined, { signal }).catch(() => undefined)
    }
    return null
  }

  async #end(child: Child): Promise<void> {
    await terminate([child.identity], this.unit.graceMs ?? GRACE_MS, this.#spec?.stop)
  }

  #ready(): void {
    this.#readyAfterMs ??= Math.round(performance.now() - this.#born)
    this.#become('ready')
  }

  #become(state: UnitState, detail?: string): void {
    if (this.#state === state) return
    this.#state = state
    this.#around.note(this.unit.name, state, detail)
    this.#around.board.changed()
  }

  #logFile(): string {
    return this.#spec?.logFile ?? this.#around.logFileOf(this.unit.name)
  }
}

/** A probe that throws or takes too long says no. */
async function saysYes(probe: () => Promise<boolean>): Promise<boolean> {
  const late = new AbortController()
  const no = sleep(PROBE_MS, false, { signal: late.signal }).catch(() => false)
  try {
    return await Promise.race([probe().catch(() => false), no])
  } finally {
    late.abort()
  }
}

const ROTATE_BYTES = 1 << 20

/** Before a start nobody writes to the log, so a long one can simply be renamed. */
function rotate(logFile: string): void {
  if (existsSync(logFile) && statSync(logFile).size > ROTATE_BYTES) renameSync(logFile, `${logFile}.1`)
}
