import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@caelum/kernel'
import { openFileStore } from '../src/file-store.ts'

/** A store in a folder of its own, over a set of ids that plays the rows. */
export async function testFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'caelum-blob-'))
  const rows = new Set<string>()
  const open = (options: { graceMs?: number } = {}) =>
    openFileStore({
      folder,
      log: silentLogger,
      graceMs: 0,
      named: async ids => new Set(ids.filter(id => rows.has(id))),
      ...options,
    })
  return {
    folder,
    rows,
    open,
    /** every file there is, by kind */
    files: () => ({
      incoming: readdirSync(join(folder, 'incoming')),
      blobs: readdirSync(join(folder, 'blobs')).flatMap(shard => readdirSync(join(folder, 'blobs', shard))),
    }),
    drop: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export type TestFolder = Awaited<ReturnType<typeof testFolder>>
