import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@caelum/kernel'
import { eventually } from '@caelum/testkit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { WantedFile } from '../src/vm/wanted-file.ts'
import { wantedVm } from './factory.ts'

let dir: string
let path: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wanted-'))
  path = join(dir, 'wanted.json')
})
afterEach(() => rmSync(dir, { recursive: true }))

const fileOf = (everyMs: number) => new WantedFile(path, silentLogger, everyMs)
const stored = () => JSON.parse(readFileSync(path, 'utf8')) as unknown

test('what is kept is read by the next one, and by its owner only', async () => {
  const vms = [wantedVm(), wantedVm()]
  const file = fileOf(60_000)
  file.keep([])
  file.keep(vms)
  await file.close()
  expect(await fileOf(1).read()).toEqual(vms)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(readdirSync(dir)).toEqual(['wanted.json'])
})

test('many changes are few writes, and the last one is written', async () => {
  const file = fileOf(400)
  const lists = Array.from({ length: 40 }, () => [wantedVm()])
  file.keep(lists[0]!)
  await eventually(() => readdirSync(dir).includes('wanted.json'), { every: 1 })
  const first = statSync(path).ino
  for (const list of lists) file.keep(list)
  expect([stored(), statSync(path).ino]).toEqual([lists[0], first])
  await eventually(() => JSON.stringify(stored()) === JSON.stringify(lists.at(-1)))
  await file.close()
})

test('what says the same is not written again', async () => {
  const vms = [wantedVm()]
  const file = fileOf(1)
  file.keep(vms)
  await eventually(() => readdirSync(dir).includes('wanted.json'), { every: 1 })
  const { ino } = statSync(path)
  file.keep([...vms])
  await file.close()
  expect(statSync(path).ino).toBe(ino)
})

test.each(['', '[{"id": 1}]', '{'])('a file that holds %j is as good as none', async content => {
  writeFileSync(path, content)
  expect(await fileOf(1).read()).toEqual([])
})

test('none is none', async () => {
  expect(await fileOf(1).read()).toEqual([])
})
