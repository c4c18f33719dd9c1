/**
 * What can be made to go wrong in the simulated hypervisor: a JSON file, read again whenever it changes, so that a
 * test or an operator turns a knob while the agent runs. Every key may be left out. Replace the file by renaming a new
 * one over it: two writes within one tick of the file system's clock look like one.
 */
import { readFileSync, statSync } from 'node:fs'
import type { Logger } from '@caelum/kernel'
import { z } from 'zod'

const Verb = z.enum([
  'list',
  'ensureDisk',
  'ensureNics',
  'define',
  'start',
  'stop',
  'remove',
  'console',
  'rebootSoft',
])
export type Verb = z.infer<typeof Verb>

const milliseconds = z.number().int().min(0)

const FailRule = z.strictObject({
  verb: Verb,
  /** only this vm; otherwise any */
  id: z.string().optional(),
  /** how many calls fail, counted per agent process and per change of the file; null: all */
  times: z.number().int().min(1).nullable().default(1),
  /** true: the verb does its work first and then reports the failure */
  takes_effect: z.boolean().default(false),
  permanent: z.boolean().default(false),
  message: z.string().default('a knob says so'),
})
export type FailRule = z.infer<typeof FailRule>

const Knobs = z.strictObject({
  disk_ms: milliseconds.default(0),
  define_ms: milliseconds.default(0),
  start_ms: milliseconds.default(0),
  /** how long a guest takes to shut down when asked; null: it ignores being asked */
  shutdown_ms: milliseconds.nullable().default(20),
  /** a guest started from now on crashes this long after its start; null: it lives */
  die_after_ms: milliseconds.nullable().default(null),
  /** these guests crash when the file is read, once per change of the file */
  crash: z.array(z.string()).default([]),
  /** these guests shut themselves down when the file is read, once per change of the file */
  power_off: z.array(z.string()).default([]),
  lose_events: z.boolean().default(false),
  /** false: as if the hypervisor's daemon were gone; guests run on */
  up: z.boolean().default(true),
  /** change it, and the host has rebooted: every guest is off */
  boot: z.number().int().default(0),
  fail: z.array(FailRule).default([]),
  vcpus: z.number().int().default(256),
  ram_mb: z.number().int().default(1_048_576),
  disk_gb: z.number().int().default(100_000),
})
export type Knobs = z.infer<typeof Knobs>

/** The knobs as a test writes them into the file. */
export type KnobsInput = z.input<typeof Knobs>

export class KnobsFile {
  private readonly path: string
  private readonly log: Logger
  private knobs: Knobs = Knobs.parse({})
  private version = ''
  private spent: number[] = []

  constructor(path: string, log: Logger) {
    this.path = path
    this.log = log
  }

  /**
   * The newest readable knobs; a broken file leaves them as they were. Synchronous, so that a call made after a change
   * of the file sees the change.
   */
  read(): Knobs {
    const found = statSync(this.path, { bigint: true, throwIfNoEntry: false })
    const version = found ? `${found.ino} ${found.mtimeNs} ${found.size}` : ''
    if (version === this.version) return this.knobs
    this.version = version
    try {
      this.knobs = Knobs.parse(found ? JSON.parse(readFileSync(this.path, 'utf8')) : {})
      this.spent = []
    } catch (error) {
      this.log.warn({ path: this.path, reason: String(error) }, 'knobs that cannot be read are ignored')
    }
    return this.knobs
  }

  /** The rule that makes this call fail, used up by one; call after `read`. */
  takeRule(verb: Verb, id: string | null): FailRule | null {
    for (const [index, rule] of this.knobs.fail.entries()) {
      const spent = this.spent[index] ?? 0
      if (rule.verb !== verb || (rule.id !== undefined && rule.id !== id)) continue
      if (rule.times !== null && spent >= rule.times) continue
      this.spent[index] = spent + 1
      return rule
    }
    return null
  }
}
