import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bridgeOf, openInstance, readRecord, uplinkOf } from '../src/instance.ts'
import { installCommand, missingPackages } from '../src/system-packages.ts'

let dir: string
const opened: string[] = []
const open = async (...args: Parameters<typeof openInstance>) => {
  const instance = await openInstance(...args)
  opened.push(instance.runDir)
  return instance
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'caelum-instance-'))
})
afterAll(async () => {
  for (const path of [dir, ...opened]) await rm(path, { recursive: true, force: true })
})

test('an instance keeps its id and subnet, and another folder has others', async () => {
  const one = await open(join(dir, 'one'))
  expect(await open(join(dir, 'one'))).toEqual(one)
  const two = await open(join(dir, 'two'))
  expect(two.id).not.toBe(one.id)
  expect(two.underlay.prefix).not.toBe(one.underlay.prefix)
  expect((await stat(one.runDir)).mode & 0o777).toBe(0o700)
})

test('names fit in what the kernel allows', async () => {
  const { id, runDir } = await open(join(dir, 'one'))
  expect(bridgeOf(id).length).toBeLessThanOrEqual(15)
  expect(uplinkOf(id, 250).length).toBeLessThanOrEqual(15)
  expect(Buffer.byteLength(`${runDir}/host-250/some/socket.sock`)).toBeLessThan(107)
})

test('a remembered subnet that something else has taken since is given up', async () => {
  const taken = Object.values(networkInterfaces())
    .flat()
    .find(address => address?.family === 'IPv4')!
  const prefix = taken.address.split('.').slice(0, 3).join('.')
  await mkdir(join(dir, 'three', 'lab'), { recursive: true })
  await writeFile(join(dir, 'three', 'lab', 'underlay.json'), JSON.stringify({ prefix }))
  const { underlay } = await open(join(dir, 'three'))
  expect(underlay.prefix).not.toBe(prefix)
  expect(JSON.parse(await readFile(join(dir, 'three', 'lab', 'underlay.json'), 'utf8'))).toEqual({
    prefix: underlay.prefix,
  })
})

test('an ephemeral instance lives as long as its owner, also when others open it', async () => {
  const { id } = await open(join(dir, 'four'), { ephemeral: true })
  await open(join(dir, 'four'))
  expect(await readRecord(id)).toEqual({ dataDir: join(dir, 'four'), alive: true })
  const record = join(`/run/caelum-${id}`, 'instance.json')
  const text = JSON.parse(await readFile(record, 'utf8'))
  expect(text.ephemeralOwner.pid).toBe(process.pid)
  const ended = spawn('true')
  await new Promise(done => ended.once('close', done))
  await writeFile(record, JSON.stringify({ ...text, ephemeralOwner: { pid: ended.pid, startTicks: '1' } }))
  expect((await readRecord(id))?.alive).toBe(false)
})

test('a data folder around the program itself is refused', async () => {
  await expect(openInstance(resolve(import.meta.dirname, '../../..'))).rejects.toThrow(/must not contain/)
})

test('what is missing is named, in one command that installs nothing else', async () => {
  const groups = [{ purpose: 'test', packages: ['dpkg', 'caelum-no-such-package'] }]
  const missing = await missingPackages(groups)
  expect(missing).toEqual([{ purpose: 'test', packages: ['caelum-no-such-package'] }])
  expect(installCommand(missing).join(' ')).toMatch(/install --no-install-recommends caelum-no-such-package$/)
  expect(await missingPackages([{ purpose: 'test', packages: ['dpkg'] }])).toEqual([])
})
