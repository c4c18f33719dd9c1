/**
 * What OVN does with packets on the networks we make, asked of the logical flows that northd compiled from them
 * (ovn-trace): no host and no kernel is needed for that, and no expectation is about our own rows.
 */
import { execFileSync } from 'node:child_process'
import { eventually, persona } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from '../app.ts'
import { OvnCentral } from './central.ts'

interface Port {
  id: string
  mac_address: string
  fixed_ips: { ip_address: string }[]
}

const central = new OvnCentral()
const user = persona('member')
let api: TestApp
let network: { id: string }

const settled = () =>
  eventually(async () => {
    const { state, marked, waiting } = api.deps.ovn.reconciler.status
    const lagging = await api.deps.db.port.count({ where: { seen_generation: 0 } })
    return state === 'complete' && marked + waiting + lagging === 0
  })

/** Ports that the packet comes out of, in ovn-trace's words; a new connection unless `ct` says otherwise. */
const outputs = (from: Port, packet: string, ct = 'new'): string[] => {
  const flow = `inport == "${from.id}" && ${packet}`
  const args = [
    `--db=${central.sb}`,
    '--minimal',
    '--no-friendly-names',
    `--ct=${ct}`,
    `--ct=${ct}`,
    `neutron-${network.id}`,
    flow,
  ]
  const text = execFileSync('ovn-trace', args, { encoding: 'utf8' })
  return [...text.matchAll(/output\("([^"]+)"\)/g)].map(match => match[1]!)
}

const address = (port: Port, version: 4 | 6 = 4) =>
  port.fixed_ips.map(ip => ip.ip_address).find(ip => ip.includes(':') === (version === 6))!
const between = (from: Port, to: Port) =>
  `eth.src == ${from.mac_address} && eth.dst == ${to.mac_address} && ip4 && ip4.src == ${address(from)} && ip4.dst == ${address(to)} && ip.ttl == 64`
const ping = (from: Port, to: Port) => `${between(from, to)} && icmp4.type == 8`
const tcp = (from: Port, to: Port, port: number) => `${between(from, to)} && tcp && tcp.dst == ${port}`

const dhcp = (from: Port, source: number, target: number) =>
  `eth.src == ${from.mac_address} && eth.dst == ff:ff:ff:ff:ff:ff && ip4 && ip4.src == 0.0.0.0 && ip4.dst == 255.255.255.255 && ip.ttl == 64 && udp && udp.src == ${source} && udp.dst == ${target}`

let a: Port
let b: Port
let outsider: Port
let web: Port
let mute: Port
let open: Port

beforeAll(async () => {
  await central.start('nb', 'sb', 'northd')
  api = await testApp({ nb: central.nb, sb: central.sb })
  api.deps.ovn.start()
  network = await api.network(user)
  await api.subnet(user, network.id)
  await api.subnet(user, network.id, { cidr: 'fd00::/64', ip_version: 6, gateway_ip: null })
  const [other, http, silent] = [await api.group(user), await api.group(user), await api.group(user)]
  const rule = {
    security_group_id: http.id,
    direction: 'ingress',
    protocol: 'tcp',
    port_range_min: 80,
    port_range_max: 89,
  }
  await api.call(user, 'POST', '/security-group-rules', { security_group_rule: rule })
  for (const { id } of silent.security_group_rules)
    await api.call(user, 'DELETE', `/security-group-rules/${id}`)
  a = await api.port(user, network.id)
  const pairs = [{ ip_address: '10.0.0.200' }, { ip_address: '10.0.0.201', mac_address: 'fa:16:3e:aa:aa:aa' }]
  b = await api.port(user, network.id, { allowed_address_pairs: pairs })
  outsider = await api.port(user, network.id, { security_groups: [other.id] })
  web = await api.port(user, network.id, { security_groups: [http.id] })
  mute = await api.port(user, network.id, { security_groups: [silent.id] })
  open = await api.port(user, network.id, { port_security_enabled: false })
  await settled()
})
afterAll(async () => {
  await api.close()
  await central.remove()
})

describe('the default group', () => {
  test('lets its members reach each other', () => expect(outputs(a, ping(a, b))).toEqual([b.id]))
  test('keeps all others out', () => expect(outputs(outsider, ping(outsider, b))).toEqual([]))
  test('lets answers back in', () => expect(outputs(outsider, ping(outsider, a), 'est,rpl')).toEqual([a.id]))
  test('lets everything out', () => expect(outputs(a, tcp(a, open, 4444))).toEqual([open.id]))
})

describe('a rule', () => {
  test.each([
    [79, false],
    [80, true],
    [89, true],
    [90, false],
  ])('for ports 80 to 89: %i passes: %s', (port, passes) => {
    expect(outputs(a, tcp(a, web, port))).toEqual(passes ? [web.id] : [])
  })
  test('of egress that is gone holds everything back', () =>
    expect(outputs(mute, ping(mute, open))).toEqual([]))
})

describe('a guest cannot', () => {
  test('send from another MAC address', () => {
    const packet = ping(a, open).replace(a.mac_address, 'fa:16:3e:ff:ff:ff')
    expect(outputs(a, packet)).toEqual([])
  })
  test('send from another IP address', () => {
    expect(outputs(a, ping(a, open).replace(address(a), '10.0.0.66'))).toEqual([])
  })
  test('claim another address by ARP', () => {
    const claim = `eth.src == ${a.mac_address} && eth.dst == ff:ff:ff:ff:ff:ff && eth.type == 0x806 && arp.op == 2 && arp.sha == ${a.mac_address} && arp.spa == ${address(b)} && arp.tpa == 10.0.0.1`
    expect(outputs(a, claim)).toEqual([])
  })
  test('answer as a DHCP server', () => expect(outputs(a, dhcp(a, 67, 68))).toEqual([]))
  test('advertise itself as a router', () => {
    const packet = `eth.src == ${a.mac_address} && eth.dst == 33:33:00:00:00:01 && ip6.src == fe80::1 && ip6.dst == ff02::1 && ip.ttl == 255 && icmp6.type == 134 && icmp6.code == 0`
    expect(outputs(a, packet)).toEqual([])
  })
})

describe('a guest can', () => {
  test('use an allowed address pair', () => {
    const as = (ip: string) => ping(b, open).replace(address(b), ip)
    expect(outputs(b, as('10.0.0.200'))).toEqual([open.id])
    expect(outputs(b, as('10.0.0.201'))).toEqual([])
    expect(outputs(b, as('10.0.0.201').replace(b.mac_address, 'fa:16:3e:aa:aa:aa'))).toEqual([open.id])
    const virtual = (ip: string) => ping(a, b).replace(address(b), ip)
    expect(outputs(a, virtual('10.0.0.200'))).toEqual([b.id])
    expect(outputs(a, virtual('10.0.0.201').replace(b.mac_address, 'fa:16:3e:aa:aa:aa'))).toEqual([b.id])
  })
  test('send anything without port security', () => {
    const packet = ping(open, a)
      .replace(open.mac_address, 'fa:16:3e:ff:ff:ff')
      .replace(address(open), '10.0.0.66')
    expect(outputs(open, packet, 'est,rpl')).toEqual([a.id])
  })
  test('get an address by DHCP, whatever its groups say', () => {
    for (const port of [a, mute, open]) expect(outputs(port, dhcp(port, 68, 67))).toEqual([port.id])
  })
  test('get an address by DHCPv6', () => {
    const packet = `eth.src == ${a.mac_address} && eth.dst == 33:33:00:01:00:02 && ip6.src == fe80::f816:3eff:fe${a.mac_address.slice(9, 11)}:${a.mac_address.slice(12).replace(':', '')} && ip6.dst == ff02::1:2 && ip.ttl == 64 && udp && udp.src == 546 && udp.dst == 547`
    expect(outputs(a, packet)).toEqual([a.id])
  })
  test('find the metadata port', () => {
    const ask = `eth.src == ${a.mac_address} && eth.dst == ff:ff:ff:ff:ff:ff && eth.type == 0x806 && arp.op == 1 && arp.sha == ${a.mac_address} && arp.spa == ${address(a)} && arp.tpa == 10.0.0.2`
    expect(outputs(a, ask)).toEqual([a.id])
  })
})

test('networks do not reach each other: what is for elsewhere goes only to the port that takes unknown addresses', async () => {
  const elsewhere = await api.network(user)
  await api.subnet(user, elsewhere.id)
  const far: Port = await api.port(user, elsewhere.id)
  await settled()
  expect(outputs(a, ping(a, far))).toEqual([open.id])
})
