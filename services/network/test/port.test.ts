import { persona } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
const user = persona('member')
const service = persona('service')
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

const networkWithSubnet = async (want: object = {}) => {
  const network = await api.network(user)
  return { network, subnet: await api.subnet(user, network.id, want) }
}
const addresses = (port: { fixed_ips: { ip_address: string }[] }) => port.fixed_ips.map(ip => ip.ip_address)

test('a port gets an address, a MAC and the default group', async () => {
  const { network, subnet } = await networkWithSubnet()
  const port = await api.port(user, network.id, { name: 'p' })
  expect(port).toMatchObject({
    name: 'p',
    status: 'DOWN',
    admin_state_up: true,
    fixed_ips: [{ subnet_id: subnet.id, ip_address: '10.0.0.3' }],
    device_id: '',
    device_owner: '',
    port_security_enabled: true,
    allowed_address_pairs: [],
    'binding:vnic_type': 'normal',
    project_id: user.projectId,
  })
  expect(port.mac_address).toMatch(/^fa:16:3e(:[0-9a-f]{2}){3}$/)
  expect(port).not.toHaveProperty('binding:host_id')
  const group = (await api.call(user, 'GET', `/security-groups/${port.security_groups[0]}`)).body
    .security_group
  expect(group).toMatchObject({ name: 'default', project_id: user.projectId })
})

