import type { Answer, Ask } from '@caelum/agent-protocol'
import { newId } from '@caelum/kernel'
import type { PrismaClient } from '../../generated/client.ts'

export type AskStore = ReturnType<typeof askStore>

/** An unanswered question older than this is nobody's any more. */
const STALE_MS = 60_000
/** An agent that has not answered by then gets the question once more. */
const HANDED_MS = 2_000

export const askStore = (db: PrismaClient) => ({
  /** Puts a question to a host: its list gets a new revision, which ends the agent's long poll. */
  async put(hostId: string, vmId: string, lines: number | null, now: Date): Promise<string> {
    const id = newId()
    await db.$transaction([
      db.ask.deleteMany({
        where: { host_id: hostId, created_at: { lt: new Date(now.getTime() - STALE_MS) } },
      }),
      db.ask.create({ data: { id, host_id: hostId, vm_id: vmId, lines, created_at: now } }),
      db.$executeRaw`
        update hosts set wanted_revision = wanted_revision + 1 where id = ${hostId}::uuid
        returning pg_notify('compute_host', id::text)`,
    ])
    return id
  },

  /** Hands out what was not handed out just before; an agent that died with a question gets it again. */
  async handOut(hostId: string, now: Date): Promise<Ask[]> {
    const before = (ms: number) => new Date(now.getTime() - ms)
    const rows = await db.ask.updateManyAndReturn({
      where: {
        host_id: hostId,
        answered_at: null,
        created_at: { gt: before(STALE_MS) },
        OR: [{ handed_at: null }, { handed_at: { lt: before(HANDED_MS) } }],
      },
      data: { handed_at: now },
    })
    return rows.map(row => ({ id: row.id, kind: 'console', vm_id: row.vm_id, lines: row.lines }))
  },

  async answer(hostId: string, id: string, { output, error }: Answer, now: Date): Promise<void> {
    await db.$transaction([
      db.ask.updateMany({
        where: { id, host_id: hostId, answered_at: null },
        data: { output, error, answered_at: now },
      }),
      db.$executeRaw`select pg_notify('compute_host', ${`ask:${id}`})`,
    ])
  },

  /** The answer, which is forgotten by being read; null: not there yet. */
  async take(id: string): Promise<Answer | null> {
    const row = await db.ask.findUnique({ where: { id } })
    if (!row?.answered_at) return null
    await db.ask.deleteMany({ where: { id } })
    return { output: row.output, error: row.error }
  },

  async withdraw(id: string): Promise<void> {
    await db.ask.deleteMany({ where: { id } })
  },
})
