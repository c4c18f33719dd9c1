import type { Ctx } from '@caelum/kernel'
import type { FastifyRequest } from 'fastify'
import type { Proof } from '../proof.ts'
import type { Authenticate } from '../schema.ts'

/**
 * One way to prove who one is (keystone/auth/plugins). It has a file of its own here, which exports the schema of its
 * block of `auth.identity` and a function that makes it; `../schema.ts` and `deps.ts` name it.
 */
export interface Method<Block> {
  /** @throws Problem 401 `errors.unauthenticated()` for every refusal, after the same work */
  prove(block: Block, asked: Asked): Promise<Proof> | Proof
}

/** The request, for methods that look beyond their block. */
export interface Asked {
  ctx: Ctx
  request: FastifyRequest
}

type Identity = Omit<Authenticate['identity'], 'methods'>
/** The block of each method. */
export type Blocks = { [Name in keyof Identity]-?: NonNullable<Identity[Name]> }
/** Every method by its name in `auth.identity.methods`. */
export type Methods = { readonly [Name in keyof Blocks]: Method<Blocks[Name]> }
