/**
 * Where a vm's files lie: one folder per vm, named by its id, below `<data>/vms`. The folder is the first thing made
 * and the last thing removed, so that a leftover of any kind shows up in a listing. Folders may be passed through but
 * not listed: QEMU usually runs as a user of its own, to whom libvirt hands each disk.
 */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isUuid } from '@caelum/kernel'

export class VmFiles {
  private readonly root: string

  constructor(dataDir: string) {
    this.root = join(dataDir, 'vms')
  }

  folder(id: string): string {
    return join(this.root, id)
  }

  disk(id: string): string {
    return join(this.root, id, 'disk.qcow2')
  }

  /** written by virtlogd, which rotates it to `console.log.0`, `.1`, ... */
  console(id: string): string {
    return join(this.root, id, 'console.log')
  }

  async make(id: string): Promise<void> {
    await mkdir(this.folder(id), { recursive: true, mode: 0o711 })
  }

  async remove(id: string): Promise<void> {
    await rm(this.folder(id), { recursive: true, force: true })
  }

  /** Ids of all vms that have a folder. */
  async list(): Promise<string[]> {
    const names = await readdir(this.root).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    return names.filter(isUuid)
  }
}
