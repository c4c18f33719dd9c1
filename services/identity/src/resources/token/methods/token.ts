import { Problem } from '@caelum/kernel'
import type { Claims, TokenVerifier } from '@caelum/token'
import { z } from 'zod'
import { tokenGone } from '../../../login/refusal.ts'
import { delegationOf } from '../delegation.ts'
import type { Proof } from '../proof.ts'
import type { Method } from './method.ts'

export const TokenBlock = z.object({ id: z.string().min(1) })
type TokenBlock = z.output<typeof TokenBlock>

export const tokenMethod = (verifier: Pick<TokenVerifier, 'verify'>): Method<TokenBlock> => ({
  prove({ id }) {
    const parent = known(verifier, id)
    const delegation = delegationOf(parent)
    return {
      userId: parent.sub,
      methods: ['token', ...parent.m],
      parent,
      ...(delegation ? { delegation } : {}),
      ...(parent.fed ? { federated: federatedOf(parent.fed) } : {}),
    }
  },
})

/** @throws Refusal 404, Keystone's answer to a token that is none, or not any more */
function known(verifier: Pick<TokenVerifier, 'verify'>, text: string): Claims {
  try {
    return verifier.verify(text)
  } catch (error) {
    if (error instanceof Problem && error.status === 401) throw tokenGone(null)
    throw error
  }
}

const federatedOf = ({ i, p, g, l }: NonNullable<Claims['fed']>): NonNullable<Proof['federated']> => ({
  providerId: i,
  protocolId: p,
  groupIds: g,
  local: l === 1,
})
