/**
 * One simulated vm as it is stored, and the pure functions that tell from it and the time how it stands. Nothing runs:
 * what will happen (a start that takes a while, an obedient shutdown, a death) is written down with its time when it
 * is decided, so it also happens while no agent runs, as with real guests.
 */
import { z } from 'zod'
import type { SeenDomain } from '../driver.ts'

export const SimVm = z.object({
  id: z.string(),
  /** null: not defined */
  definition: z
    .object({
      server_id: z.string(),
      generation: z.number().int(),
      reboots: z.object({ soft: z.number().int(), hard: z.number().int() }),
    })
    .nullable(),
  /** a domain of somebody else, as a test puts it there */
  foreign: z.boolean().default(false),
  disk: z.object({ image_path: z.string().nullable(), size_gb: z.number().int() }).nullable(),
  /** the newest run of the guest; times in ms since the epoch */
  run: z
    .object({
      /** the host's boot that it belongs to */
      boot: z.number().int(),
      on_at: z.number(),
      off_at: z.number().nullable(),
      off_reason: z.enum(['guest', 'host', 'crashed']).nullable(),
    })
    .nullable(),
  /** how often the guest's firmware has begun */
  boots: z.number().int(),
})
export type SimVm = z.infer<typeof SimVm>

export const newSimVm = (id: string): SimVm => ({
  id,
  definition: null,
  foreign: false,
  disk: null,
  run: null,
  boots: 0,
})

type Standing = Pick<SeenDomain, 'power' | 'off_reason'>

export const standingOf = (vm: SimVm, boot: number, now: number): Standing => {
  if (!vm.definition) return { power: 'absent', off_reason: null }
  const { run } = vm
  if (!run || run.boot !== boot || run.on_at > now) return { power: 'stopped', off_reason: null }
  if (run.off_at === null || run.off_at > now) return { power: 'running', off_reason: null }
  return { power: run.off_reason === 'crashed' ? 'crashed' : 'stopped', off_reason: run.off_reason }
}

/** A start was asked for and its time has not come. */
export const isStarting = (vm: SimVm, boot: number, now: number): boolean =>
  vm.run !== null && vm.run.boot === boot && vm.run.on_at > now

/** When its standing changes next without anybody's doing; null: never. */
export const nextChangeAt = (vm: SimVm, now: number): number | null => {
  const times = [vm.run?.on_at, vm.run?.off_at].filter(time => typeof time === 'number' && time > now)
  return times.length > 0 ? Math.min(...(times as number[])) : null
}

export const seenOf = (vm: SimVm, boot: number, now: number): SeenDomain => ({
  id: vm.id,
  server_id: vm.definition?.server_id ?? null,
  generation: vm.definition?.generation ?? 0,
  reboots: vm.definition?.reboots ?? { soft: 0, hard: 0 },
  ...standingOf(vm, boot, now),
})

const KEPT_BOOTS = 100

export const consoleOf = (vm: SimVm, lines: number | null): string => {
  const first = Math.max(1, vm.boots - KEPT_BOOTS + 1)
  const written = Array.from({ length: vm.boots - first + 1 }, (_, n) => [
    `simulated boot ${first + n} of ${vm.id}`,
    'sim login:',
  ]).flat()
  const kept = lines === null ? written : written.slice(Math.max(0, written.length - lines))
  return kept.map(line => `${line}\n`).join('')
}
