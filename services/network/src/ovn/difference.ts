/**
 * The comparison: writes into `tx` whatever the northbound database lacks, has wrong or has too much, for the ids in
 * `scope`. An id in scope that is not wanted shall be gone. Rows of others are never touched, and neither are columns
 * that we do not set.
 *
 * Everything goes into one transaction, so OVN never sees half of it. Running it again on the result writes nothing.
 * Two writers that race cannot make a row twice: names of ports and groups are unique in OVN, and before a switch or
 * DHCP options are made the transaction waits (for no time) for their absence; the loser fails and looks again.
 */
import { type Ref, sameValue, type Transaction, type Value } from '@caelum/ovsdb'
import { groupName } from './acl.ts'
import { OWNER_ID, type PortGroupWant, type SwitchPortWant, type Wanted } from './mapping.ts'
import type { NorthboundView } from './northbound-view.ts'
import type { Northbound } from './tables.ts'

/** Ids of our rows, by kind. */
export interface Scope {
  networks: Set<string>
  subnets: Set<string>
  ports: Set<string>
  /** ids of security groups */
  groups: Set<string>
}

type Tx = Transaction<Northbound>
type RowId = string | Ref
type Membership = { add: Set<RowId>; remove: Set<RowId> }

export const writeDifference = (tx: Tx, wanted: Wanted, seen: NorthboundView, scope: Scope): void => {
  const writer = new DifferenceWriter(tx, wanted, seen)
  writer.write(scope)
}

/** All ids, wanted or seen: the scope of a complete comparison. */
export const wholeScope = (wanted: Wanted, seen: NorthboundView): Scope => {
  const owners = seen.owners()
  return {
    networks: new Set([...wanted.switches.keys(), ...owners.networks]),
    subnets: new Set([...wanted.dhcp.keys(), ...owners.subnets]),
    ports: new Set([...wanted.ports.keys(), ...owners.ports]),
    groups: new Set([
      ...[...wanted.groups.values()].map(group => group.columns.external_ids[OWNER_ID]),
      ...owners.groups,
    ]),
  }
}

class DifferenceWriter {
  #tx: Tx
  #wanted: Wanted
  #seen: NorthboundView
  #switchIds = new Map<string, RowId>()
  #dhcpIds = new Map<string, RowId>()
  #groupIds = new Map<string, RowId>()
  #switchPorts = new Map<RowId, Membership>()
  #members = new Map<RowId, Membership>()
  #doomed: (() => void)[] = []

  constructor(tx: Tx, wanted: Wanted, seen: NorthboundView) {
    this.#tx = tx
    this.#wanted = wanted
    this.#seen = seen
  }

  write(scope: Scope): void {
    for (const id of scope.networks) this.#switch(id)
    for (const id of scope.subnets) this.#dhcp(id)
    for (const id of scope.groups) this.#group(id)
    for (const id of scope.ports) this.#port(id)
    for (const [id, { add, remove }] of this.#switchPorts) {
      if (remove.size) this.#tx.mutate('Logical_Switch', id, ['ports', 'delete', remove])
      if (add.size) this.#tx.mutate('Logical_Switch', id, ['ports', 'insert', add])
    }
    for (const [id, { add, remove }] of this.#members) {
      if (remove.size) this.#tx.mutate('Port_Group', id, ['ports', 'delete', remove])
      if (add.size) this.#tx.mutate('Port_Group', id, ['ports', 'insert', add])
    }
    for (const remove of this.#doomed) remove()
  }

  #switch(networkId: string): void {
    const want = this.#wanted.switches.get(networkId)
    const [found, ...others] = mostPortsFirst(this.#seen.switches(networkId))
    for (const [uuid] of others) this.#doomed.push(() => this.#tx.delete('Logical_Switch', uuid))
    if (!want) {
      if (found) this.#doomed.push(() => this.#tx.delete('Logical_Switch', found[0]))
    } else if (found) {
      this.#switchIds.set(networkId, found[0])
      const change = changed(found[1], want)
      if (change) this.#tx.update('Logical_Switch', found[0], change)
    } else {
      this.#tx.wait('Logical_Switch', marked(networkId), [])
      this.#switchIds.set(networkId, this.#tx.insert('Logical_Switch', want))
    }
  }

  #dhcp(subnetId: string): void {
    const want = this.#wanted.dhcp.get(subnetId)
    const [found, ...others] = this.#seen.dhcp(subnetId)
    for (const [uuid] of others) this.#tx.delete('DHCP_Options', uuid)
    if (!want) {
      if (found) this.#tx.delete('DHCP_Options', found[0])
    } else if (found) {
      this.#dhcpIds.set(subnetId, found[0])
      const change = changed(found[1], want)
      if (change) this.#tx.update('DHCP_Options', found[0], change)
    } else {
      this.#tx.wait('DHCP_Options', marked(subnetId), [])
      this.#dhcpIds.set(subnetId, this.#tx.insert('DHCP_Options', want))
    }
  }

