import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Change, ConnectionLost, Replica, type ReplicaState, TransactionFailed } from '../src/index.ts'
import { OvsdbServer } from './ovsdb-server.ts'

type Nb = {
  NB_Global: { nb_cfg: number; options: ReadonlyMap<string, string> }
  Logical_Switch: {
    name: string
    ports: ReadonlySet<string>
    other_config: ReadonlyMap<string, string>
    external_ids: ReadonlyMap<string, string>
  }
  Logical_Switch_Port: {
    name: string
    addresses: ReadonlySet<string>
    enabled: boolean | null
    tag: number | null
    dhcpv4_options: string | null
  }
  DHCP_Options: { cidr: string; options: ReadonlyMap<string, string> }
}

const tables = {
  NB_Global: ['nb_cfg', 'options'],
  Logical_Switch: ['name', 'ports', 'other_config', 'external_ids'],
  Logical_Switch_Port: ['name', 'addresses', 'enabled', 'tag', 'dhcpv4_options'],
  DHCP_Options: ['cidr', 'options'],
} as const

let server: OvsdbServer
let replica: Replica<Nb>
let changes: Change<Nb>[]
let states: ReplicaState[]

const open = (options: { probe_ms?: number; targets?: string } = {}) =>
  new Replica<Nb>({
    targets: server.target,
    database: 'OVN_Northbound',
    tables,
    retry_ms: 5,
    onChange: list => changes.push(...list),
    onState: state => states.push(state),
    ...options,
  })

const only = <T>(rows: ReadonlyMap<string, T>): [string, T] => {
  expect(rows.size).toBe(1)
  return [...rows][0]!
}

beforeAll(async () => {
  server = new OvsdbServer()
  await server.start()
})
afterAll(() => server.remove())

beforeEach(async () => {
  changes = []
  states = []
  replica = open()
  replica.start()
  await replica.complete(5_000)
  await replica.transact(tx => {
    tx.delete('Logical_Switch', [])
    tx.delete('DHCP_Options', [])
    tx.delete('NB_Global', [])
  })
  changes.length = 0
  return () => replica.stop()
})

describe('transact', () => {
  it('has its own writes in the replica when it returns, decoded by type', async () => {
    await replica.transact(tx => {
      const options = tx.insert('DHCP_Options', { cidr: '10.0.0.0/24', options: { mtu: '1442' } })
      const port = tx.insert('Logical_Switch_Port', {
        name: 'p1',
        addresses: ['fa:16:3e:00:00:01 10.0.0.2'],
        enabled: false,
        dhcpv4_options: options,
      })
      tx.insert('Logical_Switch', { name: 'net', ports: [port], external_ids: new Map([['id', 'x']]) })
    })
    const [optionsUuid, options] = only(replica.rows('DHCP_Options'))
    const [portUuid, port] = only(replica.rows('Logical_Switch_Port'))
    const [, net] = only(replica.rows('Logical_Switch'))
    expect(options).toEqual({ cidr: '10.0.0.0/24', options: new Map([['mtu', '1442']]) })
    expect(port).toEqual({
      name: 'p1',
      addresses: new Set(['fa:16:3e:00:00:01 10.0.0.2']),
      enabled: false,
      tag: null,
      dhcpv4_options: optionsUuid,
    })
    expect(net).toEqual({
      name: 'net',
      ports: new Set([portUuid]),
      other_config: new Map(),
      external_ids: new Map([['id', 'x']]),
    })
    expect(changes.map(change => [change.table, change.old, change.row !== null])).toEqual(
      expect.arrayContaining([['Logical_Switch', null, true]]),
    )
  })

  it('follows every kind of modification', async () => {
    await replica.transact(tx => {
      const first = tx.insert('Logical_Switch_Port', { name: 'p1', addresses: ['a', 'b'] })
      tx.insert('Logical_Switch', { name: 'net', ports: [first], other_config: { a: '1', b: '2' } })
    })
    const [net] = only(replica.rows('Logical_Switch'))
    const [p1] = only(replica.rows('Logical_Switch_Port'))
    const before = replica.rows('Logical_Switch').get(net)!
    const port = () => replica.rows('Logical_Switch_Port').get(p1)!
    await replica.transact(tx => {
      tx.mutate(
        'Logical_Switch',
        net,
        ['other_config', 'delete', ['a']],
        ['other_config', 'insert', { c: '3' }],
      )
      const second = tx.insert('Logical_Switch_Port', { name: 'p2' })
      tx.mutate('Logical_Switch', net, ['ports', 'insert', second])
      tx.update('Logical_Switch_Port', p1, { addresses: ['b', 'c'], enabled: true, tag: 7 })
    })
    expect(replica.rows('Logical_Switch').get(net)!.other_config).toEqual(
      new Map(Object.entries({ b: '2', c: '3' })),
    )
    expect(replica.rows('Logical_Switch').get(net)!.ports.size).toBe(2)
    expect(port()).toMatchObject({ addresses: new Set(['b', 'c']), enabled: true, tag: 7 })
    await replica.transact(tx => tx.update('Logical_Switch', net, { other_config: { b: 'new' } }))
    expect(replica.rows('Logical_Switch').get(net)!.other_config).toEqual(new Map([['b', 'new']]))
    await replica.transact(tx =>
      tx.update('Logical_Switch_Port', p1, { enabled: false, tag: 8, addresses: [] }),
    )
    expect(port()).toMatchObject({ addresses: new Set(), enabled: false, tag: 8 })
    await replica.transact(tx => tx.update('Logical_Switch_Port', p1, { enabled: null, tag: null }))
    expect(port()).toMatchObject({ enabled: null, tag: null })
    await replica.transact(tx => tx.mutate('Logical_Switch', net, ['ports', 'delete', p1]))
    expect([...replica.rows('Logical_Switch_Port').values()].map(row => row.name)).toEqual(['p2'])
    expect(before.ports).toEqual(new Set([p1]))
    expect(before.other_config.size).toBe(2)
  })

  it('counts', async () => {
    await replica.transact(tx => tx.insert('NB_Global', { nb_cfg: 4 }))
    await replica.transact(tx => tx.mutate('NB_Global', [], ['nb_cfg', '+=', 1]))
    expect(only(replica.rows('NB_Global'))[1].nb_cfg).toBe(5)
  })

  it('applies all or nothing and says which operation was at fault', async () => {
    await replica.transact(tx => {
      const port = tx.insert('Logical_Switch_Port', { name: 'taken' })
      tx.insert('Logical_Switch', { name: 'net', ports: [port] })
    })
    const twice = replica.transact(tx => {
      const port = tx.insert('Logical_Switch_Port', { name: 'taken' })
      tx.insert('Logical_Switch', { name: 'other', ports: [port] })
    })
    await expect(twice).rejects.toMatchObject({ code: 'constraint violation', operation: null })
    const dangling = replica.transact(tx => {
      tx.comment('about to fail')
      tx.insert('Logical_Switch', { name: 'other', ports: ['11111111-1111-1111-1111-111111111111'] })
    })
    await expect(dangling).rejects.toMatchObject({ code: 'referential integrity violation' })
    const unmet = replica.transact(tx => {
      tx.insert('Logical_Switch', { name: 'other' })
      tx.wait('Logical_Switch', [['name', '==', 'net']], [])
    })
    await expect(unmet).rejects.toMatchObject({ code: 'timed out', operation: 1 })
    await expect(unmet).rejects.toBeInstanceOf(TransactionFailed)
    expect([...replica.rows('Logical_Switch').values()].map(row => row.name)).toEqual(['net'])
    await replica.transact(tx => {
      tx.wait('Logical_Switch', [['name', '==', 'net']], [{ other_config: {} }])
      tx.delete('Logical_Switch', [['external_ids', 'excludes', { no: 'such' }]])
    })
    expect(replica.rows('Logical_Switch').size).toBe(0)
  })

  it('refuses values of the wrong type and unknown columns before anything is sent', async () => {
    const number = replica.transact(tx => tx.insert('Logical_Switch', { name: 5 as unknown as string }))
    await expect(number).rejects.toThrow(/expected string, got 5/)
    const column = replica.transact(tx => tx.update('Logical_Switch', [], { nam: 'x' } as object))
    await expect(column).rejects.toThrow(/no column Logical_Switch.nam/)
  })
})

