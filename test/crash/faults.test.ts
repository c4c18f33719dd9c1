/** Takes away, in the middle of much work, what the cloud stands on; afterwards everything is as wanted. */
import { mkdirSync, rmSync } from 'node:fs'
import { childId } from '@caelum/kernel'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { computeServices } from '../../packages/cli/src/client/compute-hosts.ts'
import { eventually } from '../../packages/cli/src/client/eventually.ts'
import { Session } from '../../packages/cli/src/client/session.ts'
import { redis } from '../../packages/cli/src/cloud/redis.ts'
import { readSecret } from '../../packages/cli/src/instance/secrets.ts'
import { run, startCloud } from '../support/cloud.ts'
import { northbound, openTruth, wipeNorthbound } from '../support/truth.ts'
import { type Scene, settled } from './settled.ts'
import { shuffled } from './shuffle.ts'
import { namesOf, type Server, startWorkload } from './workload.ts'

const HOSTS = 4
/** an agent that has no news reports every 10 s */
const HOST_DOWN_S = 15

let scene: Scene
let image: string

beforeAll(async () => {
  const cloud = await startCloud({
    hypervisor: 'sim',
    hosts: HOSTS,
    settings: { CAELUM_HOST_DOWN_S: String(HOST_DOWN_S) },
  })
  scene = { cloud, truth: await openTruth(cloud), workload: await startWorkload(cloud, 'faults') }
  image = await scene.workload.newImage()
})

afterAll(async () => {
  await scene?.truth.close()
  await scene?.cloud.down()
})

beforeEach(async () => {
  await scene.cloud.control({ op: 'apply' })
  await scene.workload.removeAll()
})

const create = (prefix: string, count: number): Promise<Server[]> =>
  scene.workload.create(namesOf(prefix, count), image)

/** All of them, then none: and in both cases nothing else. */
const asWanted = async (servers: readonly Server[]): Promise<void> => {
  await settled(scene, { servers }, 60_000)
  await scene.workload.remove(servers)
  await settled(scene, { servers: [] }, 60_000)
}

const untilThereAre = (count: number) =>
  eventually(`${count} servers`, 20_000, async () =>
    (await scene.workload.list()).length >= count ? true : undefined,
  )

const untilReady = (unit: string) =>
  eventually(`${unit} to be ready`, 30_000, async () =>
    (await scene.cloud.units()).some(({ name, state }) => name === unit && state === 'ready')
      ? true
      : undefined,
  )

test('Redis forgets everything in the middle of 50 creates', async () => {
  const flush = () => run('redis-cli', ['-s', redis(scene.cloud.location).url, 'flushall'])
  const creating = create('flushed', 50)
  await untilThereAre(10)
  await flush()
  const servers = await creating
  await flush()
  await asWanted(servers)
})

test('Redis is away during 50 creates', async () => {
  const socket = redis(scene.cloud.location).url
  await scene.cloud.kill('redis')
  // whatever is started now finds its socket taken and ends
  rmSync(socket, { force: true })
  mkdirSync(socket)
  let servers: Server[] = []
  try {
    servers = await create('unheard', 50)
    await settled(scene, { servers }, 60_000)
    expect((await scene.cloud.units()).find(unit => unit.name === 'redis')?.state).not.toBe('ready')
  } finally {
    rmSync(socket, { recursive: true })
  }
  await scene.cloud.control({ op: 'apply' })
  await untilReady('redis')
  await asWanted(servers)
})

