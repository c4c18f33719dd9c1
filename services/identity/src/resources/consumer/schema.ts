import { z } from 'zod'
import { description, page } from '../../collection.ts'

const fields = { description: description.optional() }

/** keystone/oauth1/schema.py; the secret is of our making, for good */
export const CreateConsumer = z.looseObject({ ...fields, secret: z.never().optional() })
export type CreateConsumer = z.output<typeof CreateConsumer>

export const ChangeConsumer = CreateConsumer
export type ChangeConsumer = CreateConsumer

export const ListConsumers = z.object({ ...page })
export type ListConsumers = z.output<typeof ListConsumers>

export const ConsumerReply = z.object({
  consumer: z.object({ id: z.string(), description: z.string().nullable() }),
})
