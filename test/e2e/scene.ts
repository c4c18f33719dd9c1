/**
 * A cloud with real hosts, and what every test on it needs: an image that boots, tenants with a network, probes, and
 * eyes on the machine itself.
 */
import { ensureGuestImage, LabHost, OvnCentral, openInstance } from '@caelum/lab'
import { eventually } from '@caelum/testkit'
import pg from 'pg'
import { ROOT } from '../../packages/cli/src/cloud/node-program.ts'
import { database } from '../../packages/cli/src/cloud/postgres.ts'
import { uploadImage } from '../../packages/cli/src/demo/image.ts'
import { generateKey, type KeyPair, removeKey } from '../../packages/cli/src/demo/probe.ts'
import { readSettings } from '../../packages/cli/src/instance/settings.ts'
import { type Cloud, startCloud } from '../support/cloud.ts'

/** Upper bounds for a machine that is shared with others; a quiet one needs a tenth of it. */
export const TEST_MS = 900_000
export const PATIENT = { within: 400_000, every: 500 }

export interface Scene {
  cloud: Cloud
  hosts: ReadonlyMap<string, LabHost>
  ovn: OvnCentral
  key: KeyPair
  image: { id: string; user: string }
  /** one statement over all schemas */
  sql<T>(text: string, ...parameters: unknown[]): Promise<T[]>
  close(): Promise<void>
}

export async function startScene(): Promise<Scene> {
  const guestImage = await ensureGuestImage(`${ROOT}.caelum-cache/images`)
  const cloud = await startCloud({ hypervisor: 'libvirt', hosts: 2 })
  try {
    return await furnish(cloud, guestImage)
  } catch (error) {
    await cloud.down()
    throw error
  }
}

async function furnish(
  cloud: Cloud,
  guestImage: Awaited<ReturnType<typeof ensureGuestImage>>,
): Promise<Scene> {
  const instance = await openInstance(cloud.dataDir)
  const count = readSettings(cloud.location)!.hosts
  const hosts = Array.from({ length: count }, (_, index) => new LabHost(instance, index + 1))
  const id = await uploadImage(cloud.admin, 'guest', guestImage)
  await cloud.admin.send('image', 'PATCH', `/v2/images/${id}`, {
    body: JSON.stringify([{ op: 'replace', path: '/visibility', value: 'public' }]),
    headers: { 'content-type': 'application/openstack-images-v2.1-json-patch' },
  })
  const key = await generateKey()
  const pool = new pg.Pool({ connectionString: database(cloud.location).adminUrl(), max: 2 })
  // a PostgreSQL that is killed takes idle connections with it
  pool.on('error', () => undefined)
  return {
    cloud,
    hosts: new Map(hosts.map(host => [host.name, host])),
    ovn: new OvnCentral(instance),
    key,
    image: { id, user: guestImage.user },
    sql: async (text, ...parameters) => (await pool.query(text, parameters)).rows,
    async close() {
      await pool.end()
      await removeKey(key)
      await cloud.down()
    },
  }
}

export const hostNamed = (scene: Scene, name: string): LabHost => scene.hosts.get(name)!

/** The other one of the two. */
export const hostBeside = (scene: Scene, name: string): LabHost =>
  [...scene.hosts.values()].find(host => host.name !== name)!

/** Waits until everything of the cloud runs and every host is connected. */
export async function untilWhole(scene: Scene): Promise<void> {
  await eventually(async () => {
    const late = (await scene.cloud.units()).filter(unit => unit.state !== 'ready')
    if (late.length > 0) throw new Error(`not ready: ${late.map(unit => unit.name).join(', ')}`)
    return true
  }, PATIENT)
}

/** SIGKILL to these units of the supervisor; returns when others run in their place. */
export async function replaceUnits(scene: Scene, names: readonly string[]): Promise<void> {
  const before = new Map((await scene.cloud.units()).map(unit => [unit.name, unit.pid]))
  for (const name of names) await scene.cloud.kill(name)
  await eventually(async () => {
    const units = (await scene.cloud.units()).filter(unit => names.includes(unit.name))
    const same = units.filter(unit => unit.pid === null || unit.pid === before.get(unit.name))
    if (same.length > 0) throw new Error(`not replaced: ${same.map(unit => unit.name).join(', ')}`)
    return true
  }, PATIENT)
  await untilWhole(scene)
}
