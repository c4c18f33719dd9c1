import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { writeFileAtomic } from '../instance/atomic-file.ts'
import { ProcessIdentity } from './process-table.ts'

const ProcessRecord = ProcessIdentity.extend({
  /** of argv and environment: a process that runs with others is not the one that is wanted */
  spec_digest: z.string(),
  /** milliseconds since the epoch */
  started_at: z.number(),
})
export type ProcessRecord = z.infer<typeof ProcessRecord>

/**
 * What runs, by unit, so that the next supervisor can take it over. Written after each start and each end; a process
 * whose record was lost with us is still found by its mark (`process-table.ts`).
 */
export class ProcessRecords {
  readonly #path: string
  readonly #byUnit: Map<string, ProcessRecord>

  constructor(path: string) {
    this.#path = path
    this.#byUnit = new Map(Object.entries(read(path)))
  }

  get(unit: string): ProcessRecord | undefined {
    return this.#byUnit.get(unit)
  }

  set(unit: string, record: ProcessRecord): void {
    this.#byUnit.set(unit, record)
    this.#write()
  }

  remove(unit: string): void {
    if (this.#byUnit.delete(unit)) this.#write()
  }

  names(): string[] {
    return [...this.#byUnit.keys()]
  }

  #write(): void {
    writeFileAtomic(this.#path, JSON.stringify(Object.fromEntries(this.#byUnit), null, 1))
  }
}

function read(path: string): Record<string, ProcessRecord> {
  if (!existsSync(path)) return {}
  const parsed = z.record(z.string(), ProcessRecord).safeParse(JSON.parse(readFileSync(path, 'utf8')))
  return parsed.success ? parsed.data : {}
}
