import { type Change, Replica, type Transaction, TransactionFailed } from '@caelum/ovsdb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { groupName } from '../../src/ovn/acl.ts'
import { wholeScope, writeDifference } from '../../src/ovn/difference.ts'
import { wantedOf } from '../../src/ovn/mapping.ts'
import { NorthboundView } from '../../src/ovn/northbound-view.ts'
import { type Northbound, northboundTables } from '../../src/ovn/tables.ts'
import type { Topology } from '../../src/ovn/topology.ts'
import { OvnCentral } from './central.ts'
import { defaultGroup, id, port, rule, subnet, topology } from './example.ts'

const central = new OvnCentral()
let view: NorthboundView
let nb: Replica<Northbound>
let changesSeen = 0

const connect = () => {
  const seen = new NorthboundView()
  const replica = new Replica<Northbound>({
    targets: central.nb,
    database: 'OVN_Northbound',
    tables: northboundTables,
    onChange: (changes: Change<Northbound>[]) => {
      changesSeen++
      seen.apply(changes)
    },
  })
  replica.start()
  return { seen, replica }
}

beforeAll(() => central.start('nb'))
afterAll(() => central.remove())

beforeEach(async () => {
  const { seen, replica } = connect()
  view = seen
  nb = replica
  await nb.complete(5_000)
  await nb.transact(tx => {
    for (const table of ['Logical_Switch', 'DHCP_Options', 'Port_Group'] as const) tx.delete(table, [])
  })
  return () => nb.stop()
})

/** Makes OVN say what the topology says; returns how many operations that took. */
const make = async (want: Topology): Promise<number> => {
  let operations = 0
  await nb.transact(tx => {
    const wanted = wantedOf(want)
    writeDifference(tx, wanted, view, wholeScope(wanted, view))
    operations = tx.operations.length
  })
  return operations
}

