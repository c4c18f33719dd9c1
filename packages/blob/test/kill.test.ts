import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { eventually } from '@caelum/testkit'
import { expect, test } from 'vitest'
import { wholeOf } from '../src/range.ts'
import { testFolder } from './folder.ts'

test('kill -9 in the middle of writing loses nothing that was committed and leaves nothing else', async () => {
  const folder = await testFolder()
  const rows = join(folder.folder, 'rows')
  const committed = () =>
    existsSync(rows)
      ? readFileSync(rows, 'utf8')
          .trim()
          .split('\n')
          .map(line => line.split(' ') as [string, string])
      : []
  try {
    for (let round = 1; round <= 3; round++) {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), folder.folder, rows], {
        stdio: 'ignore',
      })
      const before = committed().length
      await eventually(() => committed().length >= before + 2)
      child.kill('SIGKILL')
      await new Promise(resolve => child.once('exit', resolve))
      for (const [id] of committed()) folder.rows.add(id)
      const store = await folder.open()
      await store.sweep()
      const files = folder.files()
      expect(files.incoming).toEqual([])
      expect(files.blobs.sort()).toEqual([...folder.rows].sort())
      for (const [id, md5] of committed()) {
        const body = await store.read(id, wholeOf(80 << 16))
        if (!body || Buffer.isBuffer(body)) throw new Error('no stream')
        expect(
          createHash('md5')
            .update(await buffer(body))
            .digest('hex'),
        ).toBe(md5)
      }
      await store.close()
    }
  } finally {
    folder.drop()
  }
})
