import { eventually, persona } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { groupName } from '../../src/ovn/acl.ts'
import { type TestApp, testApp } from '../app.ts'
import { OvnCentral } from './central.ts'

const central = new OvnCentral()
let api: TestApp
const user = persona('member')
const service = persona('service')

beforeAll(async () => {
  await central.start('nb', 'sb', 'northd')
  api = await testApp({ nb: central.nb, sb: central.sb })
  api.deps.ovn.start()
})
afterAll(async () => {
  await api.close()
  await central.remove()
})

const nb = () => api.deps.ovn.northbound
const portNames = () => [...nb().rows('Logical_Switch_Port').values()].map(row => row.name).sort()
const switchNames = () => [...nb().rows('Logical_Switch').values()].map(row => row.name).sort()

/** Nothing lags and nothing waits: OVN has taken over all that is in the database. */
const settled = () =>
  eventually(async () => {
    const [row] = await api.deps.db.$queryRaw<{ lagging: number }[]>`
      select (select count(*) from networks where generation <> seen_generation)::int
           + (select count(*) from subnets where generation <> seen_generation)::int
           + (select count(*) from ports where generation <> seen_generation)::int
           + (select count(*) from security_groups where generation <> seen_generation)::int
           + (select count(*) from removals)::int as lagging`
    return row!.lagging === 0
  })

/** OVN's logical ports as northd handed them on to the hosts. */
const boundPorts = () =>
  central
    .sbctl('--bare', '--columns=logical_port', 'list', 'Port_Binding')
    .split(/\s+/)
    .filter(Boolean)
    .sort()

const lan = async () => {
  const network = await api.network(user)
  const subnet = await api.subnet(user, network.id)
  const ports = await Promise.all([api.port(user, network.id), api.port(user, network.id)])
  return { network, subnet, ports: ports as { id: string; security_groups: string[] }[] }
}

describe('OVN follows', () => {
  test('what is created, down to what the hosts are told, and what is changed and deleted', async () => {
    const { network, subnet, ports } = await lan()
    await settled()
    expect(switchNames()).toEqual([`neutron-${network.id}`])
    expect(portNames()).toHaveLength(3)
    expect(boundPorts()).toEqual(portNames())
    for (const port of ports) expect(portNames()).toContain(port.id)
    const shown = central.nbctl('--bare', '--columns=options', 'list', 'dhcp_options')
    expect(shown).toContain('classless_static_route={169.254.169.254/32,10.0.0.2, 0.0.0.0/0,10.0.0.1}')

    await api.call(user, 'PUT', `/subnets/${subnet.id}`, { subnet: { dns_nameservers: ['9.9.9.9'] } })
    await settled()
    expect(central.nbctl('--bare', '--columns=options', 'list', 'dhcp_options')).toContain(
      'dns_server={9.9.9.9}',
    )
    await api.call(user, 'PUT', `/networks/${network.id}`, { network: { mtu: 1_300 } })
    await settled()
    expect(central.nbctl('--bare', '--columns=options', 'list', 'dhcp_options')).toContain('mtu=1300')
    await api.call(service, 'PUT', `/ports/${ports[0]!.id}`, { port: { 'binding:host_id': 'h1' } })
    await settled()
    expect(central.nbctl('lsp-get-options', ports[0]!.id)).toContain('requested-chassis=h1')

    for (const port of ports) await api.call(user, 'DELETE', `/ports/${port.id}`)
    await settled()
    expect(portNames()).toHaveLength(1)
    await api.call(user, 'DELETE', `/networks/${network.id}`)
    await settled()
    expect([switchNames(), portNames(), nb().rows('DHCP_Options').size]).toEqual([[], [], 0])
    expect(boundPorts()).toEqual([])
  })

  test('rules of security groups', async () => {
    const group = await api.group(user)
    const rule = {
      security_group_id: group.id,
      direction: 'ingress',
      protocol: 'tcp',
      port_range_min: 22,
      port_range_max: 22,
    }
    await api.call(user, 'POST', '/security-group-rules', { security_group_rule: rule })
    await settled()
    const acls = () => central.nbctl('acl-list', groupName(group.id))
    expect(acls()).toContain('tcp.dst == 22')
    await api.call(user, 'PUT', `/security-groups/${group.id}`, { security_group: { stateful: false } })
    await settled()
    expect(acls()).toContain('allow-stateless')
    await api.call(user, 'DELETE', `/security-groups/${group.id}`)
    await settled()
    expect(central.nbctl('--bare', '--columns=name', 'list', 'port_group')).not.toContain(groupName(group.id))
  })
})

