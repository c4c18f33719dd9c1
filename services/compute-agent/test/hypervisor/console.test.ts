import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readConsole } from '../../src/hypervisor/libvirt/console.ts'

let dir: string
let log: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'caelum-console-'))
  log = join(dir, 'console.log')
})
afterEach(() => rm(dir, { recursive: true, force: true }))

it('is empty before the guest wrote anything', async () => {
  expect(await readConsole(log, null)).toBe('')
  expect(await readConsole(log, 5)).toBe('')
  await writeFile(log, '')
  expect(await readConsole(log, 5)).toBe('')
})

it.each([
  [0, ''],
  [1, 'c\n'],
  [2, 'b\nc\n'],
  [3, 'a\nb\nc\n'],
  [9, 'a\nb\nc\n'],
])('gives the last %i lines', async (lines, text) => {
  await writeFile(log, 'a\nb\nc\n')
  expect(await readConsole(log, lines)).toBe(text)
})

it('counts a line that is not finished', async () => {
  await writeFile(log, 'a\nlogin: ')
  expect(await readConsole(log, 1)).toBe('login: ')
  expect(await readConsole(log, 2)).toBe('a\nlogin: ')
})

it('goes on in what was rotated away, oldest first', async () => {
  await writeFile(`${log}.1`, '1\n2\n')
  await writeFile(`${log}.0`, '3\n4\n')
  await writeFile(log, '5\n')
  expect(await readConsole(log, null)).toBe('1\n2\n3\n4\n5\n')
  expect(await readConsole(log, 4)).toBe('2\n3\n4\n5\n')
})

it('reads rotated files also when the newest is not there yet', async () => {
  await writeFile(`${log}.0`, 'old\n')
  expect(await readConsole(log, null)).toBe('old\n')
})

it('never gives more than 1 MiB, from the end', async () => {
  await writeFile(`${log}.0`, 'x'.repeat(900_000))
  await writeFile(log, `${'y'.repeat(900_000)}\nend\n`)
  const text = await readConsole(log, null)
  expect(text.length).toBe(1_048_576)
  expect(text.endsWith('y\nend\n')).toBe(true)
  expect(text.startsWith('x')).toBe(true)
})