describe('addresses', () => {
  test('come from both IP versions, a named subnet, or are named', async () => {
    const { network, subnet } = await networkWithSubnet()
    const six = await api.subnet(user, network.id, { cidr: 'fd00::/64', ip_version: 6 })
    expect(addresses(await api.port(user, network.id))).toEqual(['10.0.0.3', 'fd00::2'])
    const only = await api.port(user, network.id, { fixed_ips: [{ subnet_id: six.id }] })
    expect(addresses(only)).toEqual(['fd00::3'])
    const named = await api.port(user, network.id, {
      fixed_ips: [{ ip_address: '10.0.0.77' }, { subnet_id: subnet.id }],
    })
    expect(addresses(named)).toEqual(['10.0.0.77', '10.0.0.4'])
    expect(addresses(await api.port(user, network.id, { fixed_ips: [] }))).toEqual([])
  })

  test('a network without subnets gives none', async () => {
    const network = await api.network(user)
    expect((await api.port(user, network.id)).fixed_ips).toEqual([])
  })

  test.each<[object, number, string]>([
    [{ fixed_ips: [{ ip_address: '10.9.0.1' }] }, 400, 'InvalidIpForNetwork'],
    [{ fixed_ips: [{ ip_address: '10.0.0.255' }] }, 400, 'InvalidIpForSubnet'],
    [{ fixed_ips: [{ ip_address: '10.0.0.0' }] }, 400, 'InvalidIpForSubnet'],
    [{ fixed_ips: [{ ip_address: '10.0.0.2' }] }, 409, 'IpAddressAlreadyAllocated'],
    [
      { fixed_ips: [{ ip_address: '10.0.0.9' }, { ip_address: '10.0.0.9' }] },
      409,
      'IpAddressAlreadyAllocated',
    ],
    [{ fixed_ips: [{}] }, 400, 'InvalidInput'],
    [{ fixed_ips: [{ subnet_id: '6ba7b810-9dad-11d1-80b4-00c04fd430c8' }] }, 400, 'InvalidInput'],
    [{ network_id: '6ba7b810-9dad-11d1-80b4-00c04fd430c8' }, 404, 'NetworkNotFound'],
    [{ security_groups: ['6ba7b810-9dad-11d1-80b4-00c04fd430c8'] }, 404, 'SecurityGroupNotFound'],
    [
      { allowed_address_pairs: [{ ip_address: '1.1.1.1' }], port_security_enabled: false },
      409,
      'AddressPairAndPortSecurityRequired',
    ],
    [{ device_owner: 'network:distributed' }, 400, 'InvalidInput'],
    [{ 'binding:host_id': 'h1' }, 403, 'PolicyNotAuthorized'],
    [{ id: '6ba7b810-9dad-11d1-80b4-00c04fd430c8' }, 403, 'PolicyNotAuthorized'],
    [{ project_id: 'f'.repeat(32) }, 403, 'PolicyNotAuthorized'],
  ])('%j is refused', async (want, status, type) => {
    const { network } = await networkWithSubnet()
    const reply = await api.call(user, 'POST', '/ports', { port: { network_id: network.id, ...want } })
    expect([reply.status, reply.body.NeutronError?.type]).toEqual([status, type])
  })

  test('64 ports at once get 64 addresses, and the next one is refused', async () => {
    const { network } = await networkWithSubnet({
      cidr: '10.0.0.0/24',
      allocation_pools: [
        { start: '10.0.0.10', end: '10.0.0.40' },
        { start: '10.0.0.50', end: '10.0.0.83' },
      ],
    })
    const replies = await Promise.all(
      Array.from({ length: 70 }, () =>
        api.call(user, 'POST', '/ports', { port: { network_id: network.id } }),
      ),
    )
    const made = replies.filter(reply => reply.status === 201)
    const refused = replies.filter(reply => reply.status !== 201)
    expect(made).toHaveLength(64)
    expect(new Set(made.flatMap(reply => addresses(reply.body.port))).size).toBe(64)
    expect(new Set(made.map(reply => reply.body.port.mac_address)).size).toBe(64)
    for (const reply of refused)
      expect([reply.status, reply.body.NeutronError.type]).toEqual([409, 'IpAddressGenerationFailure'])
    const one = made[20]!.body.port
    await api.call(user, 'DELETE', `/ports/${one.id}`)
    expect(addresses(await api.port(user, network.id))).toEqual(addresses(one))
  })

  test('the same address asked for at once is given once', async () => {
    const { network } = await networkWithSubnet()
    const body = { port: { network_id: network.id, fixed_ips: [{ ip_address: '10.0.0.50' }] } }
    const replies = await Promise.all(Array.from({ length: 8 }, () => api.call(user, 'POST', '/ports', body)))
    expect(replies.map(reply => reply.status).sort()).toEqual([201, ...Array(7).fill(409)])
  })

  test('one that was given back rests until the others are used', async () => {
    const { network } = await networkWithSubnet()
    const first = await api.port(user, network.id)
    await api.call(user, 'DELETE', `/ports/${first.id}`)
    expect(addresses(await api.port(user, network.id))).not.toEqual(addresses(first))
  })

  test('500 ports in one request', async () => {
    const { network } = await networkWithSubnet({ cidr: '10.0.0.0/22' })
    await api.call(persona('admin'), 'PUT', `/quotas/${user.projectId}`, { quota: { port: 2_000 } })
    const { status, body } = await api.call(user, 'POST', '/ports', {
      ports: Array(500).fill({ network_id: network.id }),
    })
    expect(status).toBe(201)
    expect(new Set(body.ports.flatMap(addresses)).size).toBe(500)
  })
})

describe('MAC addresses', () => {
  test('are unique in their network', async () => {
    const [a, b] = [await networkWithSubnet(), await networkWithSubnet()]
    const mac_address = 'FA-16-3E-AA-BB-CC'
    expect((await api.port(user, a.network.id, { mac_address })).mac_address).toBe('fa:16:3e:aa:bb:cc')
    const again = await api.call(user, 'POST', '/ports', { port: { network_id: a.network.id, mac_address } })
    expect([again.status, again.body.NeutronError.type]).toEqual([409, 'MacAddressInUse'])
    await api.port(user, b.network.id, { mac_address })
  })
  test.each(['01:00:5e:00:00:01', '00:00:00:00:00:00', 'fa:16:3e', 'zz:16:3e:aa:bb:cc'])(
    '%s is refused',
    async mac => {
      const { network } = await networkWithSubnet()
      const reply = await api.call(user, 'POST', '/ports', {
        port: { network_id: network.id, mac_address: mac },
      })
      expect(reply.status).toBe(400)
    },
  )
})

