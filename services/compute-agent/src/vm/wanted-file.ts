/**
 * What compute wanted here when it was last heard, on the agent's disk, for an agent that starts while compute is away.
 * It is old news: good for telling guests who they are and for the wires that carry this, and for nothing that starts,
 * stops or removes anything.
 *
 * Replaced whole (write, rename), at most once per `everyMs` however often the want changes; not synced: what a power
 * failure leaves half written is left out of account, as is a file that somebody else has touched. It holds user data
 * and metadata of guests, so only its owner reads it.
 */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { WantedVm } from '@caelum/agent-protocol'
import type { Logger } from '@caelum/kernel'
import { z } from 'zod'

const Content = z.array(WantedVm)

export class WantedFile {
  readonly #path: string
  readonly #log: Logger
  readonly #everyMs: number
  #next: readonly WantedVm[] | null = null
  #written = ''
  #writing: Promise<void> | null = null
  #pause: NodeJS.Timeout | null = null

  constructor(path: string, log: Logger, everyMs = 1_000) {
    this.#path = path
    this.#log = log
    this.#everyMs = everyMs
  }

  /** Empty when there is none, or none that can be read. */
  async read(): Promise<WantedVm[]> {
    try {
      return Content.parse(JSON.parse(await readFile(this.#path, 'utf8')))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.warn(
          { path: this.#path, error: (error as Error).message },
          'what was wanted cannot be read',
        )
      return []
    }
  }

  /** Soon; what is kept meanwhile takes its place. */
  keep(vms: readonly WantedVm[]): void {
    this.#next = vms
    if (!this.#pause && !this.#writing) this.#begin()
  }

  /** After: the last one kept is written. */
  async close(): Promise<void> {
    clearTimeout(this.#pause ?? undefined)
    this.#pause = null
    await this.#writing
    clearTimeout(this.#pause ?? undefined)
    await this.#write()
  }

  #begin(): void {
    this.#writing = this.#write().finally(() => {
      this.#writing = null
      this.#pause = setTimeout(() => {
        this.#pause = null
        if (this.#next) this.#begin()
      }, this.#everyMs)
      this.#pause.unref()
    })
  }

  async #write(): Promise<void> {
    if (!this.#next) return
    const content = JSON.stringify(this.#next)
    this.#next = null
    if (content === this.#written) return
    try {
      await writeFile(`${this.#path}.new`, content, { mode: 0o600 })
      await rename(`${this.#path}.new`, this.#path)
      this.#written = content
    } catch (error) {
      this.#log.warn({ path: this.#path, error: (error as Error).message }, 'what is wanted cannot be kept')
    }
  }
}
