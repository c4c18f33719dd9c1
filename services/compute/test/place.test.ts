import { newId } from '@caelum/kernel'
import { expect, test } from 'vitest'
import type { HostLoad, HostStore } from '../src/resources/host/store.ts'
import type { ServerRow } from '../src/resources/server/row.ts'
import type { Claim } from '../src/resources/vm/store.ts'
import { type PlaceDeps, takingTurns } from '../src/scheduler/place.ts'

const host = (name: string) =>
  ({
    id: newId(),
    name,
    want_enabled: true,
    seen_at: new Date(),
    seen_facts: { hypervisor_up: true },
    zone: 'nova',
    vcpus: 100,
    ram_mb: 5_000,
    disk_gb: 100,
    used_vcpus: 0,
    used_ram_mb: 0,
    used_disk_gb: 0,
    vms: 0,
    busy: 0,
  }) as HostLoad

const server = (ram_mb = 1_000) =>
  ({
    id: newId(),
    generation: 1,
    flavor: { vcpus: 1, ram_mb, disk_gb: 1 },
    want_host: null,
    availability_zone: null,
    group_id: null,
    want_power: 'running',
    request_id: 'req-1',
  }) as unknown as ServerRow

/** Placement over a database that only keeps count; `begin` may fail. */
function scene(
  hosts: HostLoad[],
  begin: (turn: number) => void = () => undefined,
  taken = new Set<string>(),
) {
  const turns: Claim[][] = []
  const withClaims = (one: HostLoad): HostLoad => {
    const claimed = turns.flat().filter(claim => claim.host_id === one.id)
    return { ...one, used_ram_mb: claimed.reduce((sum, claim) => sum + claim.ram_mb, 0), vms: claimed.length }
  }
  let begun = 0
  const deps: PlaceDeps = {
    servers: {
      transaction: async work => {
        begin(++begun)
        return work({ $executeRaw: async () => 0 } as never)
      },
    },
    hosts: { load: async () => hosts.map(withClaims) } as unknown as Pick<HostStore, 'load'>,
    vms: {
      claim: async (_tx, claims) => {
        turns.push([...claims])
        return new Set(claims.map(claim => claim.server_id).filter(id => taken.has(id)))
      },
    },
    rules: { cpuAllocationRatio: 1, reservedRamMb: 0, downAfterMs: 60_000 },
  }
  const place = takingTurns(deps)
  return { turns, place: (one: ServerRow) => place(one, () => ({}) as never) }
}

test('who comes while a turn is under way shares the next, and each sees the claims of those before', async () => {
  const { turns, place } = scene([host('a'), host('b')])
  const placed = await Promise.all(Array.from({ length: 11 }, () => place(server())))
  expect(turns.map(claims => claims.length)).toEqual([1, 9])
  const on = placed.map(one => (one.result === 'claimed' ? one.vm.host_name : one.result))
  expect(on.sort()).toEqual([...Array(5).fill('a'), ...Array(5).fill('b'), 'no-room'])
})

test('a turn that fails fails for those who shared it and for nobody else', async () => {
  const { place } = scene([host('a')], turn => {
    if (turn === 2) throw new Error('the database is away')
  })
  const first = place(server())
  const second = place(server())
  const third = place(server())
  expect((await first).result).toBe('claimed')
  await expect(second).rejects.toThrow('away')
  await expect(third).rejects.toThrow('away')
  expect((await place(server())).result).toBe('claimed')
})

test('a server that somebody else placed meanwhile is looked at again', async () => {
  const mine = server()
  const { place } = scene([host('a')], undefined, new Set([mine.id]))
  expect(await place(mine)).toEqual({ result: 'placed-already' })
})
