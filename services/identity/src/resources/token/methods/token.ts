import type { TokenVerifier } from '@caelum/token'
import { z } from 'zod'
import { delegationOf } from '../delegation.ts'
import type { Method } from './method.ts'

export const TokenBlock = z.object({ id: z.string().min(1) })
type TokenBlock = z.output<typeof TokenBlock>

export const tokenMethod = (verifier: Pick<TokenVerifier, 'verify'>): Method<TokenBlock> => ({
  prove({ id }) {
    const parent = verifier.verify(id)
    const delegation = delegationOf(parent)
    return {
      userId: parent.sub,
      methods: ['token', ...parent.m],
      parent,
      ...(delegation ? { delegation } : {}),
    }
  },
})
