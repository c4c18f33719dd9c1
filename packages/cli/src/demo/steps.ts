import { CommandError } from '../command.ts'
import { say, seconds, table } from '../setup/terminal.ts'

type Timing = { step: string; ms: number; note: string }

/**
 * The demo's progress: a line when something was seen to work, with the time it took, and all of them as a table at
 * the end. A step that throws ends the demo; what was seen until then is still printed.
 */
export class Steps {
  readonly #timings: Timing[] = []
  readonly #began = performance.now()

  heading(text: string): void {
    say(`\n${text}`)
  }

  /** @param does may return a note: what was seen, in a few words */
  async step<T>(name: string, does: () => Promise<T>, note: (seen: T) => string = () => ''): Promise<T> {
    const began = performance.now()
    try {
      const seen = await does()
      this.record(name, performance.now() - began, note(seen))
      return seen
    } catch (error) {
      say(`  ✗ ${name.padEnd(44)} ${seconds(performance.now() - began).padStart(7)}`)
      if (error instanceof CommandError) throw error
      throw new CommandError(`${name}: ${(error as Error).message}`, 'caelum status; caelum logs')
    }
  }

  record(step: string, ms: number, note = ''): void {
    this.#timings.push({ step, ms, note })
    say(`  ✓ ${step.padEnd(44)} ${seconds(ms).padStart(7)}  ${note}`.trimEnd())
  }

  table(): string {
    const total = performance.now() - this.#began
    return table([
      ...this.#timings.map(({ step, ms, note }) => [step, seconds(ms).padStart(8), note]),
      ['everything', seconds(total).padStart(8), ''],
    ])
  }
}
