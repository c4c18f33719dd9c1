import { join } from 'node:path'
import type { Location } from '../instance/location.ts'
import { PATIENCE_MS } from './after-life.ts'
import { Board } from './board.ts'
import { ProcessRecords } from './process-records.ts'
import { SUPERVISOR_UNIT } from './process-table.ts'
import { sweepProcesses } from './sweep.ts'
import type { Unit, UnitStatus } from './unit.ts'
import { type Surroundings, UnitRunner } from './unit-runner.ts'

/**
 * Runs a graph of units. `apply` makes the running set equal to the wanted one: new units start, those that are no
 * longer wanted stop, the others are left alone.
 */
export class Supervisor {
  readonly #runners = new Map<string, UnitRunner>()
  readonly #around: Surroundings
  #turn: Promise<void> = Promise.resolve()

  constructor(location: Location, note: Surroundings['note'], patienceMs = PATIENCE_MS) {
    this.#around = {
      instanceId: location.id,
      board: new Board(),
      records: new ProcessRecords(location.stateFile),
      logFileOf: unit => join(location.logDir, `${unit}.log`),
      isReady: unit => this.#runners.get(unit)?.state === 'ready',
      note,
      patienceMs,
    }
  }

  /** Changes take turns, so that two clients cannot half undo each other. */
  apply(units: Unit[]): Promise<void> {
    return this.#inTurn(async () => {
      const wanted = new Set(units.map(unit => unit.name))
      const { instanceId, records } = this.#around
      await this.#stopAll([...this.#runners.values()].filter(runner => !wanted.has(runner.unit.name)))
      // what an earlier supervisor ran and is not wanted any more
      await sweepProcesses(instanceId, 5_000, ({ unit }) => wanted.has(unit) || unit === SUPERVISOR_UNIT)
      for (const name of records.names()) if (!wanted.has(name)) records.remove(name)
      for (const unit of units) {
        const present = this.#runners.get(unit.name)
        present?.retry()
        if (present) continue
        const runner = new UnitRunner(unit, this.#around)
        this.#runners.set(unit.name, runner)
      }
      for (const runner of this.#runners.values()) runner.run()
    })
  }

  async restart(name: string): Promise<boolean> {
    const runner = this.#runners.get(name)
    await runner?.restart()
    return runner !== undefined
  }

  status(): UnitStatus[] {
    return [...this.#runners.values()].map(runner => runner.status())
  }

  /** Ends everything, each unit after those that depend on it, and then whatever else carries our mark. */
  stop(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#stopAll([...this.#runners.values()])
      await sweepProcesses(this.#around.instanceId, 2_000)
    })
  }

  async #stopAll(runners: UnitRunner[]): Promise<void> {
    const stopped = new Map<string, Promise<void>>()
    const stopOne = (runner: UnitRunner): Promise<void> => {
      const known = stopped.get(runner.unit.name)
      if (known) return known
      const dependents = runners.filter(other => other.unit.after.includes(runner.unit.name))
      const promise = Promise.all(dependents.map(stopOne)).then(async () => {
        await runner.stop()
        this.#runners.delete(runner.unit.name)
      })
      stopped.set(runner.unit.name, promise)
      return promise
    }
    await Promise.all(runners.map(stopOne))
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(action)
    this.#turn = turn.catch(() => undefined)
    return turn
  }
}