test('a port is changed', async () => {
  const { network, subnet } = await networkWithSubnet()
  const group = await api.group(user, { name: 'g' })
  const port = await api.port(user, network.id)
  const change = async (want: object) => api.call(user, 'PUT', `/ports/${port.id}`, { port: want })
  const more = await change({
    fixed_ips: [{ ip_address: '10.0.0.3' }, { ip_address: '10.0.0.30' }],
    name: 'n',
    device_id: 'd',
  })
  expect(more.body.port).toMatchObject({ name: 'n', device_id: 'd' })
  expect(addresses(more.body.port)).toEqual(['10.0.0.3', '10.0.0.30'])
  const kept = await change({ fixed_ips: [{ subnet_id: subnet.id }] })
  expect(addresses(kept.body.port)).toEqual(['10.0.0.3'])
  expect((await change({ security_groups: [group.id] })).body.port.security_groups).toEqual([group.id])
  expect((await change({ security_groups: [] })).body.port.security_groups).toEqual([])
  const pairs = await change({
    allowed_address_pairs: [
      { ip_address: '10.0.0.99' },
      { ip_address: '10.3.0.0/16', mac_address: 'fa:16:3e:01:02:03' },
    ],
  })
  expect(pairs.body.port.allowed_address_pairs).toEqual([
    { ip_address: '10.0.0.99', mac_address: port.mac_address },
    { ip_address: '10.3.0.0/16', mac_address: 'fa:16:3e:01:02:03' },
  ])
  expect((await change({ port_security_enabled: false })).body.NeutronError.type).toBe(
    'AddressPairAndPortSecurityRequired',
  )
  const open = await change({ port_security_enabled: false, allowed_address_pairs: [] })
  expect(open.body.port).toMatchObject({ port_security_enabled: false, allowed_address_pairs: [] })
  expect((await change({ security_groups: [group.id] })).body.NeutronError.type).toBe(
    'PortSecurityAndIPRequiredForSecurityGroups',
  )
  const secured = await change({ port_security_enabled: true, security_groups: [group.id] })
  expect(secured.body.port).toMatchObject({ port_security_enabled: true, security_groups: [group.id] })
  expect((await change({ port_security_enabled: false })).body.NeutronError.type).toBe(
    'PortSecurityPortHasSecurityGroup',
  )
  expect((await change({ network_id: network.id })).status).toBe(400)
})

test('changes at once are all made', async () => {
  const { network } = await networkWithSubnet()
  const port = await api.port(user, network.id)
  const wants: object[] = [
    ...Array.from({ length: 6 }, (_, i) => ({ name: `n${i}` })),
    { device_id: 'd' },
    { description: 'x' },
    { security_groups: [] },
    { fixed_ips: [{ ip_address: '10.0.0.60' }] },
  ]
  const replies = await Promise.all(
    wants.map(want => api.call(user, 'PUT', `/ports/${port.id}`, { port: want })),
  )
  expect(replies.map(reply => reply.status)).toEqual(wants.map(() => 200))
  const { body } = await api.call(user, 'GET', `/ports/${port.id}`)
  expect(body.port).toMatchObject({
    device_id: 'd',
    description: 'x',
    security_groups: [],
    fixed_ips: [{ ip_address: '10.0.0.60' }],
    revision_number: 1 + wants.length,
  })
})

describe('binding', () => {
  test('is written and read by services and administrators; a bound port keeps its MAC', async () => {
    const { network } = await networkWithSubnet()
    const port = await api.port(user, network.id)
    const bound = await api.call(service, 'PUT', `/ports/${port.id}`, {
      port: { 'binding:host_id': 'h1', device_owner: 'compute:nova', device_id: 'bound-server' },
    })
    expect(bound.body.port).toMatchObject({
      'binding:host_id': 'h1',
      'binding:vif_type': 'ovs',
      'binding:vif_details': { port_filter: true, bridge_name: 'br-int' },
      status: 'DOWN',
    })
    const mac = await api.call(user, 'PUT', `/ports/${port.id}`, {
      port: { mac_address: 'fa:16:3e:00:00:99' },
    })
    expect(mac.body.NeutronError.type).toBe('PortBound')
    const freed = await api.call(service, 'PUT', `/ports/${port.id}`, { port: { 'binding:host_id': '' } })
    expect(freed.body.port).toMatchObject({ 'binding:vif_type': 'unbound', 'binding:vif_details': {} })
  })
})

