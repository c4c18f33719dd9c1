import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { limitLogs } from '../src/supervisor/log-limit.ts'

test('a log that is too long is cut, and its writer goes on at the new end', () => {
  const folder = mkdtempSync(join(tmpdir(), 'caelum-log-'))
  const [long, short] = [join(folder, 'long.log'), join(folder, 'short.log')]
  const writer = openSync(long, 'a')
  writeSync(writer, 'x'.repeat(1_000))
  writeFileSync(short, 'short')
  limitLogs([long, short], 100)
  writeSync(writer, 'more')
  expect(readFileSync(long, 'utf8')).toBe('more')
  expect(readFileSync(`${long}.1`, 'utf8')).toBe('x'.repeat(1_000))
  expect(readFileSync(short, 'utf8')).toBe('short')
  rmSync(folder, { recursive: true })
})
