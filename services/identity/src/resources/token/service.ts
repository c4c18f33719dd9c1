/**
 * Issuing a token, step by step:
 *
 *   methods prove who it is (`methods/`) → one proof (`proof.ts`), by lent rights if by a trust → the facts, read under
 *   the lock that keeps revocations honest (`store.ts`, `revocation/store.ts`) → what the account asks (`account.ts`)
 *   → do the rights still stand that are lent (`delegation.ts`) → is there a right to the scope → claims
 *   (`claims.ts`) → sign.
 *
 * Every refusal is the same 401, after the same work.
 */
import { authorize } from '@caelum/http'
import { type Ctx, Problem, problems } from '@caelum/kernel'
import {
  type Claims,
  issuedAtMs,
  LONGEST_TOKEN,
  signToken,
  subject,
  subjectsOf,
  type TokenVerifier,
} from '@caelum/token'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import type { KeyRing } from '../../signing/key-ring.ts'
import type { TrustService } from '../trust/service.ts'
import { checkAccount } from './account.ts'
import { claimsOf } from './claims.ts'
import { checkDelegation } from './delegation.ts'
import type { Asked, Blocks, Methods } from './methods/method.ts'
import { agreeing, type Proof } from './proof.ts'
import type { Authenticate } from './schema.ts'
import { type Scope, targetOf } from './scope.ts'
import type { Facts, FactsQuery, Target, TokenStore } from './store.ts'

export type TokenService = ReturnType<typeof tokenService>

interface Dependencies {
  store: TokenStore
  methods: Methods
  trusts: Pick<TrustService, 'lend'>
  keys: KeyRing
  verifier: Pick<TokenVerifier, 'verify'>
  /** seconds */
  ttlS: number
}

export const tokenService = ({ store, methods, trusts, keys, verifier, ttlS }: Dependencies) => {
  async function prove(asked: Asked, identity: Authenticate['identity']): Promise<Proof> {
    const names = [...new Set(identity.methods)]
    if (!names.every(isMethod)) throw errors.unsupportedMethod()
    const proofs: Proof[] = []
    for (const name of names) proofs.push(await proveBy(name, asked, identity))
    return agreeing(proofs)
  }

  const isMethod = (name: string): name is keyof Methods => Object.hasOwn(methods, name)

  function proveBy<Name extends keyof Methods>(name: Name, asked: Asked, identity: Authenticate['identity']) {
    const block = identity[name] as Blocks[Name] | undefined
    if (!block) throw problems.badRequest(`Expecting to find ${name} in identity.`)
    return methods[name].prove(block, asked)
  }

  /** What is to be read for a token; without a target it may become one for the default project. */
  function queryOf({ userId, parent, delegation, bound }: Proof, scope: Scope | undefined): FactsQuery {
    const own = bound && !scope ? { project: { id: bound.projectId } } : scope
    return {
      userId,
      target: delegation?.target ?? (own ? targetOf(own) : null),
      parent: parent ? { subjects: subjectsOf(parent), issuedAt: issuedAtMs(parent) } : null,
      keyPairId: bound?.credentialId ?? null,
      delegation: delegation ?? null,
    }
  }

  /** @throws Problem 401 when the facts do not bear the proof out, or give no right to the scope */
  function judge(proof: Proof, target: Target | null, facts: Facts | null): { claims: Claims; kid: string } {
    if (!facts) throw errors.unauthenticated()
    checkAccount(proof, facts)
    checkDelegation(proof, facts)
    if (target && !isThere(target, facts)) throw errors.unauthenticated()
    if (proof.bound && proof.bound.projectId !== facts.target?.id) throw errors.unauthenticated()
    const claims = claimsOf(proof, facts, { ttlS, system: target?.kind === 'system' })
    if ((claims.p || claims.d || claims.sys) && claims.r.length === 0) throw errors.unauthenticated()
    return { claims, kid: facts.kid }
  }

  /** keystone/api/_shared/authentication.py: the default project where there is a right to it, else no scope. */
  async function byDefault(base: FactsQuery): Promise<Facts | null> {
    const facts = await store.facts(base)
    if (!facts?.default_project_id) return facts
    const target = { kind: 'project' as const, ref: { id: facts.default_project_id } }
    const there = await store.facts({ ...base, target })
    return there && isThere(target, there) ? there : facts
  }

  function known(text: string): Claims {
    try {
      return verifier.verify(text)
    } catch (error) {
      if (error instanceof Problem && error.status === 401) throw errors.tokenNotFound()
      throw error
    }
  }

  /** @throws Problem 401 when the proof gives no right to the scope, 403 when the roles fit into no token */
  async function grant(proof: Proof, scope?: Scope): Promise<{ text: string; claims: Claims }> {
    const query = queryOf(proof, scope)
    const judged = (facts: Facts | null) => judge(proof, query.target, facts)
    const { claims, kid } = proof.delegation?.counted
      ? await store.factsSpending(query, proof.delegation.id, judged)
      : judged(await (query.target || scope ? store.facts(query) : byDefault(query)))
    const text = signToken(claims, await keys.key(kid))
    if (text.length > LONGEST_TOKEN) throw errors.tooManyRoles(claims.r.length)
    return { text, claims }
  }

  return {
    /**
     * @throws Problem 401 for every refusal, 400 for a malformed request, 403 when the roles fit into no token, 503
     * when too many logins wait
     */
    async issue(asked: Asked, auth: Authenticate): Promise<{ text: string; claims: Claims }> {
      const proof = await prove(asked, auth.identity)
      if (proof.delegation && auth.scope) throw errors.scopeIsLent()
      const trust = auth.scope?.['OS-TRUST:trust']
      if (!trust) return grant(proof, auth.scope)
      if (proof.bound) throw errors.unauthenticated()
      return grant({ ...proof, delegation: await trusts.lend(proof.userId, trust.id) }, auth.scope)
    },

    grant,

    /** @throws Problem 404 when it is no token, or not any more; 403 when it is somebody else's */
    read(ctx: Ctx, operation: string, text: string): Claims {
      const claims = known(text)
      authorize(policy, ctx, operation, { userId: claims.sub })
      return claims
    },

    async revoke(ctx: Ctx, text: string): Promise<void> {
      const claims = this.read(ctx, 'identity:tokens:revoke', text)
      await store.revoke([subject.token(claims.aid[0] ?? '')])
    },
  }
}

/** Is it enabled, of the kind asked for, and has the user a role there? */
function isThere({ kind }: Target, { target, role_ids }: Facts): boolean {
  const there = kind === 'system' || (target?.enabled && target.is_domain === (kind === 'domain'))
  return Boolean(there) && role_ids.length > 0
}
