import { persona } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

const UNKNOWN = '6ba7b810-9dad-11d1-80b4-00c04fd430c8'
type Rule = { direction: string; ethertype: string; remote_group_id: string | null }

test('every project has one default group, also when it is first needed by many at once', async () => {
  const user = persona('member')
  const network = await api.network(user)
  await api.subnet(user, network.id)
  const replies = await Promise.all([
    ...Array.from({ length: 8 }, () => api.call(user, 'GET', '/security-groups')),
    ...Array.from({ length: 8 }, () =>
      api.call(user, 'POST', '/ports', { port: { network_id: network.id } }),
    ),
  ])
  expect(new Set(replies.map(reply => reply.status))).toEqual(new Set([200, 201]))
  const { security_groups: groups } = (await api.call(user, 'GET', '/security-groups')).body
  expect(groups).toMatchObject([{ name: 'default', description: 'Default security group', stateful: true }])
  const rules = groups[0].security_group_rules.map((r: Rule) => [r.direction, r.ethertype, r.remote_group_id])
  expect(rules.sort()).toEqual([
    ['egress', 'IPv4', null],
    ['egress', 'IPv6', null],
    ['ingress', 'IPv4', groups[0].id],
    ['ingress', 'IPv6', groups[0].id],
  ])
  const { ports } = (await api.call(user, 'GET', `/ports?network_id=${network.id}&device_owner=`)).body
  expect(new Set(ports.flatMap((port: { security_groups: string[] }) => port.security_groups))).toEqual(
    new Set([groups[0].id]),
  )
})

test('the default group stays, and keeps its name', async () => {
  const user = persona('member')
  const [group] = (await api.call(user, 'GET', '/security-groups')).body.security_groups
  const url = `/security-groups/${group.id}`
  expect((await api.call(user, 'DELETE', url)).body.NeutronError.type).toBe(
    'SecurityGroupCannotRemoveDefault',
  )
  const renamed = await api.call(user, 'PUT', url, { security_group: { name: 'other' } })
  expect(renamed.body.NeutronError.type).toBe('SecurityGroupCannotUpdateDefault')
  expect((await api.call(user, 'PUT', url, { security_group: { description: 'd' } })).status).toBe(200)
  const second = await api.call(user, 'POST', '/security-groups', { security_group: { name: 'default' } })
  expect(second.body.NeutronError.type).toBe('SecurityGroupDefaultAlreadyExists')
  expect((await api.call(persona('admin'), 'DELETE', url)).status).toBe(204)
  expect((await api.call(user, 'GET', '/security-groups')).body.security_groups).toHaveLength(1)
})

test('a group is created with its way out, changed, and deleted when no port has it', async () => {
  const user = persona('member')
  const group = await api.group(user, { name: 'web', description: 'd' })
  expect(group).toMatchObject({ name: 'web', description: 'd', stateful: true, project_id: user.projectId })
  expect(group.security_group_rules.map((r: Rule) => `${r.direction} ${r.ethertype}`).sort()).toEqual([
    'egress IPv4',
    'egress IPv6',
  ])
  const url = `/security-groups/${group.id}`
  const taken = await api.call(user, 'PUT', url, { security_group: { name: 'default' } })
  expect(taken.status).toBe(409)
  const changed = await api.call(user, 'PUT', url, { security_group: { name: 'www', stateful: false } })
  expect(changed.body.security_group).toMatchObject({ name: 'www', stateful: false })
  const network = await api.network(user)
  const port = await api.port(user, network.id, { security_groups: [group.id] })
  expect((await api.call(user, 'DELETE', url)).body.NeutronError.type).toBe('SecurityGroupInUse')
  await api.call(user, 'DELETE', `/ports/${port.id}`)
  expect((await api.call(user, 'DELETE', url)).status).toBe(204)
  expect((await api.call(user, 'GET', url)).status).toBe(404)
})

