import { z } from 'zod'
import type { UnitStatus } from './unit.ts'

/** One JSON line per request and per answer, over a unix socket in a folder that only its owner may enter. */
export const ControlRequest = z.discriminatedUnion('op', [
  z.object({ op: z.literal('status') }),
  /** make the running set equal to what cloud.json says now */
  z.object({ op: z.literal('apply') }),
  z.object({ op: z.literal('restart'), unit: z.string() }),
  /** end everything, then the supervisor itself */
  z.object({ op: z.literal('stop') }),
  /** lab only: `kill` is a power failure, `cut` takes the network away, `join` gives it back */
  z.object({ op: z.literal('host'), host: z.string(), action: z.enum(['kill', 'cut', 'join']) }),
])
export type ControlRequest = z.input<typeof ControlRequest>

export type SupervisorStatus = { pid: number; units: UnitStatus[] }

export type ControlAnswer = { ok: true; status?: SupervisorStatus } | { ok: false; error: string }
