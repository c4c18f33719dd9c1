import { z } from 'zod'
import { idText } from '../../../collection.ts'
import { errors } from '../../../errors.ts'
import type { PasswordHasher } from '../../../password/hasher.ts'
import { Domain } from '../scope.ts'
import type { TokenStore } from '../store.ts'
import type { Method } from './method.ts'

export const PasswordBlock = z.object({
  user: z
    .object({
      id: idText.optional(),
      name: idText.optional(),
      domain: Domain.optional(),
      password: z.string(),
    })
    .refine(it => it.id !== undefined || it.name !== undefined, 'id or name must be present')
    .refine(it => it.id !== undefined || it.domain !== undefined, 'a name needs a domain'),
})
type PasswordBlock = z.output<typeof PasswordBlock>

interface Dependencies {
  store: Pick<TokenStore, 'credentials'>
  hasher: PasswordHasher
}

export const passwordMethod = ({ store, hasher }: Dependencies): Method<PasswordBlock> => ({
  async prove({ user }) {
    const found = await store.credentials(user)
    const right = await hasher.verify(user.password, found?.hash ?? null)
    if (!found?.password_id || !right) throw errors.unauthenticated()
    return { userId: found.user_id, methods: ['password'], passwordId: found.password_id }
  },
})
