/**
 * Who has which address. The subnet's row is locked while one of its addresses is chosen, so that parallel creates take
 * turns and each finds its own; the primary key of `fixed_ips` would refuse a second owner anyway.
 */
import type { Tx } from '../collection/store.ts'
import { formatAddress, type IpVersion, parseAddress } from './ip.ts'
import { type Pool, searchOrder } from './pool.ts'

export interface LockedSubnet {
  id: string
  network_id: string
  ip_version: IpVersion
  cidr: string
  enable_dhcp: boolean
  allocation_pools: Pool[]
  allocation_cursor: string | null
}

export type FixedIp = { subnet_id: string; address: string }

/** The subnets of a network, oldest first, locked until the transaction ends; the network is held before them. */
export const lockSubnets = (tx: Tx, networkId: string): Promise<LockedSubnet[]> =>
  tx.$queryRaw<LockedSubnet[]>`
    with held as materialized (select id from networks where id = ${networkId}::uuid for key share)
    select id, network_id, ip_version, cidr, enable_dhcp, allocation_pools, host(allocation_cursor) as allocation_cursor
    from subnets where network_id = (select id from held) order by id for no key update`

/** How many taken addresses are read at a time while looking for a gap. */
const WINDOW = 512

/** A stretch of a subnet of which all taken addresses are known. */
interface Known {
  first: bigint
  last: bigint
  taken: Set<bigint>
}

/** Chooses addresses in one transaction; what it chose is taken for it, though no row says so yet. */
export class AddressChooser {
  /** by subnet: where the next search begins; to be saved with what was chosen */
  readonly cursors = new Map<string, string>()
  #tx: Tx
  #known = new Map<string, Known>()
  #chosen = new Set<string>()

  constructor(tx: Tx) {
    this.#tx = tx
  }

  /** A free address of the subnet's pools, or null when all are taken. */
  async pick(subnet: LockedSubnet): Promise<FixedIp | null> {
    const cursor = this.cursors.get(subnet.id) ?? subnet.allocation_cursor
    const from = cursor === null ? null : parseAddress(cursor)!.value
    for (const { first, last } of searchOrder(subnet.allocation_pools, from)) {
      const value = await this.#firstFree(subnet, first, last)
      if (value === null) continue
      const address = formatAddress({ version: subnet.ip_version, value })
      this.cursors.set(subnet.id, formatAddress({ version: subnet.ip_version, value: value + 1n }))
      this.#chosen.add(`${subnet.id}/${address}`)
      return { subnet_id: subnet.id, address }
    }
    return null
  }

  /** False: somebody has it. */
  async take({ subnet_id, address }: FixedIp): Promise<boolean> {
    const key = `${subnet_id}/${address}`
    const [row] = await this.#tx.$queryRaw<object[]>`
      select 1 from fixed_ips where subnet_id = ${subnet_id}::uuid and address = ${address}::inet`
    if (row || this.#chosen.has(key)) return false
    this.#chosen.add(key)
    return true
  }

  async #firstFree(subnet: LockedSubnet, first: bigint, last: bigint): Promise<bigint | null> {
    const version = subnet.ip_version
    const isChosen = (value: bigint) => this.#chosen.has(`${subnet.id}/${formatAddress({ version, value })}`)
    for (let candidate = first; candidate <= last; candidate++) {
      const known = await this.#around(subnet, candidate)
      while (
        candidate <= known.last &&
        candidate <= last &&
        (known.taken.has(candidate) || isChosen(candidate))
      )
        candidate++
      if (candidate <= known.last && candidate <= last) return candidate
      candidate--
    }
    return null
  }

  /** What is known of the stretch that begins at or before `from` and holds it. */
  async #around(subnet: LockedSubnet, from: bigint): Promise<Known> {
    const before = this.#known.get(subnet.id)
    if (before && before.first <= from && from <= before.last) return before
    const rows = await this.#tx.$queryRaw<{ address: string }[]>`
      select host(address) as address from fixed_ips
      where subnet_id = ${subnet.id}::uuid
        and address >= ${formatAddress({ version: subnet.ip_version, value: from })}::inet
      order by address limit ${WINDOW}`
    const values = rows.map(row => parseAddress(row.address)!.value)
    const last = values.length < WINDOW ? (1n << 128n) - 1n : values.at(-1)!
    const known = { first: from, last, taken: new Set(values) }
    this.#known.set(subnet.id, known)
    return known
  }
}

/** To be called once, before the transaction ends. */
export const saveCursors = async (tx: Tx, chooser: AddressChooser): Promise<void> => {
  for (const [id, cursor] of chooser.cursors)
    await tx.$executeRaw`update subnets set allocation_cursor = ${cursor}::inet where id = ${id}::uuid`
}
