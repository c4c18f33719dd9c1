import { request } from 'node:http'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import type { WantedVm } from '@caelum/agent-protocol'
import { silentLogger } from '@caelum/kernel'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Directory } from '../src/metadata/directory.ts'
import { EC2_VERSIONS } from '../src/metadata/ec2.ts'
import { OPENSTACK_VERSIONS } from '../src/metadata/openstack.ts'
import { MetadataServer } from '../src/metadata/server.ts'
import { wantedNic, wantedVm } from './factory.ts'

const KEY = { name: 'mykey', type: 'ssh', data: 'ssh-ed25519 AAAA me' }
const USER_DATA = '#cloud-config\npassword: geheim\n'
const NET = 'net-1'
const vmAt = (address: string, over: Partial<WantedVm['metadata']> = {}, networkId = NET) => {
  const base = wantedVm({
    nics: [wantedNic({ network_id: networkId, fixed_ips: [{ address, prefix_length: 24 }] })],
  })
  return { ...base, metadata: { ...base.metadata, ...over } }
}

let directory: Directory
let server: MetadataServer
let doors: Server[]

/** A listening socket that stands for the one in a network's namespace. */
const door = async (networkId: string): Promise<number> => {
  const listening = createServer({ pauseOnConnect: true }, socket => server.serve(socket, networkId))
  doors.push(listening)
  await new Promise<void>(resolve => listening.listen(0, '0.0.0.0', resolve))
  return (listening.address() as AddressInfo).port
}
interface Reply {
  status: number
  type: string | undefined
  text: string
}
const ask = (
  port: number,
  path: string,
  from: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options
    const call = request(
      { host: '127.0.0.1', port, path, localAddress: from, method, headers, agent: false },
      response => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', data => {
          text += data
        })
        response.on('end', () =>
          resolve({ status: response.statusCode!, type: response.headers['content-type'], text }),
        )
      },
    )
    call.on('error', reject)
    call.end(body)
  })

beforeEach(() => {
  directory = new Directory()
  server = new MetadataServer(directory, silentLogger)
  doors = []
})
afterEach(() => {
  for (const listening of doors) listening.close()
  server.close()
})

describe('who asks', () => {
  test('every vm gets its own, by network and address', async () => {
    const vms = [vmAt('127.0.0.2'), vmAt('127.0.0.3'), vmAt('127.0.0.2', {}, 'net-2')]
    directory.fill(vms)
    const ports = [await door(NET), await door('net-2')]
    const uuidAt = async (port: number, from: string) =>
      JSON.parse((await ask(port, '/openstack/latest/meta_data.json', from)).text).uuid
    expect(await uuidAt(ports[0]!, '127.0.0.2')).toBe(vms[0]!.server_id)
    expect(await uuidAt(ports[0]!, '127.0.0.3')).toBe(vms[1]!.server_id)
    expect(await uuidAt(ports[1]!, '127.0.0.2')).toBe(vms[2]!.server_id)
  })

  test('an unknown address, or one of another network, gets 404, whatever it says in headers', async () => {
    directory.fill([vmAt('127.0.0.2'), vmAt('127.0.0.9', {}, 'net-2')])
    const port = await door(NET)
    const headers = {
      'x-forwarded-for': '127.0.0.2',
      'x-instance-id': 'x',
      'x-real-ip': '127.0.0.2',
      forwarded: 'for=127.0.0.2',
    }
    for (const from of ['127.0.0.5', '127.0.0.9'])
      expect((await ask(port, '/openstack/latest/meta_data.json', from, { headers })).status).toBe(404)
  })

  test('a vm that is gone is unknown at once', async () => {
    directory.fill([vmAt('127.0.0.2')])
    const port = await door(NET)
    expect((await ask(port, '/latest/meta-data/', '127.0.0.2')).status).toBe(200)
    directory.fill([])
    expect((await ask(port, '/latest/meta-data/', '127.0.0.2')).status).toBe(404)
  })
})