/** Content without uuids, to compare states. */
const content = () => {
  const portName = (uuid: string) => nb.rows('Logical_Switch_Port').get(uuid)!.name
  const cidr = (uuid: string | null) => uuid && nb.rows('DHCP_Options').get(uuid)!.cidr
  const acl = (uuid: string) => nb.rows('ACL').get(uuid)!.match
  return {
    switches: [...nb.rows('Logical_Switch').values()]
      .map(row => [row.name, [...row.ports].map(portName).sort()])
      .sort(),
    ports: [...nb.rows('Logical_Switch_Port').values()]
      .map(row => ({
        ...row,
        dhcpv4_options: cidr(row.dhcpv4_options),
        dhcpv6_options: cidr(row.dhcpv6_options),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    dhcp: [...nb.rows('DHCP_Options').values()].sort((a, b) => (a.cidr < b.cidr ? -1 : 1)),
    groups: [...nb.rows('Port_Group').values()]
      .map(row => [row.name, [...row.ports].map(portName).sort(), [...row.acls].map(acl).sort()])
      .sort(),
  }
}

describe('the difference', () => {
  it('makes everything at once, and then nothing more', async () => {
    await make(topology())
    expect(content().switches).toEqual([[`neutron-${id('netw', 1)}`, [id('port', 11), id('port', 12)]]])
    expect(content().groups).toMatchObject([
      ['caelum_drop', [id('port', 11), id('port', 12)], { length: 7 }],
      [groupName(id('grou', 1)), [id('port', 11), id('port', 12)], { length: 4 }],
    ])
    expect(content().ports[0]).toMatchObject({ name: id('port', 11), dhcpv4_options: '10.0.0.0/24' })
    expect(await make(topology())).toBe(0)
  })

  it('removes what is not wanted any more, and leaves the rows of others', async () => {
    await make(topology())
    central.nbctl(
      'ls-add',
      'theirs',
      '--',
      'lsp-add',
      'theirs',
      'their-port',
      '--',
      'pg-add',
      'their_group',
      'their-port',
    )
    await make({ networks: [], subnets: [], ports: [], groups: [] })
    expect(content()).toMatchObject({
      switches: [['theirs', ['their-port']]],
      dhcp: [],
      ports: [{ name: 'their-port' }],
      groups: [
        ['caelum_drop', [], { length: 7 }],
        ['their_group', ['their-port'], []],
      ],
    })
    expect(nb.rows('ACL').size).toBe(7)
  })

  const before = topology()
  it.each<[string, Topology, number]>([
    ['a port more', topology({ ports: [...before.ports, port(13)] }), 4],
    ['a port less', topology({ ports: [port(11)] }), 1],
    [
      'a port with another address',
      topology({ ports: [port(11), port(12, { mac_address: 'fa:16:3e:01:01:01' })] }),
      1,
    ],
    ['a port bound', topology({ ports: [port(11), port(12, { host: 'h1', generation: 2 })] }), 1],
    [
      'a port without security',
      topology({ ports: [port(11), port(12, { port_security_enabled: false, security_groups: [] })] }),
      3,
    ],
    [
      'another group',
      topology({
        ports: [port(11), port(12, { security_groups: [id('grou', 2)] })],
        groups: [defaultGroup(1), defaultGroup(2)],
      }),
      7,
    ],
    ['DHCP off', topology({ subnets: [subnet(1, { enable_dhcp: false })] }), 3],
    [
      'DHCP with a name server',
      topology({ subnets: [subnet(1, { dns_nameservers: ['9.9.9.9'], generation: 2 })] }),
      1,
    ],
    [
      'a rule more',
      topology({ groups: [{ ...defaultGroup(1), rules: [...defaultGroup(1).rules, rule(99)] }] }),
      2,
    ],
    ['a rule less', topology({ groups: [{ ...defaultGroup(1), rules: defaultGroup(1).rules.slice(1) }] }), 1],
    [
      'a group made stateless',
      topology({ groups: [{ ...defaultGroup(1), stateful: false, generation: 2 }] }),
      5,
    ],
    [
      'a network more',
      topology({
        networks: [...before.networks, { id: id('netw', 2), generation: 1 }],
        subnets: [subnet(1), subnet(2, { cidr: '10.2.0.0/16' })],
        ports: [...before.ports, port(13, { network_id: id('netw', 2), fixed_ips: [] })],
      }),
      8,
    ],
  ])('%s takes few operations', async (_, after, operations) => {
    await make(before)
    expect(await make(after)).toBe(operations)
    const incremental = content()
    expect(await make(after)).toBe(0)
    await make({ networks: [], subnets: [], ports: [], groups: [] })
    await make(after)
    expect(incremental).toEqual(content())
  })

  it('repairs what anybody broke by hand', async () => {
    await make(topology())
    const wanted = content()
    const [first, second] = [id('port', 11), id('port', 12)]
    const group = groupName(id('grou', 1))
    const breaks = [
      ['lsp-del', first],
      ['lsp-set-addresses', first, 'unknown'],
      ['lsp-set-port-security', first],
      ['lsp-set-enabled', second, 'disabled'],
      ['lsp-set-type', first, 'localport'],
      ['clear', 'logical_switch_port', first, 'dhcpv4_options'],
      ['clear', 'port_group', group, 'ports'],
      ['clear', 'port_group', group, 'acls'],
      ['pg-del', 'caelum_drop'],
      ['acl-add', group, 'to-lport', '2000', 'ip', 'allow'],
      ['ls-del', `neutron-${id('netw', 1)}`],
      ['set', 'logical_switch', `neutron-${id('netw', 1)}`, 'external_ids:caelum\\:generation=9'],
      [
        'ls-add',
        'twin',
        '--',
        'set',
        'logical_switch',
        'twin',
        `external_ids:"caelum:id"="${id('netw', 1)}"`,
      ],
      ['--all', 'destroy', 'dhcp_options'],
      ['destroy', 'logical_switch', `neutron-${id('netw', 1)}`],
    ]
    for (const args of breaks) {
      const before = changesSeen
      central.nbctl(...args)
      await nb.until(() => changesSeen > before, 5_000)
      await make(topology())
      expect(content(), args.join(' ')).toEqual(wanted)
      expect(await make(topology())).toBe(0)
    }
  })

  it('moves a port that was put into another switch', async () => {
    await make(topology())
    const uuid = view.port(id('port', 11))![0]
    const elsewhere = central.nbctl('create', 'logical_switch', 'name=elsewhere').trim()
    await nb.transact(tx => {
      tx.mutate('Logical_Switch', [['name', '==', `neutron-${id('netw', 1)}`]], ['ports', 'delete', uuid])
      tx.mutate('Logical_Switch', elsewhere, ['ports', 'insert', uuid])
    })
    await make(topology())
    expect(content().switches).toEqual([
      ['elsewhere', []],
      [`neutron-${id('netw', 1)}`, [id('port', 11), id('port', 12)]],
    ])
  })

  it('lets one of two racing writers win', async () => {
    const other = connect()
    await other.replica.complete(5_000)
    const wanted = wantedOf(topology())
    const write = (seen: NorthboundView) => (tx: Transaction<Northbound>) =>
      writeDifference(tx, wanted, seen, wholeScope(wanted, new NorthboundView()))
    const results = await Promise.allSettled([
      nb.transact(write(view)),
      other.replica.transact(write(other.seen)),
    ])
    expect(results.map(result => result.status).sort()).toEqual(['fulfilled', 'rejected'])
    const lost = results.find(result => result.status === 'rejected') as PromiseRejectedResult
    expect(lost.reason).toBeInstanceOf(TransactionFailed)
    await nb.until(() => nb.rows('Logical_Switch').size === 1, 5_000)
    expect(await make(topology())).toBe(0)
    await other.replica.stop()
  })

  it('comes to the same end from any state by any path', async () => {
    let seed = 7
    const random = (n: number) => {
      seed = (seed * 48271) % 2147483647
      return seed % n
    }
    const some = <T>(items: T[]) => items.filter(() => random(3) > 0)
    for (let round = 0; round < 40; round++) {
      const networks = some([1, 2, 3])
      const groups = some([1, 2, 3])
      const subnets = some(networks).map(n =>
        subnet(n, {
          cidr: `10.${n}.0.0/24`,
          enable_dhcp: random(3) > 0,
          generation: random(5),
          mtu: 1400 + random(3),
        }),
      )
      const ports = networks.flatMap(n =>
        some([1, 2, 3, 4, 5]).map(i =>
          port(n * 10 + i, {
            network_id: id('netw', n),
            host: ['', 'h1', 'h2'][random(3)]!,
            port_security_enabled: random(4) > 0,
            security_groups: some(groups).map(g => id('grou', g)),
            fixed_ips: some(subnets.filter(s => s.network_id === id('netw', n))).map(s => ({
              subnet_id: s.id,
              ip_address: `10.${n}.0.${10 + random(3)}`,
            })),
          }),
        ),
      )
      const want: Topology = {
        networks: networks.map(n => ({ id: id('netw', n), generation: random(3) })),
        subnets,
        ports,
        groups: groups.map(g => ({
          ...defaultGroup(g),
          stateful: random(2) > 0,
          rules: some(defaultGroup(g).rules),
        })),
      }
      await make(want)
      expect(await make(want)).toBe(0)
      expect(nb.rows('Logical_Switch').size).toBe(networks.length)
      expect(nb.rows('Logical_Switch_Port').size).toBe(ports.length)
      for (const p of ports) {
        const held = [...nb.rows('Port_Group').values()].filter(row => row.ports.has(view.port(p.id)![0]))
        const expected = p.port_security_enabled ? ['caelum_drop', ...p.security_groups.map(groupName)] : []
        expect(held.map(row => row.name).sort()).toEqual(expected.sort())
      }
    }
  })
})
