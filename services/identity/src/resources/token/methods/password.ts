import { z } from 'zod'
import { idText } from '../../../collection.ts'
import type { Directories } from '../../../directory/directories.ts'
import type { LoginGuard } from '../../../login/guard.ts'
import { refuse } from '../../../login/refusal.ts'
import type { PasswordHasher } from '../../../password/hasher.ts'
import { Domain } from '../scope.ts'
import type { TokenStore } from '../store.ts'
import { accountOf } from './guessed.ts'
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
  guard: Pick<LoginGuard, 'admitTo'>
  directories: Pick<Directories, 'prove'>
}

export const passwordMethod = ({
  store,
  hasher,
  guard,
  directories,
}: Dependencies): Method<PasswordBlock> => ({
  async prove({ user }) {
    const found = await store.credentials(user)
    const account = accountOf(user, found)
    guard.admitTo(account, found?.user_id ?? null)
    const outside = found?.source === 'local' ? null : await directories.prove(user)
    if (outside) {
      if (outside.userId === null) throw refuse('wrong-secret', found?.user_id ?? null, account)
      return { userId: outside.userId, methods: ['password'], guessable: true }
    }
    const right = await hasher.verify(user.password, found?.hash ?? null)
    if (!found?.password_id || !right) throw refuse('wrong-secret', found?.user_id ?? null, account)
    return { userId: found.user_id, methods: ['password'], passwordId: found.password_id, guessable: true }
  },
})
