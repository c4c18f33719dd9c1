/** A process that keeps writing into the folder named by its argument, until it is killed. It prints what it has committed. */
import { randomBytes } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { silentLogger } from '@caelum/kernel'
import { openFileStore } from '../src/file-store.ts'

const [folder = '', rows = ''] = process.argv.slice(2)
const store = await openFileStore({ folder, log: silentLogger, named: async ids => new Set(ids) })
const chunk = randomBytes(64 << 10)
for (;;) {
  await store.write(
    Readable.from(Array.from({ length: 80 }, () => chunk)),
    { algorithms: ['md5', 'sha512'], limit: 1 << 30 },
    async written => appendFileSync(rows, `${written.id} ${written.digests.md5}\n`),
  )
}
