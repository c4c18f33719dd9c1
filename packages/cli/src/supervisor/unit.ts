import type { LabHost, ProcessSpec } from '@caelum/lab'

/**
 * One node of what an instance runs: a step that ends, or a process that stays.
 *
 * `after` gates the first start only. Afterwards everybody must live with the others coming and going.
 */
export type Unit = {
  name: string
  after: string[]
  /** ensures what the process needs; runs before every start, so it looks before it acts */
  prepare?: () => Promise<void>
  /** asked anew before every start, because it may speak of another unit's pid; absent for a step */
  process?: () => ProcessSpec | Promise<ProcessSpec>
  /** removes what the process leaves behind; runs when the unit is stopped for good */
  cleanup?: () => Promise<void>
  /** what it started may live on without it, and its next start takes that over: nothing is swept before a start */
  outlives?: boolean
  /** it ends with this exit status when somebody else has taken its place: a new start would only take it back */
  displaced?: { status: number; why: string }
  /** how long it may take to end after being asked, before it is killed */
  graceMs?: number
}

/** What is to run, and the lab hosts among it by name, for those who play their accidents. */
export type Plan = { units: Unit[]; hosts: ReadonlyMap<string, LabHost> }

export type UnitState = 'waiting' | 'preparing' | 'starting' | 'ready' | 'unhealthy' | 'failing' | 'stopped'

export type UnitStatus = {
  name: string
  kind: 'step' | 'process'
  state: UnitState
  pid: number | null
  restarts: number
  /** ends in a row, since it last stayed for a while or somebody asked for it anew */
  failures: number
  /** milliseconds from the supervisor's first try until it was ready */
  ready_after_ms: number | null
  started_at: string | null
  last_error: string | null
  log: string
}
