import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WantedVm } from '@caelum/agent-protocol'
import { silentLogger } from '@caelum/kernel'
import { eventually } from '@caelum/testkit'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { runAgent } from '../src/agent.ts'
import { openComputeApi } from '../src/compute-api/client.ts'
import { Directory } from '../src/metadata/directory.ts'
import { type HostNetwork, noNetwork } from '../src/network/host-network.ts'
import { Authority, type Identity } from './certificates.ts'
import { wantedNic } from './factory.ts'
import { FakeCompute } from './fake-compute.ts'
import { FakeDriver } from './fake-driver.ts'

let authority: Authority
let server: Identity
let client: Identity
let compute: FakeCompute
let driver: FakeDriver
let dataDir: string
const running: { stop: AbortController; ended: Promise<'stopped' | 'superseded'> }[] = []

const startAgent = (identity = client, directory = new Directory(), network: HostNetwork = noNetwork) => {
  const stop = new AbortController()
  const api = openComputeApi(compute.url, identity)
  const ended = runAgent(
    {
      api,
      driver,
      network,
      directory,
      log: silentLogger,
      host: { name: 'host-1', ip: '127.0.0.1' },
      data_dir: dataDir,
      image_cache_bytes: 1 << 30,
      grace_ms: 0,
      concurrency: 4,
      pauseMs: () => 5,
      reportEveryMs: 50,
      lookEveryMs: 50,
    },
    stop.signal,
  )
  const agent = { stop, ended }
  running.push(agent)
  return agent
}
const stopAgents = async () => {
  for (const { stop, ended } of running.splice(0)) {
    stop.abort()
    await ended
  }
}
const allSettled = () => eventually(() => compute.vms.size > 0 && compute.isSettled())

beforeAll(() => {
  authority = new Authority()
  server = authority.issue('compute')
  client = authority.issue('host-1')
})
afterAll(() => authority.remove())
beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'agent-'))
  driver = new FakeDriver()
  compute = new FakeCompute(server, 'host-1')
  await compute.start()
})
afterEach(async () => {
  await stopAgents()
  await compute.stop()
  rmSync(dataDir, { recursive: true, force: true })
  expect(compute.problems).toEqual([])
  expect(driver.violations).toEqual([])
})