test('Redis hangs during 20 creates', async () => {
  const pid = await scene.cloud.pidOf('redis')
  process.kill(pid, 'SIGSTOP')
  try {
    const servers = await create('patient', 20)
    await settled(scene, { servers }, 60_000)
    process.kill(pid, 'SIGCONT')
    await asWanted(servers)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
})

test('PostgreSQL is killed during 20 creates', async () => {
  const creating = create('restarted', 20)
  await untilThereAre(3)
  await scene.cloud.kill('postgres')
  await asWanted(await creating)
})

test('everything is killed, one after the other, during 30 creates and deletes', async () => {
  const victims = shuffled(
    [
      'identity',
      'image',
      'compute',
      'network',
      'object-storage',
      'gateway',
      'redis',
      'ovn-nb',
      'ovn-sb',
      'ovn-northd',
    ].concat(
      Array.from({ length: HOSTS }, (_, n) => `agent-host-${n + 1}`),
      ['compute', 'network', 'agent-host-1', 'compute'],
    ),
    20261120,
  )
  const work = async (): Promise<Server[]> => {
    const kept = await Promise.all(
      namesOf('shot-at', 30).map(async (name, n) => {
        const servers = await scene.workload.create([name], image)
        if (n % 3 > 0) return servers
        await scene.workload.remove(servers)
        return []
      }),
    )
    return kept.flat()
  }
  const kill = async (): Promise<void> => {
    for (const victim of victims) {
      await untilReady(victim)
      await scene.cloud.kill(victim)
    }
  }
  const [servers] = await Promise.all([work(), kill()])
  await asWanted(servers)
})

test('the supervisor is killed during 20 creates: all goes on, and the next one takes over', async () => {
  const pids = async () => new Map((await scene.cloud.units()).map(({ name, pid }) => [name, pid]))
  const before = await pids()
  const creating = create('unsupervised', 20)
  await untilThereAre(3)
  await scene.cloud.killSupervisor()
  const servers = await creating
  await settled(scene, { servers })
  await scene.cloud.up()
  expect(await pids()).toEqual(before)
  await scene.cloud.kill('compute')
  await asWanted(servers)
})

test('the machine loses power during 20 creates', async () => {
  const creating = create('powerless', 20)
  await untilThereAre(3)
  scene.cloud.losePower()
  await scene.cloud.up()
  await asWanted(await creating)
})

test('a port is made for a server that is gone, by a request that nobody waits for any more', async () => {
  const [kept, gone] = await create('late', 2)
  await settled(scene, { servers: [kept!, gone!] })
  await scene.workload.remove([gone!])
  await settled(scene, { servers: [kept!] })
  const { sql } = scene.truth
  const [network] = await sql<{ network_id: string }>(
    'select network_id from network.ports where device_id = $1',
    kept!.id,
  )
  const compute = await Session.open({
    authUrl: scene.cloud.admin.urlOf('identity'),
    user: 'compute',
    password: readSecret(scene.cloud.location, 'compute.service-password')!,
    project: 'service',
  })
  await compute.call('network', 'POST', '/v2.0/ports', {
    port: {
      id: childId(gone!.id, 'port-0'),
      network_id: network!.network_id,
      project_id: scene.workload.tenant.projectId,
      device_id: gone!.id,
      device_owner: 'compute:nova',
    },
  })
  // upkeep begins with the process
  await scene.cloud.kill('compute')
  await asWanted([kept!])
})

test('a host is cut off, given up, and comes back', async () => {
  const before = await create('early', 8)
  await settled(scene, { servers: before })
  const { sql } = scene.truth
  const onHost = async (name: string) =>
    (
      await sql<{ server_id: string }>(
        'select server_id from compute.vms where host_id = (select id from compute.hosts where name = $1)',
        name,
      )
    ).map(vm => vm.server_id)
  const [lost = ''] = await onHost('host-2')
  // nothing is heard of a host whose agent stands still, and nothing is done there
  process.kill(await scene.cloud.pidOf('agent-host-2'), 'SIGSTOP')
  const during = await create('during', 8)
  await eventually('host-2 to count as down', 3 * HOST_DOWN_S * 1_000, async () =>
    (await computeServices(scene.cloud.admin)).some(
      ({ host, state }) => host === 'host-2' && state === 'down',
    )
      ? true
      : undefined,
  )
  const there = await onHost('host-2')
  const after = await create('late', 8)
  await scene.workload.remove(before.filter(server => server.id === lost))
  await eventually('the server of a lost host to be gone', 20_000, async () =>
    (await scene.workload.list()).some(server => server.id === lost) ? undefined : true,
  )
  expect(scene.truth.guests().guests.filter(guest => guest.definition?.server_id === lost)).toHaveLength(1)
  expect(new Set(await onHost('host-2'))).toEqual(new Set(there))
  await scene.cloud.kill('agent-host-2')
  await asWanted([...before, ...during, ...after].filter(server => server.id !== lost))
})

test('the northbound database is emptied, and then lost: both times it is filled again as it was', async () => {
  const servers = await create('kept', 10)
  await settled(scene, { servers })
  const { ovn } = scene.truth
  const before = await northbound(ovn)
  const isAsBefore = () =>
    eventually('the northbound database to be as it was', 30_000, async () => {
      const now = await northbound(ovn).catch(() => [])
      return now.join('\n') === before.join('\n') ? true : undefined
    })
  expect(await wipeNorthbound(ovn)).toBeGreaterThan(servers.length)
  await isAsBefore()
  rmSync(scene.truth.northboundFile)
  await scene.cloud.kill('ovn-nb')
  await isAsBefore()
  await asWanted(servers)
})
