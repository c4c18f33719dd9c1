import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { bootsUnder, cachedAcceleration, probeAcceleration } from '../src/probe.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'caelum-probe-test-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const fakeQemu = async (script: string): Promise<string> => {
  const path = join(dir, 'qemu')
  await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return path
}

it('sees a guest boot under TCG', async () => {
  expect(await bootsUnder('tcg', { limitMs: 10_000 })).toEqual({
    boots: true,
    why: expect.stringMatching(/^a guest booted under tcg in \d+ ms$/),
  })
})

it('gives up on a guest that hangs, and leaves no process', async () => {
  const qemu = await fakeQemu(`echo $$ > ${dir}/pid; exec sleep 60`)
  const { boots, why } = await bootsUnder('kvm', { qemu, limitMs: 200 })
  expect(boots).toBe(false)
  expect(why).toContain('hung')
  const pid = Number(await readFile(join(dir, 'pid'), 'utf8'))
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})

it.each([
  ['exits with another status', 'echo no such accelerator >&2; exit 1', 'ended with 1: no such accelerator'],
  ['exits at once and happily', 'exit 0', 'ended with 0'],
])('does not believe a QEMU that %s', async (_what, script, words) => {
  const { boots, why } = await bootsUnder('kvm', { qemu: await fakeQemu(script) })
  expect(boots).toBe(false)
  expect(why).toContain(words)
})

it('says so when there is no QEMU', async () => {
  expect((await bootsUnder('tcg', { qemu: join(dir, 'none') })).why).toContain('ENOENT')
})

it('remembers the answer for this boot, and only a readable one', async () => {
  const cache = join(dir, 'acceleration.json')
  const qemu = await fakeQemu('exit 33')
  const first = await cachedAcceleration(cache, { qemu })
  expect(first).toEqual({
    ...(await probeAcceleration({ qemu })),
    why: first.why,
  })
  const changed = { ...JSON.parse(await readFile(cache, 'utf8')), why: 'remembered' }
  await writeFile(cache, JSON.stringify(changed))
  expect((await cachedAcceleration(cache, { qemu })).why).toBe('remembered')
  await writeFile(cache, JSON.stringify({ ...changed, key: 'another boot' }))
  expect((await cachedAcceleration(cache, { qemu })).why).not.toBe('remembered')
  await writeFile(cache, '{')
  expect((await cachedAcceleration(cache, { qemu })).acceleration).toBe(first.acceleration)
  expect((await readdir(dir)).sort()).toEqual(['acceleration.json', 'qemu'])
})
