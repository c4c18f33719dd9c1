/**
 * Dies at every registered point in turn, in the middle of the work of a server's life, and looks whether everything
 * comes to rest as wanted. A step with a new point is tested here without further ado; a point that nobody passes
 * fails its test.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { points as computePoints } from '../../services/compute/src/points.ts'
import { points as agentPoints } from '../../services/compute-agent/src/points.ts'
import { points as networkPoints } from '../../services/network/src/points.ts'
import { startCloud } from '../support/cloud.ts'
import { openTruth } from '../support/truth.ts'
import { armed } from './crash.ts'
import { type Scene, settled } from './settled.ts'
import { namesOf, type Server, startWorkload } from './workload.ts'

const SERVERS = 3

let scene: Scene

beforeAll(async () => {
  const cloud = await startCloud({ hypervisor: 'sim' })
  scene = { cloud, truth: await openTruth(cloud), workload: await startWorkload(cloud, 'points') }
})

afterAll(async () => {
  await scene?.truth.close()
  await scene?.cloud.down()
})

/** What a failed test left. */
beforeEach(async () => {
  await scene.workload.removeAll()
})

let made = 0
const create = async (): Promise<Server[]> => {
  made += 1
  const { workload } = scene
  return workload.create(namesOf(`s${made}`, SERVERS), await workload.newImage(), workload.ownPort)
}

/** Does the work of a passage while the point is armed, and looks at the result. */
type Passage = (armed: (work: () => Promise<unknown>) => Promise<void>) => Promise<void>

const onServers =
  (work: (servers: Server[]) => Promise<{ status?: 'ACTIVE' | 'SHUTOFF'; boots?: number[] }>): Passage =>
  async armed => {
    const servers = await create()
    await settled(scene, { servers })
    let outcome = {}
    await armed(async () => {
      outcome = await work(servers)
    })
    await settled(scene, { servers, ...outcome })
    await removeAll(servers)
  }

/** Their guests shut themselves down. */
const switchOff = async (servers: readonly Server[]): Promise<void> => {
  const { truth } = scene
  const ids = servers.map(server => server.id)
  const { guests } = truth.guests()
  const theirs = guests.filter(guest => ids.includes(guest.definition?.server_id ?? ''))
  for (const host of new Set(theirs.map(guest => guest.host)))
    truth.turn(host, { power_off: theirs.filter(guest => guest.host === host).map(guest => guest.id) })
}

const removeAll = async (servers: Server[]): Promise<void> => {
  await scene.workload.remove(servers)
  await settled(scene, { servers: [] })
}

const passages: Record<string, Passage> = {
  create: async armed => {
    let servers: Server[] = []
    await armed(async () => {
      servers = await create()
    })
    await settled(scene, { servers })
    await removeAll(servers)
  },
  stop: onServers(async servers => {
    await scene.workload.act(servers, { 'os-stop': null })
    return { status: 'SHUTOFF' }
  }),
  reboot: onServers(async servers => {
    await scene.workload.act(servers, { reboot: { type: 'HARD' } })
    return { boots: [2] }
  }),
  'soft-reboot': onServers(async servers => {
    await scene.workload.act(servers, { reboot: { type: 'SOFT' } })
    // only the guest knows whether it obeyed: an agent that died before it wrote that down asks again
    return { boots: [2, 3] }
  }),
  'power-off': onServers(async servers => {
    await switchOff(servers)
    return { status: 'SHUTOFF' }
  }),
  'start-up': onServers(async () => {
    await scene.cloud.kill('agent-host-1')
    return {}
  }),
  delete: async armed => {
    const servers = await create()
    await settled(scene, { servers })
    await armed(() => scene.workload.remove(servers))
    await settled(scene, { servers: [] })
  },
}

const points = [...computePoints, ...networkPoints, ...agentPoints].filter(
  point => !('on' in point && point.on === 'ovn'),
)

describe.each(Object.keys(passages))('at %s', at => {
  test.each(points.filter(point => point.at === at).map(point => point.name))('%s', async name => {
    await passages[at]!(work => armed(scene.cloud, name, work))
  })
})

test('every point belongs to a passage that is tested', () => {
  expect(points.filter(point => !(point.at in passages))).toEqual([])
})
