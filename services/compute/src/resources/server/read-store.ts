import { allColumns } from '@caelum/db'
/** How a server is read together with its vm, the same for one, for a list and for a save that answers with the row. */
import { Prisma } from '../../generated/client.ts'
import type { ServerRow, ServerWithVm, VmRow } from './row.ts'

const ALL_OF_SERVER = allColumns(Prisma.ServerScalarFieldEnum, 's')

/** Flat columns: building and parsing a JSON object per row would cost half as much again as everything else. */
const COLUMNS = `${ALL_OF_SERVER}, v.id as vm_id, v.host_id as vm_host_id, h.name as vm_host_name, h.zone as vm_host_zone,
  h.seen_at as vm_host_seen_at, (h.seen_facts->>'hypervisor_up')::boolean as vm_hypervisor_up,
  v.want_power as vm_want_power, v.want_reboots_soft as vm_want_reboots_soft,
  v.want_reboots_hard as vm_want_reboots_hard, v.generation as vm_generation,
  v.seen_generation as vm_seen_generation, v.seen_power as vm_seen_power, v.seen_guest_off as vm_seen_guest_off,
  v.seen_reboots_soft as vm_seen_reboots_soft, v.seen_reboots_hard as vm_seen_reboots_hard,
  v.seen_step as vm_seen_step, v.seen_fault as vm_seen_fault, v.seen_at as vm_seen_at`

/** SQL that reads servers as `Joined`, from a table or a `with` of that name; `where` and so on may follow. */
export const selectFrom = (servers: string): string =>
  `select ${COLUMNS} from ${servers} s left join vms v on v.server_id = s.id left join hosts h on h.id = v.host_id`

type VmColumns = Omit<VmRow, 'host_up'> & {
  host_seen_at: Date | null
  hypervisor_up: boolean | null
}
export type Joined = ServerRow & { [K in keyof VmColumns as `vm_${K}`]: VmColumns[K] } & {
  vm_id: string | null
}

export type Read = (row: Joined) => ServerWithVm

/** @param hostDownMs a host not heard of for longer counts as down */
export const reader =
  (hostDownMs: number): Read =>
  row => ({ server: row, vm: row.vm_id === null ? null : vmOf(row, isUp(row, hostDownMs)) })

const isUp = (row: Joined, hostDownMs: number): boolean =>
  row.vm_hypervisor_up === true &&
  row.vm_host_seen_at !== null &&
  Date.now() - row.vm_host_seen_at.getTime() < hostDownMs

const vmOf = (row: Joined, host_up: boolean): VmRow => ({
  id: row.vm_id,
  host_id: row.vm_host_id,
  host_name: row.vm_host_name,
  host_zone: row.vm_host_zone,
  host_up,
  want_power: row.vm_want_power,
  want_reboots_soft: row.vm_want_reboots_soft,
  want_reboots_hard: row.vm_want_reboots_hard,
  generation: row.vm_generation,
  seen_generation: row.vm_seen_generation,
  seen_power: row.vm_seen_power,
  seen_guest_off: row.vm_seen_guest_off,
  seen_reboots_soft: row.vm_seen_reboots_soft,
  seen_reboots_hard: row.vm_seen_reboots_hard,
  seen_step: row.vm_seen_step,
  seen_fault: row.vm_seen_fault,
  seen_at: row.vm_seen_at,
})
