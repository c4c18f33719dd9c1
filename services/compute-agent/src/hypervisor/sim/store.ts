/**
 * The simulated host's memory: one small file per vm, replaced whole (write, rename), and a copy of all of them in this
 * process. Like a hypervisor, it survives the agent; unlike one, only one agent at a time may use it, and the last
 * seconds before the machine itself loses power may be missing, since nothing is synced. Drafts of an agent that was
 * killed are swept at the next load.
 *
 * Files of a few hundred bytes are written at once, in this thread: handing them to another costs more.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { SimVm } from './state.ts'

const SUFFIX = '.json'
const DRAFT_SUFFIX = '.new'
const READ_AT_ONCE = 64

export class SimStore {
  private readonly dir: string
  private readonly vms = new Map<string, SimVm>()

  constructor(dir: string) {
    this.dir = dir
  }

  async load(): Promise<void> {
    await mkdir(this.dir, { recursive: true, mode: 0o700 })
    const found = await readdir(this.dir)
    for (const name of found.filter(name => name.endsWith(DRAFT_SUFFIX)))
      await rm(join(this.dir, name), { force: true })
    const names = found.filter(name => name.endsWith(SUFFIX))
    for (let at = 0; at < names.length; at += READ_AT_ONCE) {
      const texts = names.slice(at, at + READ_AT_ONCE).map(name => readFile(join(this.dir, name), 'utf8'))
      for (const text of await Promise.all(texts)) {
        const vm = SimVm.parse(JSON.parse(text))
        this.vms.set(vm.id, vm)
      }
    }
  }

  get(id: string): SimVm | null {
    return this.vms.get(id) ?? null
  }

  all(): SimVm[] {
    return [...this.vms.values()]
  }

  save(vm: SimVm): void {
    const path = join(this.dir, vm.id + SUFFIX)
    const draft = path + DRAFT_SUFFIX
    writeFileSync(draft, JSON.stringify(vm), { mode: 0o600 })
    renameSync(draft, path)
    this.vms.set(vm.id, vm)
  }

  async remove(id: string): Promise<void> {
    await rm(join(this.dir, id + SUFFIX), { force: true })
    this.vms.delete(id)
  }
}
