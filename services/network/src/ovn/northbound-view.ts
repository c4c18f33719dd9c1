/**
 * What the northbound database holds of ours, found by our ids without walking through everything. Feed it every change
 * of the replica. Ports and groups are found by name, which OVN keeps unique; switches and DHCP options by the id we
 * marked them with, and of these there may be several when two writers raced.
 */
import type { Change } from '@caelum/ovsdb'
import { OWNER_ID } from './mapping.ts'
import type { Northbound } from './tables.ts'

type Found<K extends keyof Northbound> = readonly [uuid: string, row: Northbound[K]]

export class NorthboundView {
  #switches = new RowIndex<Northbound['Logical_Switch']>()
  #dhcp = new RowIndex<Northbound['DHCP_Options']>()
  #ports = new RowIndex<Northbound['Logical_Switch_Port']>()
  #groups = new RowIndex<Northbound['Port_Group']>()
  #acls = new Map<string, Northbound['ACL']>()
  #switchesOfPort = new HolderIndex()
  #groupsOfPort = new HolderIndex()
  #config: Northbound['NB_Global'] | null = null

  apply(changes: readonly Change<Northbound>[]): void {
    for (const { table, uuid, old, row } of changes) {
      if (table === 'Logical_Switch') {
        this.#switches.set(uuid, ownerOf(old), ownerOf(row), row)
        this.#switchesOfPort.set(uuid, old?.ports, row?.ports)
      } else if (table === 'DHCP_Options') this.#dhcp.set(uuid, ownerOf(old), ownerOf(row), row)
      else if (table === 'Logical_Switch_Port') this.#ports.set(uuid, old?.name, row?.name, row)
      else if (table === 'Port_Group') {
        this.#groups.set(uuid, old?.name, row?.name, row)
        this.#groupsOfPort.set(uuid, ownerOf(old) ? old?.ports : NONE, ownerOf(row) ? row?.ports : NONE)
      } else if (table === 'NB_Global') this.#config = row
      else if (row) this.#acls.set(uuid, row)
      else this.#acls.delete(uuid)
    }
  }

  /** `NB_Global`; null until northd has made it */
  get config(): Northbound['NB_Global'] | null {
    return this.#config
  }

  switches(networkId: string): readonly Found<'Logical_Switch'>[] {
    return this.#switches.get(networkId)
  }
  dhcp(subnetId: string): readonly Found<'DHCP_Options'>[] {
    return this.#dhcp.get(subnetId)
  }
  port(portId: string): Found<'Logical_Switch_Port'> | undefined {
    return this.#ports.get(portId)[0]
  }
  group(name: string): Found<'Port_Group'> | undefined {
    return this.#groups.get(name)[0]
  }
  acl(uuid: string): Northbound['ACL'] | undefined {
    return this.#acls.get(uuid)
  }

  /** uuids of the switches that hold this port: one, unless somebody meddled */
  switchesWith(portUuid: string): readonly string[] {
    return this.#switchesOfPort.get(portUuid)
  }
  /** uuids of the groups of ours that hold this port */
  groupsWith(portUuid: string): readonly string[] {
    return this.#groupsOfPort.get(portUuid)
  }

  /** Our ids of all that is here. */
  owners(): { networks: string[]; subnets: string[]; ports: string[]; groups: string[] } {
    const marked = (index: RowIndex<{ external_ids: ReadonlyMap<string, string> }>) =>
      [...index.all()].flatMap(([, row]) => ownerOf(row) ?? [])
    return {
      networks: marked(this.#switches),
      subnets: marked(this.#dhcp),
      ports: marked(this.#ports),
      groups: marked(this.#groups),
    }
  }
}

const ownerOf = (row: { external_ids: ReadonlyMap<string, string> } | null): string | undefined =>
  row?.external_ids.get(OWNER_ID)

class RowIndex<R> {
  #byKey = new Map<string, Map<string, R>>()

  set(uuid: string, oldKey: string | undefined, key: string | undefined, row: R | null): void {
    if (oldKey !== undefined) {
      const found = this.#byKey.get(oldKey)
      found?.delete(uuid)
      if (found?.size === 0) this.#byKey.delete(oldKey)
    }
    if (key === undefined || !row) return
    const found = this.#byKey.get(key) ?? new Map()
    this.#byKey.set(key, found.set(uuid, row))
  }

  get(key: string): (readonly [string, R])[] {
    return [...(this.#byKey.get(key) ?? [])]
  }

  *all(): Iterable<readonly [string, R]> {
    for (const found of this.#byKey.values()) yield* found
  }
}

/** For each port which rows have it in their `ports`. */
class HolderIndex {
  #holders = new Map<string, Set<string>>()

  set(holder: string, old: ReadonlySet<string> = NONE, now: ReadonlySet<string> = NONE): void {
    for (const port of old) if (!now.has(port)) this.#holders.get(port)?.delete(holder)
    for (const port of now) {
      if (old.has(port)) continue
      const holders = this.#holders.get(port) ?? new Set()
      this.#holders.set(port, holders.add(holder))
    }
    for (const port of old) if (this.#holders.get(port)?.size === 0) this.#holders.delete(port)
  }

  get(port: string): readonly string[] {
    return [...(this.#holders.get(port) ?? [])]
  }
}

const NONE: ReadonlySet<string> = new Set()
