/** Consumers of OAuth 1.0a: programs of somebody else's, which sign with a secret that we choose and keep sealed. */
import { randomBytes } from 'node:crypto'
import { type Ctx, newHexId } from '@caelum/kernel'
import { mergeExtra, splitExtra } from '../../collection.ts'
import { errors } from '../../errors.ts'
import type { Sealing } from '../../signing/seal.ts'
import type { ChangeConsumer, CreateConsumer, ListConsumers } from './schema.ts'
import { type Consumer, type ConsumerStore, sealName } from './store.ts'

const FIELDS = ['description'] as const

export const consumerService = (store: ConsumerStore, sealing: Sealing) => ({
  /** @returns also the secret, which is not shown again */
  async create(ctx: Ctx, body: CreateConsumer): Promise<Consumer & { secret: string }> {
    const { fields, extra } = splitExtra(body, FIELDS)
    const [id, secret] = [newHexId(), randomBytes(16).toString('hex')]
    const row = await store.insert({
      id,
      description: fields.description ?? null,
      secret_sealed: sealing.seal(sealName(id), Buffer.from(secret)),
      extra,
      created_at: ctx.clock.now(),
    })
    return { ...row, secret }
  },

  list: (_ctx: Ctx, query: ListConsumers): Promise<Consumer[]> => store.list(query),

  async get(_ctx: Ctx, id: string): Promise<Consumer> {
    return found(await store.get(id), id)
  },

  async update(_ctx: Ctx, id: string, body: ChangeConsumer): Promise<Consumer> {
    const { fields, extra } = splitExtra(body, FIELDS)
    const updated = await store.update(id, row => ({ ...fields, extra: mergeExtra(row.extra, extra) }))
    return found(updated === 'not-found' ? null : updated, id)
  },

  async remove(_ctx: Ctx, id: string): Promise<void> {
    if (!(await store.remove(id))) throw errors.notFound('consumer', id)
  },

  /** For the check of a signature; null: there is no such consumer. */
  async secret(id: string): Promise<string | null> {
    const row = await store.get(id)
    return row && sealing.unseal(sealName(id), row.secret_sealed).toString()
  },
})

export type ConsumerService = ReturnType<typeof consumerService>

function found(row: Consumer | null, id: string): Consumer {
  if (!row) throw errors.notFound('consumer', id)
  return row
}
