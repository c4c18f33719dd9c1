/**
 * Debian's own `openstack` client against a whole cloud with simulated hosts: every command of every area but identity's,
 * whose commands are with that service. A command that is in no table is a failure, so that none is forgotten.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type OpenstackClient, openstackClient } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../packages/cli/src/client/eventually.ts'
import { type Cloud, run as execute, startCloud } from '../support/cloud.ts'
import { cloud as common } from './commands/cloud.ts'
import { compute } from './commands/compute.ts'
import { image } from './commands/image.ts'
import { network } from './commands/network.ts'
import { objectStore } from './commands/object-store.ts'
import type { Expected } from './commands/row.ts'

const AREAS = { common, image, network, compute, 'object-store': objectStore }

let cloud: Cloud
let client: OpenstackClient
beforeAll(async () => {
  cloud = await startCloud({ hypervisor: 'sim' })
  client = openstackClient({
    OS_CLIENT_CONFIG_FILE: join(cloud.dataDir, 'clouds.yaml'),
    OS_CLOUD: 'caelum',
  })
  writeFileSync(join(client.folder, 'data'), 'an image, as far as')
  writeFileSync(
    join(client.folder, 'key.pub'),
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINkkTjgwnbmbkVAbkE3cfGBkh2ai1sPT+FFfiCRjofIF somebody@somewhere\n',
  )
}, 300_000)
afterAll(async () => {
  await client?.close()
  await cloud?.down()
}, 120_000)

async function substituted(rest: string): Promise<string> {
  const [whole, command = ''] = /\$\((.*?)\)/.exec(rest) ?? []
  if (!whole) return rest
  const { code, out, err } = await client.run(command.split(' '))
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return rest.replace(whole, out.trim())
}

/** The client's own options stand before the command. */
function argvOf(command: string, rest: string, json: boolean): string[] {
  const words = rest.split(' ').filter(Boolean)
  const own = words[0] === '--os-compute-api-version' ? words.splice(0, 2) : []
  return [...own, ...command.split(' '), ...(json ? ['-f', 'json'] : []), ...words]
}

const isJson = (expected: Expected): boolean =>
  expected !== null && !('says' in expected) && !('fails' in expected)

async function run(command: string, rest: string, expected: Expected): Promise<void> {
  const { code, out, err } = await client.run(argvOf(command, await substituted(rest), isJson(expected)))
  if (expected && 'fails' in expected) {
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(expected.fails as RegExp) })
    return
  }
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' })
  if (expected === null) return
  if ('says' in expected) expect(out.trim()).toMatch(expected.says as RegExp)
  else if (Array.isArray(expected))
    expect(JSON.parse(out)).toEqual(expect.arrayContaining(expected.map(one => containing(one))))
  else if ('exactly' in expected) expect(JSON.parse(out)).toMatchObject(expected.exactly as object[])
  else expect(JSON.parse(out)).toMatchObject(expected)
}

const containing = (entry: Record<string, unknown>) => expect.objectContaining(entry)

/** What an area's commands are done with. */
const FURNITURE: Partial<Record<keyof typeof AREAS, { before: string[]; after: string[] }>> = {
  compute: {
    before: [
      'image create guest --disk-format raw --container-format bare --file data',
      'network create lan',
      'subnet create lan --network lan --subnet-range 10.5.0.0/24',
      'port create plug --network lan --fixed-ip ip-address=10.5.0.50',
    ],
    after: ['port delete plug', 'network delete lan', 'image delete guest'],
  },
}

describe.each(Object.entries(AREAS))('%s', (name, area) => {
  const { before, after } = FURNITURE[name as keyof typeof AREAS] ?? { before: [], after: [] }
  beforeAll(async () => {
    for (const command of before) await run(command, '', null)
  })
  afterAll(async () => {
    for (const command of after) await run(command, '', null)
  })

  test.each(area.rows)('%s %s', run)

  test('no command is forgotten', async () => {
    const { out } = await client.run(['command', 'list', '--group', area.group, '-f', 'json'])
    const [{ Commands: all }]: [{ Commands: string[] }] = JSON.parse(out)
    const known = new Set(area.rows.map(([command]) => command))
    const later = (command: string) =>
      area.notYet.some(group => command.startsWith(`${group} `) || command === group)
    expect(all.filter(command => !known.has(command) && !later(command))).toEqual([])
    expect(area.notYet.filter(group => !all.some(c => c === group || c.startsWith(`${group} `)))).toEqual([])
  })
})

test('openstacksdk, at the newest microversion', async () => {
  const program = join(import.meta.dirname, 'openstacksdk.py')
  const files = [join(client.folder, 'data'), join(client.folder, 'key.pub')]
  const said = await execute('/usr/bin/python3', ['-W', 'ignore', program, ...files], {
    OS_CLIENT_CONFIG_FILE: join(cloud.dataDir, 'clouds.yaml'),
  })
  expect(JSON.parse(said)).toMatchObject({
    newest: '2.96',
    image: 'active',
    flavors: expect.arrayContaining(['m1.tiny']),
    key: 'ssh',
    group: ['anti-affinity', { max_server_per_host: 2 }],
    server: {
      microversion: '2.96',
      status: 'ACTIVE',
      addresses: [expect.stringMatching(/^10\.7\.0\.\d+$/)],
      description: 'by the library',
      tags: ['a'],
      host_status: 'UP',
      groups: [expect.any(String)],
      flavor: 'm1.tiny',
      image: true,
      stopped: 'SHUTOFF',
    },
    raw: { locked_reason: null, pinned_availability_zone: null, trusted_image_certificates: null },
    hypervisors: [
      ['host-1', 'up'],
      ['host-2', 'up'],
    ],
    services: [
      ['host-1', 'nova-compute'],
      ['host-2', 'nova-compute'],
    ],
    cores: 1,
    console: expect.stringContaining('sim login:'),
    port: [expect.stringMatching(/ACTIVE|DOWN/)],
    object: 'hello',
    left: [],
  })
})

test('a revoked token is refused by every service', async () => {
  const { out } = await client.run(['token', 'issue', '-f', 'json'])
  const { id: token } = JSON.parse(out)
  const urls = [
    cloud.admin.urlOf('identity', '/users'),
    cloud.admin.urlOf('image', '/v2/images'),
    cloud.admin.urlOf('compute', '/servers'),
    cloud.admin.urlOf('network', '/v2.0/networks'),
    cloud.admin.urlOf('object-store'),
  ]
  const statuses = () =>
    Promise.all(urls.map(url => fetch(url, { headers: { 'x-auth-token': token } }).then(a => a.status)))
  expect((await statuses()).every(status => status < 300)).toBe(true)
  expect(await client.run(['token', 'revoke', token])).toEqual({ code: 0, out: '', err: '' })
  const began = performance.now()
  await eventually('every service to know', 10_000, async () =>
    (await statuses()).every(status => status === 401) ? true : undefined,
  )
  expect(performance.now() - began).toBeLessThan(5_000)
})