describe('rules', () => {
  const user = persona('member')
  const create = (want: object) =>
    api.call(user, 'POST', '/security-group-rules', { security_group_rule: want })
  let group: { id: string }
  beforeAll(async () => {
    group = await api.group(user, { name: 'g' })
  })

  test('a rule is made, shown in its group, and removed', async () => {
    const { status, body } = await create({
      security_group_id: group.id,
      direction: 'ingress',
      protocol: 'TCP',
      port_range_min: '22',
      port_range_max: 22,
      remote_ip_prefix: '192.0.2.9/24',
    })
    const rule = body.security_group_rule
    expect(status).toBe(201)
    expect(rule).toMatchObject({
      ethertype: 'IPv4',
      protocol: 'tcp',
      port_range_min: 22,
      port_range_max: 22,
      remote_ip_prefix: '192.0.2.9/24',
      normalized_cidr: '192.0.2.0/24',
      remote_group_id: null,
      project_id: user.projectId,
    })
    const shown = (await api.call(user, 'GET', `/security-groups/${group.id}`)).body.security_group
    expect(shown.security_group_rules).toContainEqual(rule)
    expect(
      (await api.call(user, 'GET', `/security-group-rules?protocol=tcp&security_group_id=${group.id}`)).body
        .security_group_rules,
    ).toEqual([rule])
    expect((await api.call(user, 'DELETE', `/security-group-rules/${rule.id}`)).status).toBe(204)
    expect((await api.call(user, 'GET', `/security-group-rules/${rule.id}`)).status).toBe(404)
  })

  test.each<[string, object, object]>([
    ['any protocol', { protocol: 'any' }, { protocol: null }],
    ['a number', { protocol: 112 }, { protocol: '112' }],
    [
      'icmp type 0',
      { protocol: 'icmp', port_range_min: 0, port_range_max: 0 },
      { port_range_min: 0, port_range_max: 0 },
    ],
    ['icmpv6', { protocol: 'ipv6-icmp', ethertype: 'ipv6', port_range_min: 128 }, { ethertype: 'IPv6' }],
    ['one address', { remote_ip_prefix: '192.0.2.1' }, { remote_ip_prefix: '192.0.2.1/32' }],
  ])('%s', async (_, want, expected) => {
    const mine = await api.group(user)
    const { status, body } = await create({ security_group_id: mine.id, direction: 'ingress', ...want })
    expect([status, body.security_group_rule ?? body]).toEqual([201, expect.objectContaining(expected)])
    await api.call(user, 'DELETE', `/security-groups/${mine.id}`)
  })

  test.each<[object, number, string]>([
    [{ protocol: 'tcp', port_range_min: 5, port_range_max: 4 }, 400, 'SecurityGroupInvalidPortRange'],
    [{ protocol: 'tcp', port_range_min: 5 }, 400, 'SecurityGroupInvalidPortRange'],
    [{ port_range_min: 5, port_range_max: 6 }, 400, 'SecurityGroupProtocolRequiredWithPorts'],
    [{ protocol: 'gre', port_range_min: 5, port_range_max: 6 }, 400, 'SecurityGroupInvalidProtocolForPort'],
    [{ protocol: 'icmp', port_range_min: 256 }, 400, 'SecurityGroupInvalidIcmpValue'],
    [{ protocol: 'icmp', port_range_max: 1 }, 400, 'SecurityGroupMissingIcmpType'],
    [{ protocol: 'bogus' }, 400, 'SecurityGroupRuleInvalidProtocol'],
    [{ protocol: 'constructor' }, 400, 'SecurityGroupRuleInvalidProtocol'],
    [{ protocol: '256' }, 400, 'SecurityGroupRuleInvalidProtocol'],
    [{ protocol: 'icmpv6' }, 400, 'SecurityGroupEthertypeConflictWithProtocol'],
    [{ remote_ip_prefix: 'fd00::/8' }, 400, 'SecurityGroupRuleParameterConflict'],
    [{ remote_ip_prefix: '1.0.0.0/8', remote_group_id: UNKNOWN }, 404, 'SecurityGroupNotFound'],
    [{ remote_group_id: UNKNOWN }, 404, 'SecurityGroupNotFound'],
    [{ security_group_id: UNKNOWN }, 404, 'SecurityGroupNotFound'],
    [{ direction: 'sideways' }, 400, 'HTTPBadRequest'],
    [{ ethertype: 'IPX' }, 400, 'HTTPBadRequest'],
    [{ protocol: 'tcp', port_range_min: 0, port_range_max: 70_000 }, 400, 'SecurityGroupInvalidPortValue'],
    [{ protocol: 'tcp', port_range_min: -16, port_range_max: 80 }, 400, 'SecurityGroupInvalidPortValue'],
    [{ remote_group_id: 'no such group' }, 404, 'SecurityGroupNotFound'],
  ])('%j is refused', async (want, status, type) => {
    const reply = await create({ security_group_id: group.id, direction: 'ingress', ...want })
    expect([reply.status, reply.body.NeutronError?.type]).toEqual([status, type])
  })

  test('a rule exists once, however it is spelled', async () => {
    const want = {
      security_group_id: group.id,
      direction: 'ingress',
      protocol: 'udp',
      remote_ip_prefix: '10.0.0.0/8',
    }
    const first = await create(want)
    for (const again of [want, { ...want, protocol: '17' }, { ...want, remote_ip_prefix: '10.1.2.3/8' }]) {
      const reply = await create(again)
      expect(reply.body.NeutronError).toMatchObject({
        type: 'SecurityGroupRuleExists',
        message: expect.stringContaining(first.body.security_group_rule.id),
      })
    }
    const bulk = {
      security_group_rules: [
        { ...want, protocol: 'sctp' },
        { ...want, protocol: '132' },
      ],
    }
    expect((await api.call(user, 'POST', '/security-group-rules', bulk)).status).toBe(409)
    const racing = { ...want, protocol: 'esp' }
    const replies = await Promise.all(Array.from({ length: 6 }, () => create(racing)))
    expect(replies.map(reply => reply.status).sort()).toEqual([201, 409, 409, 409, 409, 409])
  })

  test('rules that name a group go when it goes', async () => {
    const [mine, named] = [await api.group(user), await api.group(user)]
    await create({ security_group_id: mine.id, direction: 'ingress', remote_group_id: named.id })
    expect((await api.call(user, 'DELETE', `/security-groups/${named.id}`)).status).toBe(204)
    const { security_group: left } = (await api.call(user, 'GET', `/security-groups/${mine.id}`)).body
    expect(left.security_group_rules).toHaveLength(2)
    expect(left.revision_number).toBeGreaterThan(2)
  })
})
