import { gatedObject, since } from '@caelum/http'
import { z } from 'zod'

/** nova/api/openstack/compute/schemas/keypairs.py. Which characters a name may hold changed with 2.92. */
const oldName = z
  .string()
  .trim()
  .min(1)
  .max(255)
  .regex(/^[\w -]+$/, 'may hold letters, digits, blanks, - and _')
const newName = z
  .string()
  .trim()
  .min(1)
  .max(255)
  .regex(/^[\w @.-]+$/, 'may hold letters, digits, blanks, @ . - and _')

const publicKey = z.string().min(1).max(65_535)
const userId = z.string().min(1).max(255).optional()

/** Before 2.92 the public key may be left out: then a key pair is made. */
const keypair = (microversion: number) =>
  gatedObject({
    name: microversion >= 92 ? newName : oldName,
    public_key: microversion >= 92 ? publicKey : publicKey.nullish(),
    type: since(2, z.enum(['ssh', 'x509']).default('ssh')),
    user_id: since(10, userId),
  })(microversion)

export const CreateKeypair = (microversion: number) => z.strictObject({ keypair: keypair(microversion) })
export type CreateKeypair = z.output<ReturnType<typeof CreateKeypair>>['keypair']

/** Unknown query parameters are ignored until 2.74 and refused from 2.75 on. */
export const ListKeypairs = gatedObject(
  {
    user_id: since(10, userId),
    limit: since(35, z.coerce.number().int().min(0).optional()),
    marker: since(35, z.string().max(255).optional()),
  },
  75,
)
export type ListKeypairs = z.output<ReturnType<typeof ListKeypairs>>

export const OneKeypair = gatedObject({ user_id: since(10, userId) }, 75)

export const KeypairName = z.object({ name: z.string().min(1).max(255) })

export const KeypairReply = z.object({
  keypair: z.object({
    name: z.string(),
    public_key: z.string(),
    fingerprint: z.string(),
    user_id: z.string(),
  }),
})
export const KeypairsReply = z.object({ keypairs: z.array(KeypairReply) })
