/**
 * What a simulated cloud really holds, read past its APIs: rows of PostgreSQL, the files in which the simulated
 * hypervisors keep their guests, and rows of OVN.
 */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { LabHost, OvnCentral, openInstance } from '@caelum/lab'
import pg from 'pg'
import { database } from '../../packages/cli/src/cloud/postgres.ts'
import { readSettings } from '../../packages/cli/src/instance/settings.ts'
import type { KnobsInput } from '../../services/compute-agent/src/hypervisor/sim/knobs.ts'
import { SimVm } from '../../services/compute-agent/src/hypervisor/sim/state.ts'
import type { Cloud } from './cloud.ts'

export interface Truth {
  /** rows of one statement; PostgreSQL may be on its way back */
  sql<T>(text: string, ...parameters: unknown[]): Promise<T[]>
  /** every guest, disk or rest of one on any host; `leftovers` are files that belong to none */
  guests(): { guests: (SimVm & { host: string })[]; leftovers: string[] }
  ovn: OvnCentral
  /** what the northbound database is kept in */
  northboundFile: string
  /** sets the knobs of a host's simulated hypervisor; those that are not named go back to where they were */
  turn(host: string, knobs: KnobsInput): void
  close(): Promise<void>
}

export async function openTruth(cloud: Cloud): Promise<Truth> {
  const instance = await openInstance(cloud.dataDir)
  const count = readSettings(cloud.location)?.hosts ?? 0
  const hosts = Array.from({ length: count }, (_, index) => new LabHost(instance, index + 1))
  const pool = new pg.Pool({ connectionString: database(cloud.location).adminUrl(), max: 2 })
  // a PostgreSQL that is killed takes idle connections with it
  pool.on('error', () => undefined)
  return {
    sql: async (text, ...parameters) => (await pool.query(text, parameters)).rows,
    guests() {
      const files = hosts.flatMap(host => {
        const folder = join(host.agentDir, 'sim')
        return readdirSync(folder).map(name => ({ host: host.name, name, path: join(folder, name) }))
      })
      const stored = files.filter(file => file.name.endsWith('.json'))
      return {
        guests: stored.map(({ host, path }) => ({
          ...SimVm.parse(JSON.parse(readFileSync(path, 'utf8'))),
          host,
        })),
        leftovers: files.filter(file => !stored.includes(file)).map(file => file.path),
      }
    },
    ovn: new OvnCentral(instance),
    northboundFile: join(instance.dataDir, 'lab/ovn/nb.db'),
    turn(host, knobs) {
      const path = join(hosts.find(one => one.name === host)!.agentDir, 'sim-knobs.json')
      writeFileSync(`${path}.new`, JSON.stringify(knobs))
      renameSync(`${path}.new`, path)
    },
    close: () => pool.end(),
  }
}

const execute = promisify(execFile)

type Row = Record<string, unknown>

/**
 * The northbound database as text that is equal when it says the same: references are replaced by what they refer
 * to, and what counts changes (`nb_cfg` and its times, ids of rows) is left out.
 */
export async function northbound(ovn: OvnCentral): Promise<string[]> {
  const { stdout } = await execute('ovsdb-client', ['--format=json', 'dump', ovn.nb, 'OVN_Northbound'], {
    maxBuffer: 256 << 20,
  })
  const tables = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { caption: string; headings: string[]; data: unknown[][] })
    .map(({ caption, headings, data }) => ({
      name: caption.replace(/ table$/, ''),
      rows: data.map(cells => Object.fromEntries(headings.map((heading, n) => [heading, cells[n]])) as Row),
    }))
  const byId = new Map(tables.flatMap(({ name, rows }) => rows.map(row => [idOf(row), { name, row }])))
  const canonical = (value: unknown): unknown => {
    if (!Array.isArray(value)) return value
    const [kind, inner] = value as [unknown, unknown]
    if (kind === 'uuid') {
      const found = byId.get(String(inner))
      return found ? textOf(found.name, found.row) : value
    }
    if (kind === 'set' || kind === 'map')
      return [
        kind,
        (inner as unknown[])
          .map(canonical)
          .map(one => JSON.stringify(one))
          .sort(),
      ]
    return value.map(canonical)
  }
  const textOf = (table: string, row: Row): string =>
    `${table} ${JSON.stringify(
      Object.entries(row)
        .filter(([column]) => column !== '_uuid')
        .map(([column, value]) => [column, canonical(value)]),
    )}`
  return tables
    .filter(({ name }) => name !== 'NB_Global' && name !== 'Connection' && name !== 'SSL')
    .flatMap(({ name, rows }) => rows.map(row => textOf(name, row)))
    .sort()
}

const idOf = (row: Row): string => String((row['_uuid'] as [string, string])[1])

/** Names of the logical switch ports. */
export async function logicalPorts(ovn: OvnCentral): Promise<string[]> {
  const { stdout } = await execute('ovn-nbctl', [
    `--db=${ovn.nb}`,
    '--no-leader-only',
    '--bare',
    '--columns=name',
    'list',
    'Logical_Switch_Port',
  ])
  return stdout.split('\n').filter(line => line !== '')
}

/**
 * Takes every logical switch, port, port group and DHCP option out, as a mistaken operator would.
 *
 * @returns how many rows that were
 */
export async function wipeNorthbound(ovn: OvnCentral): Promise<number> {
  const tables = ['Logical_Switch', 'Logical_Switch_Port', 'Port_Group', 'ACL', 'DHCP_Options']
  const operations = tables.map(table => ({ op: 'delete', table, where: [] }))
  const transaction = JSON.stringify(['OVN_Northbound', ...operations])
  const { stdout } = await execute('ovsdb-client', ['transact', ovn.nb, transaction])
  const results = JSON.parse(stdout) as { count?: number; error?: string; details?: string }[]
  for (const { error, details } of results) if (error) throw new Error(`${error}: ${details}`)
  return results.reduce((sum, { count = 0 }) => sum + count, 0)
}