describe('for the compute service', () => {
  test('a port with a given id is made once, however often and at once it is asked for', async () => {
    const { network } = await networkWithSubnet()
    const id = '6ba7b811-9dad-51d1-80b4-00c04fd430c8'
    const want = {
      id,
      network_id: network.id,
      project_id: user.projectId,
      device_id: 'twice',
      device_owner: 'compute:nova',
    }
    const replies = await Promise.all(
      Array.from({ length: 6 }, () => api.call(service, 'POST', '/ports', { port: want })),
    )
    for (const reply of replies) expect([reply.status, reply.body.port?.id]).toEqual([201, id])
    expect(new Set(replies.map(reply => reply.body.port.mac_address)).size).toBe(1)
    const found = await api.call(service, 'GET', '/ports?device_id=twice&device_id=server-2')
    expect(found.body.ports.map((port: { id: string }) => port.id)).toEqual([id])
    expect(found.body.ports[0].project_id).toBe(user.projectId)
    const bulk = await api.call(service, 'POST', '/ports', {
      ports: [want, { ...want, id: '6ba7b812-9dad-51d1-80b4-00c04fd430c8' }],
    })
    expect(bulk.body.ports.map((port: { id: string }) => port.id)).toEqual([
      id,
      '6ba7b812-9dad-51d1-80b4-00c04fd430c8',
    ])
    await api.call(service, 'DELETE', `/ports/${id}`)
    expect((await api.call(service, 'GET', `/ports/${id}`)).status).toBe(404)
  })

  test('wiring says what a host needs', async () => {
    const { network } = await networkWithSubnet()
    const port = await api.port(user, network.id)
    const { body } = await api.call(service, 'GET', `/ports/${port.id}/wiring`)
    expect(body).toEqual({
      port_id: port.id,
      network_id: network.id,
      network_name: network.name,
      mac: port.mac_address,
      mtu: 1442,
      fixed_ips: [{ address: '10.0.0.3', prefix_length: 24 }],
      metadata: {
        port_id: expect.any(String),
        mac: expect.stringMatching(/^fa:16:3e/),
        fixed_ips: [{ address: '10.0.0.2', prefix_length: 24 }],
      },
    })
    const bare = await api.network(user)
    const lonely = await api.port(user, bare.id)
    expect((await api.call(service, 'GET', `/ports/${lonely.id}/wiring`)).body.metadata).toBeNull()
    expect((await api.call(user, 'GET', `/ports/${port.id}/wiring`)).status).toBe(403)
    expect((await api.call(service, 'GET', '/ports/none/wiring')).status).toBe(404)
  })
})

describe('filters', () => {
  test('by address, subnet, group, status and device', async () => {
    const { network, subnet } = await networkWithSubnet()
    const group = await api.group(user)
    const port = await api.port(user, network.id, {
      security_groups: [group.id],
      device_id: 'x',
      fixed_ips: [{ ip_address: '10.0.0.200' }],
    })
    await api.port(user, network.id)
    for (const query of [
      'fixed_ips=ip_address%3D10.0.0.200',
      `fixed_ips=ip_address%3D10.0.0.200&fixed_ips=subnet_id%3D${subnet.id}`,
      `security_groups=${group.id}`,
      'device_id=x',
      `mac_address=${port.mac_address}`,
      'device_id=x&status=DOWN',
    ]) {
      const { body } = await api.call(user, 'GET', `/ports?network_id=${network.id}&${query}`)
      expect(
        body.ports.map((one: { id: string }) => one.id),
        query,
      ).toEqual([port.id])
    }
    for (const query of [
      'status=ACTIVE',
      'fixed_ips=nonsense',
      'fixed_ips=ip_address%3Dx',
      'security_groups=x',
    ])
      expect((await api.call(user, 'GET', `/ports?${query}`)).body.ports, query).toEqual([])
  })
})
