import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@caelum/kernel'
import { eventually } from '@caelum/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { SimDriver } from '../src/hypervisor/sim/driver.ts'
import { points } from '../src/points.ts'
import { Authority, type Identity } from './certificates.ts'
import { FakeCompute } from './fake-compute.ts'

/**
 * The real agent process with the simulated hypervisor is killed with SIGKILL at each of its points while a server
 * lives its whole life, and started again. Every point must be reached, and every life must come to the same end.
 */
const MAIN = join(import.meta.dirname, '../src/main.ts')

let authority: Authority
let server: Identity
let client: Identity
let compute: FakeCompute
let dir: string
let child: ChildProcess | null = null
let output = ''

const armed = () => join(dir, 'crash')
const startAgent = () => {
  const started = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      CAELUM_COMPUTE_AGENT_URL: compute.url,
      CAELUM_AGENT_CA_FILE: client.ca,
      CAELUM_AGENT_CERT_FILE: client.cert,
      CAELUM_AGENT_KEY_FILE: client.key,
      CAELUM_HOST_NAME: 'host-1',
      CAELUM_HOST_IP: '127.0.0.1',
      CAELUM_HYPERVISOR: 'sim',
      CAELUM_DATA_DIR: dir,
      CAELUM_CRASH_FILE: armed(),
    },
  })
  for (const stream of [started.stdout!, started.stderr!]) stream.on('data', data => (output += data))
  started.on('exit', (code, signal) => {
    if (child !== started) return
    child = null
    if (signal === 'SIGKILL') startAgent()
    else output += `\nended with ${signal ?? code}`
  })
  child = started
}
const stopAgent = async () => {
  const stopping = child
  child = null
  if (!stopping || stopping.exitCode !== null || stopping.signalCode !== null) return null
  const ended = new Promise<number | null>(resolve => stopping.once('exit', resolve))
  stopping.kill('SIGTERM')
  return ended
}
const settled = () =>
  eventually(() => compute.isSettled() || Promise.reject(new Error(`not settled\n${output}`)), {
    within: 40_000,
  })

beforeAll(() => {
  authority = new Authority()
  server = authority.issue('compute')
  client = authority.issue('host-1')
})
afterAll(() => authority.remove())
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'agent-crash-'))
  output = ''
  compute = new FakeCompute(server, 'host-1')
  await compute.start()
})
afterEach(async () => {
  await stopAgent()
  await compute.stop()
  rmSync(dir, { recursive: true, force: true })
})

const seeHost = async (id: string) => {
  const driver = new SimDriver({ dataDir: dir, log: silentLogger })
  await driver.open()
  const domains = await driver.list()
  const boots = (await driver.console(id, null))
    .split('\n')
    .filter(line => line.startsWith('simulated boot')).length
  await driver.close()
  return { domains, boots }
}
/** Between the guest's own reboot and the mark that says so nobody can know: it is asked again. */
const ASKED_TWICE = 'agent.vm.reboot.after'

const reachable = points.filter(({ on }) => on === undefined)
test.each(reachable)('killed at $name', { timeout: 60_000 }, async ({ name }) => {
  const image = compute.addImage('img-1', Buffer.alloc(100_000, 'i'))
  const { id } = compute.want({ disk: { image, size_gb: 1 } })
  writeFileSync(armed(), name)
  startAgent()
  await settled()
  compute.want({ id, power: 'stopped' })
  await settled()
  compute.want({ id, power: 'running' })
  await settled()
  compute.want({ id, reboots_hard: 1 })
  await settled()
  compute.want({ id, reboots_soft: 1 })
  await settled()
  expect(compute.seen.get(id)).toMatchObject({ power: 'running', reboots_hard: 1, reboots_soft: 1 })
  const { domains, boots } = await seeHost(id)
  expect(domains).toMatchObject([{ id, power: 'running', generation: 5 }])
  expect(boots).toBe(name === ASKED_TWICE ? 5 : 4)

  compute.want({ id, power: 'gone' })
  await eventually(() => !compute.vms.has(id) || Promise.reject(new Error(`not gone\n${output}`)))
  expect((await seeHost(id)).domains).toEqual([])
  expect(compute.strays).toEqual([])
  expect(readdirSync(join(dir, 'images')).filter(file => file.endsWith('.part'))).toEqual([])
  expect(readFileSync(`${armed()}.fired`, 'utf8')).toBe(name)
  expect(compute.epoch).toBe(2)
  expect(compute.problems).toEqual([])
  expect(await stopAgent()).toBe(0)
})