describe('OVN is rebuilt by itself', () => {
  test('when the northbound database is wiped, with changes made meanwhile', async () => {
    const { network, ports } = await lan()
    await settled()
    const before = portNames()
    await central.wipe('nb')
    const later = await api.port(user, network.id)
    await api.call(user, 'DELETE', `/ports/${ports[0]!.id}`)
    await central.start('nb')
    await eventually(
      () =>
        expect(portNames()).toEqual([...before.filter(id => id !== ports[0]!.id), later.id].sort()) ?? true,
    )
    await settled()
    const group = nb().rows('Port_Group')
    const [, own] = [...group].find(([, row]) => row.name === groupName(later.security_groups[0]))!
    expect(own.ports.size).toBe(2)
    expect(own.acls.size).toBe(4)
    await eventually(() => expect(boundPorts()).toEqual(portNames()) ?? true)
  })

  test('when somebody deletes or changes our rows', async () => {
    const { network, ports } = await lan()
    await settled()
    const victim = ports[0]!.id
    const listed = (table: string) => central.nbctl('--bare', '--columns=name', 'list', table)
    central.nbctl('lsp-del', victim)
    await eventually(() => listed('logical_switch_port').includes(victim))
    central.nbctl('lsp-set-port-security', victim)
    await eventually(() => central.nbctl('lsp-get-port-security', victim).includes('10.0.0.'))
    central.nbctl('pg-del', 'caelum_drop')
    await eventually(() => listed('port_group').includes('caelum_drop'))
    central.nbctl('ls-del', `neutron-${network.id}`)
    await eventually(() => listed('logical_switch').includes(`neutron-${network.id}`))
    expect(listed('logical_switch_port')).toContain(victim)
  })

  test('when rows were deleted while nobody looked', async () => {
    const { network, ports } = await lan()
    await settled()
    await api.deps.ovn.stop()
    for (const port of ports) await api.call(user, 'DELETE', `/ports/${port.id}`)
    await api.call(user, 'DELETE', `/networks/${network.id}`)
    api.deps.ovn.start()
    await settled()
    expect(switchNames()).not.toContain(`neutron-${network.id}`)
    for (const port of ports) expect(portNames()).not.toContain(port.id)
  })
})

test('a row that OVN refuses does not hold up the others', async () => {
  const { network } = await lan()
  await settled()
  const id = '6ba7b811-9dad-51d1-80b4-00c04fd430c9'
  central.nbctl('ls-add', 'theirs', '--', 'lsp-add', 'theirs', id.toUpperCase())
  await api.deps.db.$executeRaw`
    insert into security_group_rules (id, project_id, security_group_id, description, direction, ethertype, protocol, created_at, updated_at)
    select ${id}::uuid, project_id, id, '', 'ingress', 'IPv4', 'no such protocol', now(), now() from security_groups limit 1`
  const group = await api.group(user)
  const network2 = await api.network(user)
  await eventually(() => switchNames().includes(`neutron-${network2.id}`))
  await eventually(() => nb().rows('Port_Group').size >= 3)
  await api.deps.db.$executeRaw`delete from security_group_rules where id = ${id}::uuid`
  const port = await api.port(user, network.id)
  await settled()
  expect(portNames()).toContain(port.id)
  expect(central.nbctl('--bare', '--columns=name', 'list', 'port_group')).toContain(groupName(group.id))
})

describe('status', () => {
  const status = async (id: string) => (await api.call(user, 'GET', `/ports/${id}`)).body.port.status

  test('follows what OVN says of the port, and agents are its hosts', async () => {
    const { network } = await lan()
    const port = await api.port(service, network.id, {
      'binding:host_id': 'host-a',
      project_id: user.projectId,
    })
    await settled()
    const [chassis] = central
      .sbctl(
        '--id=@e',
        'create',
        'encap',
        'type=geneve',
        'ip=192.0.2.1',
        'chassis_name=c1',
        '--',
        'create',
        'chassis',
        'name=c1',
        'hostname=host-a',
        'encaps=@e',
      )
      .trim()
      .split('\n')
      .reverse()
    const binding = central
      .sbctl('--bare', '--columns=_uuid', 'find', 'Port_Binding', `logical_port=${port.id}`)
      .trim()
    central.sbctl('set', 'Port_Binding', binding, `chassis=${chassis}`, 'up=true')
    await eventually(async () => (await status(port.id)) === 'ACTIVE')
    const { agents } = (await api.call(persona('admin'), 'GET', '/agents?host=host-a')).body
    expect(agents).toMatchObject([
      { host: 'host-a', binary: 'ovn-controller', configurations: { chassis_name: 'c1' } },
    ])
    const active = await api.call(user, 'GET', '/ports?status=ACTIVE')
    expect(active.body.ports.map((one: { id: string }) => one.id)).toEqual([port.id])

    await api.deps.ovn.stop()
    central.sbctl('set', 'Port_Binding', binding, 'up=false')
    expect(await status(port.id)).toBe('ACTIVE')
    api.deps.ovn.start()
    await eventually(async () => (await status(port.id)) === 'DOWN')
  })
})