describe('agent and compute', () => {
  test('a vm comes, with its image, and goes', async () => {
    const image = compute.addImage('img-1', Buffer.alloc(3_000_000, 'a'))
    const { id } = compute.want({ disk: { image, size_gb: 1 } })
    const sibling = compute.want({ disk: { image, size_gb: 1 } })
    startAgent()
    await allSettled()
    expect(compute.facts).toMatchObject({ hostname: 'host-1', protocol: 1, hypervisor_type: 'fake' })
    expect(compute.imageRequests).toBe(1)
    expect(readdirSync(join(dataDir, 'images'))).toHaveLength(1)

    compute.want({ id, power: 'gone' })
    await eventually(() => !compute.vms.has(id))
    expect([...driver.domains.keys()]).toEqual([sibling.id])
  })

  test('changes arrive by the long poll, without a full picture', async () => {
    compute.want()
    startAgent()
    await allSettled()
    await eventually(() => compute.polls.at(-1)! > 0)
    const { id } = compute.want()
    await eventually(() => compute.seen.get(id)?.power === 'running')
    expect(compute.polls.filter(since => since === 0)).toHaveLength(1)
  })

  test('compute goes away and comes back: guests run on, what happened meanwhile is told', async () => {
    const vm = compute.want()
    startAgent()
    await allSettled()
    await compute.stop()
    driver.destroyBehind(vm.id)
    await eventually(() => driver.boots.get(vm.id) === 2)
    const { id } = compute.want()
    compute.seen.clear()
    await compute.start()
    await eventually(() => compute.isSettled() && compute.seen.has(id) && compute.seen.has(vm.id))
    expect(compute.epoch).toBe(1)
  })

  test('an agent that starts before compute does waits for it', async () => {
    await compute.stop()
    startAgent()
    compute.want()
    await compute.start()
    await allSettled()
  })

  test('the next agent finds everything as it is and begins nothing anew', async () => {
    const list = [compute.want(), compute.want({ power: 'stopped' })]
    startAgent()
    await allSettled()
    await stopAgents()
    expect(driver.domains.get(list[0]!.id)?.power).toBe('running')
    driver.calls.length = 0
    compute.seen.clear()
    startAgent()
    await eventually(() => compute.seen.size === 2 && compute.isSettled())
    expect(driver.calls.every(call => call === 'list ')).toBe(true)
  })

  test('an agent that starts while compute is away serves metadata, and touches nothing', async () => {
    const nic = wantedNic()
    const [on, off, crashed] = [compute.want({ nics: [nic] }), compute.want(), compute.want()]
    startAgent()
    await allSettled()
    await stopAgents()
    await compute.stop()
    driver.destroyBehind(off.id)
    driver.destroyBehind(crashed.id, 'crashed')
    driver.calls.length = 0

    const directory = new Directory()
    const told: { call: 'want' | 'recall'; vms: string[]; on: string[] }[] = []
    const note = (call: 'want' | 'recall') => (vms: readonly WantedVm[], running: ReadonlySet<string>) => {
      told.push({ call, vms: vms.map(vm => vm.id), on: [...running] })
    }
    startAgent(client, directory, { ...noNetwork, want: note('want'), recall: note('recall') })
    await eventually(() => directory.find(nic.network_id, '10.0.0.5')?.server_id === on.server_id)
    const recalled = { call: 'recall', vms: [on.id, off.id, crashed.id], on: [on.id] }
    await eventually(() => told.length > 2)
    expect(told).toEqual(told.map(() => recalled))
    expect(driver.calls.filter(call => call !== 'list ')).toEqual([])

    // what compute says counts, whatever was known before
    compute.want({ id: off.id, power: 'gone' })
    compute.want({ id: on.id, nics: [{ ...nic, fixed_ips: [{ address: '10.0.0.6', prefix_length: 24 }] }] })
    compute.seen.clear()
    await compute.start()
    await eventually(() => !compute.vms.has(off.id) && compute.seen.size > 1 && compute.isSettled())
    expect(driver.boots.get(crashed.id)).toBe(2)
    expect(directory.find(nic.network_id, '10.0.0.5')).toBeUndefined()
    expect(directory.find(nic.network_id, '10.0.0.6')?.server_id).toBe(on.server_id)
    const firstWant = told.findIndex(({ call }) => call === 'want')
    expect(firstWant).toBeGreaterThan(0)
    expect(told.slice(firstWant).every(({ call }) => call === 'want')).toBe(true)
  })

  test('an agent whose report is refused stops itself, and the newer one works on', async () => {
    const first = startAgent()
    await eventually(() => compute.reports > 0)
    startAgent()
    expect(await first.ended).toBe('superseded')
    compute.want()
    await allSettled()
    expect(compute.epoch).toBe(2)
  })

  test('a certificate of another host gets nothing', async () => {
    compute.want()
    startAgent(authority.issue('host-2'))
    await eventually(() => compute.refused > 1)
    await stopAgents()
    expect(compute.epoch).toBe(0)
    expect(compute.polls).toEqual([])
    expect(driver.calls).toEqual([])
  })

  test('a certificate of another authority is refused by both sides', async () => {
    const other = new Authority()
    const stranger = other.issue('host-1')
    const api = openComputeApi(compute.url, { ...stranger, ca: client.ca })
    await expect(api.wanted(0, 0, AbortSignal.timeout(5_000))).rejects.toThrow()
    await api.close()
    const trusting = openComputeApi(compute.url, { ...client, ca: stranger.ca })
    await expect(trusting.wanted(0, 0, AbortSignal.timeout(5_000))).rejects.toThrow(/certificate/)
    await trusting.close()
    other.remove()
    expect(compute.polls).toEqual([])
  })

  test('a renewed certificate is used without a restart', async () => {
    const old = new Authority()
    const renewed = mkdtempSync(join(tmpdir(), 'agent-tls-'))
    const files = { ca: join(renewed, 'ca'), cert: join(renewed, 'cert'), key: join(renewed, 'key') }
    const install = ({ cert, key }: Identity) => {
      copyFileSync(client.ca, files.ca)
      copyFileSync(cert, files.cert)
      copyFileSync(key, files.key)
    }
    install(old.issue('host-1'))
    const api = openComputeApi(compute.url, files)
    await expect(api.wanted(0, 0, AbortSignal.timeout(5_000))).rejects.toThrow()
    install(client)
    await expect(api.wanted(0, 0, AbortSignal.timeout(5_000))).resolves.toMatchObject({ full: true })
    await api.close()
    old.remove()
    rmSync(renewed, { recursive: true })
  })

  test('console output is asked for and answered', async () => {
    const { id } = compute.want()
    startAgent()
    await allSettled()
    driver.consoles.set(id, 'one\ntwo\nthree')
    compute.ask({ id: 'ask-1', kind: 'console', vm_id: id, lines: 2 })
    compute.ask({ id: 'ask-2', kind: 'console', vm_id: 'nobody', lines: null })
    await eventually(() => compute.answers.size === 2)
    expect(compute.answers.get('ask-1')).toEqual({ output: 'two\nthree', error: null })
    expect(compute.answers.get('ask-2')).toEqual({ output: null, error: 'vm nobody is not on this host' })
  })

  test('output beyond 1 MiB is cut at its beginning, not within a character', async () => {
    const { id } = compute.want()
    startAgent()
    await allSettled()
    driver.consoles.set(id, `${'ä'.repeat(600_000)}x`)
    compute.ask({ id: 'ask-1', kind: 'console', vm_id: id, lines: null })
    await eventually(() => compute.answers.size === 1)
    const { output } = compute.answers.get('ask-1')!
    expect(Buffer.byteLength(output!)).toBe((1 << 20) - 1)
    expect(output).toMatch(/^ä+x$/)
  })

  test('strays are told with the host', async () => {
    const vm = compute.want()
    startAgent()
    await allSettled()
    compute.vms.delete(vm.id)
    await stopAgents()
    startAgent()
    await eventually(() => compute.strays.length === 1)
    expect(compute.strays[0]).toMatchObject({ id: vm.id, power: 'running' })
    expect(driver.domains.has(vm.id)).toBe(true)
  })

  test('an image that is gone is a permanent fault, and delete works', async () => {
    const image = compute.addImage('img-1', Buffer.from('bytes'))
    compute.images.clear()
    const { id } = compute.want({ disk: { image, size_gb: 1 } })
    startAgent()
    await eventually(() => compute.seen.get(id)?.fault?.code === 'image-gone')
    expect(compute.seen.get(id)).toMatchObject({ generation: 1, power: 'absent', fault: { permanent: true } })
    compute.want({ id, power: 'gone' })
    await eventually(() => !compute.vms.has(id))
  })

  test('an image that breaks off is fetched again', async () => {
    const image = compute.addImage('img-1', Buffer.alloc(500_000, 'b'))
    compute.breakImageAfter = 100_000
    compute.want({ disk: { image, size_gb: 1 } })
    startAgent()
    await allSettled()
    expect(compute.imageRequests).toBe(2)
  })

  test('a host with more vms than fit into one report tells them all', async () => {
    for (let n = 0; n < 1_200; n++) compute.want()
    startAgent()
    await allSettled()
    expect(driver.domains.size).toBe(1_200)
  })
})