  #group(id: string): void {
    const name = this.#wanted.groups.has(id) ? id : groupName(id)
    const want = this.#wanted.groups.get(name)
    const found = this.#seen.group(name)
    if (!want) {
      if (found) this.#tx.delete('Port_Group', found[0])
      return
    }
    if (!found) {
      const acls = [...want.acls].map(([ruleId, acl]) => this.#insertAcl(ruleId, acl))
      this.#groupIds.set(name, this.#tx.insert('Port_Group', { ...want.columns, acls }))
      return
    }
    const [uuid, row] = found
    this.#groupIds.set(name, uuid)
    const change = changed({ name: row.name, external_ids: row.external_ids }, want.columns)
    if (change) this.#tx.update('Port_Group', uuid, change)
    this.#acls(uuid, row.acls, want)
  }

  #acls(group: string, seen: ReadonlySet<string>, want: PortGroupWant): void {
    const known = new Map<string, string>()
    const extra: string[] = []
    for (const uuid of seen) {
      const ruleId = this.#seen.acl(uuid)?.external_ids.get(OWNER_ID)
      if (ruleId && want.acls.has(ruleId) && !known.has(ruleId)) known.set(ruleId, uuid)
      else extra.push(uuid)
    }
    const missing: Ref[] = []
    for (const [ruleId, acl] of want.acls) {
      const uuid = known.get(ruleId)
      const change = uuid && changed(this.#seen.acl(uuid)!, acl)
      if (!uuid) missing.push(this.#insertAcl(ruleId, acl))
      else if (change) this.#tx.update('ACL', uuid, change)
    }
    if (extra.length) this.#tx.mutate('Port_Group', group, ['acls', 'delete', extra])
    if (missing.length) this.#tx.mutate('Port_Group', group, ['acls', 'insert', missing])
  }

  #insertAcl(ruleId: string, acl: object): Ref {
    return this.#tx.insert('ACL', { ...acl, external_ids: { [OWNER_ID]: ruleId } })
  }

  #port(portId: string): void {
    const want = this.#wanted.ports.get(portId)
    const found = this.#seen.port(portId)
    if (!want) {
      if (found && found[1].external_ids.get(OWNER_ID) === portId) this.#unplace(found[0])
      return
    }
    const row = { ...want.columns, ...this.#dhcpColumns(want) }
    const id = found?.[0] ?? this.#tx.insert('Logical_Switch_Port', row)
    if (found) {
      const change = changed(found[1], row)
      if (change) this.#tx.update('Logical_Switch_Port', found[0], change)
    }
    this.#place(id, this.#switchIds.get(want.network_id), found?.[0])
    this.#join(id, want.groups, found?.[0])
  }

  #dhcpColumns({ dhcpv4, dhcpv6 }: SwitchPortWant) {
    const idOf = (subnetId: string | null) => (subnetId && this.#dhcpIds.get(subnetId)) || null
    return { dhcpv4_options: idOf(dhcpv4), dhcpv6_options: idOf(dhcpv6) }
  }

  /** A port belongs to exactly one switch; taken out of its last one it is gone. */
  #place(id: RowId, home: RowId | undefined, known: string | undefined): void {
    if (!home) throw new Error('a port is in scope without its network')
    const holders = known ? this.#seen.switchesWith(known) : []
    for (const uuid of holders) if (uuid !== home) memberOf(this.#switchPorts, uuid).remove.add(id)
    if (typeof home !== 'string' || !holders.includes(home)) memberOf(this.#switchPorts, home).add.add(id)
  }

  #unplace(uuid: string): void {
    for (const holder of this.#seen.switchesWith(uuid)) memberOf(this.#switchPorts, holder).remove.add(uuid)
  }

  #join(id: RowId, groups: string[], known: string | undefined): void {
    const wanted = new Set(groups.map(name => this.#groupIds.get(name)!))
    const holders = known ? this.#seen.groupsWith(known) : []
    for (const uuid of holders) if (!wanted.has(uuid)) memberOf(this.#members, uuid).remove.add(id)
    for (const group of wanted) {
      if (typeof group !== 'string' || !holders.includes(group)) memberOf(this.#members, group).add.add(id)
    }
  }
}

const memberOf = (changes: Map<RowId, Membership>, id: RowId): Membership => {
  const known = changes.get(id) ?? { add: new Set(), remove: new Set() }
  changes.set(id, known)
  return known
}

const marked = (id: string) => [['external_ids', 'includes', { [OWNER_ID]: id }]] as const

/** Of switches made twice the one in use stays. */
const mostPortsFirst = (found: readonly (readonly [string, Northbound['Logical_Switch']])[]) =>
  [...found].sort(([a, x], [b, y]) => y.ports.size - x.ports.size || (a < b ? -1 : 1))

/** The wanted columns when any of them differs, else null. Wanted arrays are sets, wanted objects are maps. */
const changed = <W extends object>(row: object, want: W): W | null => {
  const same = Object.entries(want).every(([column, value]) =>
    sameValue((row as Record<string, Value>)[column]!, asValue(value)),
  )
  return same ? null : want
}

const asValue = (value: unknown): Value => {
  if (Array.isArray(value)) return new Set(value)
  if (typeof value === 'object' && value) return new Map(Object.entries(value as Record<string, string>))
  return value as Value
}