describe('what it gets', () => {
  let port: number
  let vm: WantedVm
  const get = (path: string) => ask(port, path, '127.0.0.2')
  const json = async (path: string) => JSON.parse((await get(path)).text)

  beforeEach(async () => {
    vm = vmAt('127.0.0.2', {
      name: 'my server',
      hostname: 'my-server',
      meta: { role: 'web' },
      keys: [KEY],
      user_data: Buffer.from(USER_DATA).toString('base64'),
    })
    directory.fill([vm])
    port = await door(NET)
  })

  test('listings as nova prints them', async () => {
    expect((await get('/')).text).toBe([...EC2_VERSIONS, 'latest'].join('\n'))
    expect((await get('/openstack')).text).toBe([...OPENSTACK_VERSIONS, 'latest'].join('\n'))
    expect((await get('/openstack/2012-08-10/')).text).toBe('meta_data.json\nuser_data')
    expect((await get('/openstack/latest')).text.split('\n')).toEqual([
      'meta_data.json',
      'user_data',
      'password',
      'vendor_data.json',
      'network_data.json',
      'vendor_data2.json',
    ])
    expect((await get('/latest')).text).toBe('meta-data/\nuser-data')
    expect((await get('/latest/meta-data/')).text.split('\n')).toEqual([
      'ami-id',
      'ami-launch-index',
      'ami-manifest-path',
      'block-device-mapping/',
      'hostname',
      'instance-action',
      'instance-id',
      'local-hostname',
      'local-ipv4',
      'placement/',
      'public-hostname',
      'public-ipv4',
      'public-keys/',
      'reservation-id',
      'security-groups',
    ])
    expect((await get('/latest/meta-data/public-keys/')).text).toBe('0=mykey')
    expect((await get('/latest/meta-data/public-keys/0/')).text).toBe('openssh-key')
    expect((await get('/1.0/meta-data')).text).not.toContain('placement')
  })

  test('meta_data.json grows with its versions', async () => {
    const oldest = await json('/openstack/2012-08-10/meta_data.json')
    expect(oldest).toEqual({
      uuid: vm.server_id,
      meta: { role: 'web' },
      public_keys: { mykey: KEY.data },
      keys: [KEY],
      hostname: 'my-server',
      name: 'my server',
      launch_index: 0,
      availability_zone: 'nova',
    })
    const added = (from: object, to: object) => Object.keys(to).filter(key => !(key in from))
    const grizzly = await json('/openstack/2013-04-04/meta_data.json')
    expect(added(oldest, grizzly)).toEqual(['random_seed'])
    expect(Buffer.from(grizzly.random_seed, 'base64')).toHaveLength(512)
    const liberty = await json('/openstack/2015-10-15/meta_data.json')
    expect(added(grizzly, liberty)).toEqual(['project_id'])
    expect(added(liberty, await json('/openstack/latest/meta_data.json'))).toEqual([
      'devices',
      'dedicated_cpus',
    ])
  })

  test('user data is given back as bytes, in both trees', async () => {
    expect(await get('/openstack/latest/user_data')).toEqual({
      status: 200,
      type: 'text/plain; charset=UTF-8',
      text: USER_DATA,
    })
    expect((await get('/latest/user-data')).text).toBe(USER_DATA)
  })

  test('the key, the address and short ids in the EC2 tree', async () => {
    expect((await get('/latest/meta-data/public-keys/0/openssh-key')).text).toBe(KEY.data)
    expect((await get('/2009-04-04/meta-data/local-ipv4')).text).toBe('127.0.0.2')
    expect((await get('/ec2/latest/meta-data/instance-id')).text).toMatch(/^i-[0-9a-f]{8}$/)
    expect((await get('/latest/meta-data/placement/availability-zone')).text).toBe('nova')
    expect((await get('/latest/meta-data/hostname')).text).toBe('my-server')
  })

  test('network_data.json describes the NICs', async () => {
    const [nic] = vm.nics
    const link = `tap${nic!.port_id.slice(-11)}`
    expect(await json('/openstack/latest/network_data.json')).toEqual({
      links: [{ id: link, vif_id: nic!.port_id, type: 'ovs', mtu: 1442, ethernet_mac_address: nic!.mac }],
      networks: [{ id: 'network0', type: 'ipv4_dhcp', link, network_id: NET }],
      services: [],
    })
    expect(await json('/openstack/latest/vendor_data.json')).toEqual({})
    expect((await get('/openstack/latest/password')).status).toBe(200)
  })

  test.each([
    '/openstack/1999-01-01/meta_data.json',
    '/openstack/2012-08-10/network_data.json',
    '/openstack/latest/meta_data.json/more',
    '/openstack/latest/constructor',
    '/openstack/latest/__proto__',
    '/latest/meta-data/nothing',
    '/latest/meta-data/hostname/more',
    '/latest/meta-data/constructor',
    '/latest/user-data/0',
    '/latest/meta-data/public-keys/1',
    '/3000-01-01/meta-data',
    '/%',
    '/../../etc/passwd',
  ])('404 for %s', async path => {
    expect((await get(path)).status).toBe(404)
  })

  test('slashes and queries make no difference', async () => {
    const path = '//openstack/../openstack/latest//meta_data.json/?x=y'
    expect((await json(path)).uuid).toBe(vm.server_id)
  })

  test('HEAD answers like GET without a body; other verbs are refused', async () => {
    expect(await ask(port, '/latest/user-data', '127.0.0.2', { method: 'HEAD' })).toMatchObject({
      status: 200,
      text: '',
    })
    const post = { method: 'POST', body: 'x'.repeat(100_000) }
    expect((await ask(port, '/openstack/latest/password', '127.0.0.2', post)).status).toBe(405)
  })

  test('a vm without keys and user data has none of them', async () => {
    directory.fill([vmAt('127.0.0.2')])
    expect((await get('/openstack/latest/user_data')).status).toBe(404)
    expect((await get('/latest/user-data')).status).toBe(404)
    expect((await get('/latest/meta-data/public-keys/')).status).toBe(404)
    expect(await json('/openstack/latest/meta_data.json')).not.toHaveProperty('keys')
  })
})

describe('bounds', () => {
  test('one network cannot take all connections', async () => {
    directory.fill([vmAt('127.0.0.2'), vmAt('127.0.0.3', {}, 'net-2')])
    const [port, other] = [await door(NET), await door('net-2')]
    const sockets = Array.from({ length: 70 }, () =>
      connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' }).on('error', () => undefined),
    )
    const closed = await Promise.race(
      sockets.map(socket => new Promise(resolve => socket.on('close', () => resolve(true)))),
    )
    expect(closed).toBe(true)
    expect((await ask(other, '/latest/meta-data/hostname', '127.0.0.3')).status).toBe(200)
    for (const socket of sockets) socket.destroy()
  })

  test('headers beyond 8 KiB are refused', async () => {
    directory.fill([vmAt('127.0.0.2')])
    const port = await door(NET)
    const headers = { 'x-much': 'x'.repeat(9_000) }
    expect((await ask(port, '/latest', '127.0.0.2', { headers })).status).toBe(431)
  })
})