describe('session', () => {
  const addSwitch = (name: string) => replica.transact(tx => tx.insert('Logical_Switch', { name }))
  const names = () => [...replica.rows('Logical_Switch').values()].map(row => row.name).sort()

  it('sees what others write', async () => {
    const other = open()
    other.start()
    await other.complete(5_000)
    await other.transact(tx => tx.insert('Logical_Switch', { name: 'by another' }))
    await replica.until(() => names().includes('by another'), 5_000)
    await other.stop()
  })

  it('comes back after the server was killed, and tells only the difference', async () => {
    await addSwitch('kept')
    states.length = 0
    await server.stop()
    await expect.poll(() => states).toContain('lost')
    expect(names()).toEqual(['kept'])
    await expect(addSwitch('meanwhile')).rejects.toBeInstanceOf(ConnectionLost)
    changes.length = 0
    await server.start()
    await replica.complete(5_000)
    expect(changes).toEqual([])
    await addSwitch('after')
    expect(names()).toEqual(['after', 'kept'])
  })

  it('tells rows as gone when the database was wiped meanwhile', async () => {
    await addSwitch('doomed')
    changes.length = 0
    await server.stop()
    server.createDatabase()
    await server.start()
    await replica.until(() => replica.state === 'complete' && names().length === 0, 5_000)
    expect(changes).toMatchObject([{ table: 'Logical_Switch', old: { name: 'doomed' }, row: null }])
  })

  it('gives up a server that hangs and returns to it', async () => {
    const watcher = open({ probe_ms: 100 })
    watcher.start()
    await watcher.complete(5_000)
    server.signal('SIGSTOP')
    await watcher.until(() => watcher.state === 'lost', 5_000)
    server.signal('SIGCONT')
    await watcher.complete(5_000)
    await watcher.stop()
  })

  it('tries the next target', async () => {
    const elsewhere = open({ targets: `unix:${server.folder}/nobody,${server.target}` })
    elsewhere.start()
    await elsewhere.complete(5_000)
    await elsewhere.stop()
    expect(elsewhere.state).toBe('stopped')
  })

  it('says why it cannot become complete', async () => {
    const reasons: string[] = []
    const wrong = new Replica<{ Nowhere: { x: string } }>({
      targets: server.target,
      database: 'OVN_Northbound',
      tables: { Nowhere: ['x'] },
      retry_ms: 1,
      onState: (_, reason) => reason && reasons.push(reason.message),
    })
    wrong.start()
    await expect.poll(() => reasons).toContainEqual(expect.stringMatching(/has no column Nowhere.x/))
    await expect(wrong.complete(20)).rejects.toThrow(/not appear within 20 ms \(state/)
    await wrong.stop()
  })

  it('writes 1000 ports in one transaction', async () => {
    await replica.transact(tx => {
      const ports = Array.from({ length: 1000 }, (_, i) =>
        tx.insert('Logical_Switch_Port', { name: `p${i}` }),
      )
      tx.insert('Logical_Switch', { name: 'big', ports })
    })
    expect(replica.rows('Logical_Switch_Port').size).toBe(1000)
  })
})
