/**
 * Creating ports, the busiest write of this service. Requests that arrive while a transaction is under way share the
 * next one: the locks, the commit and most statements are then paid once for all of them, and none of them holds a
 * database connection while it waits for a lock. A request that the database refuses must not spoil it for the others,
 * so a batch that fails is run again one request at a time, and each gets its own answer.
 */

import { isUniqueViolation } from '@caelum/db'
import { AddressChooser, type FixedIp, type LockedSubnet, lockSubnets } from '../../address/store.ts'
import { inTransaction, type Tx } from '../../collection/store.ts'
import { errors } from '../../errors.ts'
import type { PrismaClient } from '../../generated/client.ts'
import { claimQuota } from '../quota/store.ts'
import { type AddressPlan, planAddresses } from './address-plan.ts'
import type { PortColumns, PortRow } from './row.ts'
import type { FixedIpWant } from './schema.ts'

export interface NewPort {
  row: PortColumns
  fixed_ips: FixedIpWant[] | undefined
  security_groups: string[]
}

interface Request {
  ports: NewPort[]
  resolve(rows: PortRow[] | 'taken'): void
  reject(error: unknown): void
}

/** Ports of one transaction. */
const BATCH = 200

export class PortInserter {
  #db: PrismaClient
  #queue: Request[] = []
  #running = false

  constructor(db: PrismaClient) {
    this.#db = db
  }

  /**
   * All or none. 'taken': an id or MAC address exists already.
   *
   * @throws Problem 404, 409 when the network, an address or the quota does not allow it
   */
  insert(ports: NewPort[]): Promise<PortRow[] | 'taken'> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ ports, resolve, reject })
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    while (this.#queue.length) {
      const batch: Request[] = []
      let size = 0
      do {
        const request = this.#queue.shift()!
        batch.push(request)
        size += request.ports.length
      } while (this.#queue.length && size + this.#queue[0]!.ports.length <= BATCH)
      if (batch.length > 1 && (await this.#together(batch))) continue
      for (const request of batch) await this.#alone(request)
    }
    this.#running = false
  }

  async #together(batch: Request[]): Promise<boolean> {
    try {
      const rows = await inTransaction(this.#db, tx =>
        insertPorts(
          tx,
          batch.flatMap(request => request.ports),
        ),
      )
      for (const request of batch) request.resolve(rows.splice(0, request.ports.length))
      return true
    } catch {
      return false
    }
  }

  async #alone({ ports, resolve, reject }: Request): Promise<void> {
    try {
      resolve(await inTransaction(this.#db, tx => insertPorts(tx, ports)))
    } catch (error) {
      if (isUniqueViolation(error)) resolve('taken')
      else reject(error)
    }
  }
}

const insertPorts = async (tx: Tx, ports: NewPort[]): Promise<PortRow[]> => {
  const projects = ports.map(port => port.row.project_id)
  for (const projectId of [...new Set(projects)].sort())
    await claimQuota(tx, projectId, 'port', projects.filter(one => one === projectId).length)
  const chooser = new AddressChooser(tx)
  const chosen = new Map<NewPort, FixedIp[]>()
  for (const networkId of [...new Set(ports.map(port => port.row.network_id))].sort()) {
    const subnets = await lockSubnets(tx, networkId)
    for (const port of ports.filter(one => one.row.network_id === networkId))
      chosen.set(
        port,
        await chooseAddresses(chooser, subnets, networkId, planAddresses(subnets, port.fixed_ips)),
      )
  }
  const rows = ports.map((port): PortRow => {
    const fixed_ips = chosen.get(port)!.map((ip, position) => ({ ...ip, position }))
    const seen = { generation: 1, seen_generation: 0, seen_up: false, seen_host: null }
    return { ...port.row, ...seen, fixed_ips, security_groups: port.security_groups }
  })
  await writeRows(tx, rows, chooser)
  return rows
}

/** Wished addresses first, so that none of them is given away by a search. */
export const chooseAddresses = async (
  chooser: AddressChooser,
  subnets: readonly LockedSubnet[],
  networkId: string,
  plans: readonly AddressPlan[],
): Promise<FixedIp[]> => {
  const chosen: FixedIp[] = []
  for (const wish of plans.filter(plan => plan.address !== null)) {
    const ip = { subnet_id: wish.subnets[0]!, address: wish.address! }
    if (!(await chooser.take(ip))) throw errors.ipInUse(ip.address, ip.subnet_id)
    chosen.push(ip)
  }
  for (const plan of plans.filter(one => one.address === null)) {
    let ip: FixedIp | null = null
    for (const id of plan.subnets) ip ??= await chooser.pick(subnets.find(subnet => subnet.id === id)!)
    if (!ip) throw errors.noAddress(networkId)
    chosen.push(ip)
  }
  return chosen
}

/** Everything in one statement: ports, their addresses and groups, and where the next search begins. */
const writeRows = async (tx: Tx, rows: PortRow[], chooser: AddressChooser): Promise<void> => {
  const ips = rows.flatMap(row => row.fixed_ips.map(ip => ({ ...ip, port_id: row.id })))
  const groups = rows.flatMap(row =>
    row.security_groups.map(id => ({ port_id: row.id, security_group_id: id })),
  )
  const cursors = [...chooser.cursors].map(([id, cursor]) => ({ id, cursor }))
  await tx.$executeRaw`
    with new_ports as (
      insert into ports (id, project_id, network_id, name, description, admin_state_up, mac_address, device_id,
        device_owner, port_security_enabled, allowed_address_pairs, binding_host_id, binding_profile, tags,
        created_at, updated_at)
      select id, project_id, network_id, name, description, admin_state_up, mac_address, device_id,
        device_owner, port_security_enabled, allowed_address_pairs, binding_host_id, binding_profile, tags,
        created_at, updated_at
      from jsonb_populate_recordset(null::ports, ${JSON.stringify(rows)}::jsonb)),
    new_ips as (
      insert into fixed_ips (subnet_id, address, port_id, position)
      select subnet_id, address, port_id, position
      from jsonb_populate_recordset(null::fixed_ips, ${JSON.stringify(ips)}::jsonb)),
    new_groups as (
      insert into port_security_groups (port_id, security_group_id)
      select port_id, security_group_id
      from jsonb_populate_recordset(null::port_security_groups, ${JSON.stringify(groups)}::jsonb))
    update subnets set allocation_cursor = c.cursor
    from jsonb_to_recordset(${JSON.stringify(cursors)}::jsonb) as c(id uuid, cursor inet) where subnets.id = c.id`
}
