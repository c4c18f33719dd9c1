import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { expect, test } from 'vitest'

test('hash threads hold the process while they work, and no longer', () => {
  const digest = join(import.meta.dirname, '../src/digest.ts')
  const program = `
    const { threadDigest } = await import(${JSON.stringify(digest)})
    const digest = threadDigest('md5')
    await digest.update(new Uint8Array(new SharedArrayBuffer(1_000_000)))
    process.stdout.write(await digest.digest())`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 15_000,
  })
  expect(output).toBe(createHash('md5').update(Buffer.alloc(1_000_000)).digest('hex'))
})
