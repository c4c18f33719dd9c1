/**
 * Issuing a token: who is it (a password, or another token), what may they do there (the facts, read under the lock
 * that keeps revocations honest: `revocation/store.ts`), sign. Every refusal is the same 401, after the same work.
 */
import { randomBytes } from 'node:crypto'
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
import type { PasswordHasher } from '../../password/hasher.ts'
import { policy } from '../../policy.ts'
import type { KeyRing } from '../../signing/key-ring.ts'
import { inferRoles } from '../role/infer.ts'
import type { Authenticate, Scope } from './schema.ts'
import type { Facts, FactsQuery, TokenStore } from './store.ts'

export type TokenService = ReturnType<typeof tokenService>

interface Dependencies {
  store: TokenStore
  hasher: PasswordHasher
  keys: KeyRing
  verifier: Pick<TokenVerifier, 'verify'>
  /** seconds */
  ttlS: number
}

/** Who asks for a token, proven. */
interface Proof {
  userId: string
  methods: string[]
  /** the password that was checked */
  passwordId?: string
  /** the token this one is made from */
  parent?: Claims
}

export const tokenService = ({ store, hasher, keys, verifier, ttlS }: Dependencies) => {
  async function prove({ identity }: Authenticate): Promise<Proof> {
    const methods = [...new Set(identity.methods)]
    if (methods.some(method => method !== 'password' && method !== 'token')) throw errors.unsupportedMethod()
    const proofs: Proof[] = []
    for (const method of methods) {
      if (!identity[method as 'password' | 'token'])
        throw problems.badRequest(`Expecting to find ${method} in identity.`)
      proofs.push(method === 'password' ? await byPassword(identity) : byToken(identity))
    }
    return agreeing(proofs)
  }

  async function byPassword({ password }: Authenticate['identity']): Promise<Proof> {
    if (!password) throw errors.unauthenticated()
    const found = await store.credentials(password.user)
    const right = await hasher.verify(password.user.password, found?.hash ?? null)
    if (!found?.password_id || !right) throw errors.unauthenticated()
    return { userId: found.user_id, methods: ['password'], passwordId: found.password_id }
  }

  function byToken({ token }: Authenticate['identity']): Proof {
    const parent = verifier.verify(token?.id ?? '')
    return { userId: parent.sub, methods: ['token', ...parent.m], parent }
  }

  /** @throws Problem 401 when the facts do not bear the proof out, or give no right to the scope */
  async function factsFor(proof: Proof, scope: Scope | undefined): Promise<Facts> {
    const parent = proof.parent
    const base: FactsQuery = {
      userId: proof.userId,
      target: null,
      parent: parent ? { subjects: subjectsOf(parent), issuedAt: issuedAtMs(parent) } : null,
    }
    const facts = scope ? await scoped(base, scope) : await byDefault(base)
    if (!facts?.user.enabled || facts.revoked) throw errors.unauthenticated()
    if (proof.passwordId && proof.passwordId !== facts.password_id) throw errors.unauthenticated()
    return facts
  }

  async function scoped(base: FactsQuery, scope: Scope): Promise<Facts | null> {
    const target = targetOf(scope)
    const facts = await store.facts({ ...base, target })
    if (!target || !facts) return facts
    const there =
      target.kind === 'system' ||
      (facts.target?.enabled && facts.target.is_domain === (target.kind === 'domain'))
    if (!there || facts.role_ids.length === 0) throw errors.unauthenticated()
    return facts
  }

  /** keystone/api/_shared/authentication.py: the default project where there is a right to it, else no scope. */
  async function byDefault(base: FactsQuery): Promise<Facts | null> {
    const facts = await store.facts(base)
    if (!facts?.default_project_id) return facts
    const target = { kind: 'project' as const, ref: { id: facts.default_project_id } }
    const there = await store.facts({ ...base, target })
    return there?.target?.enabled && !there.target.is_domain && there.role_ids.length > 0 ? there : facts
  }

  function known(text: string): Claims {
    try {
      return verifier.verify(text)
    } catch (error) {
      if (error instanceof Problem && error.status === 401) throw errors.tokenNotFound()
      throw error
    }
  }

  return {
    /**
     * @throws Problem 401 for every refusal, 400 for a malformed request, 403 when the roles fit into no token, 503
     * when too many logins wait
     */
    async issue(auth: Authenticate): Promise<{ text: string; claims: Claims }> {
      const proof = await prove(auth)
      const facts = await factsFor(proof, auth.scope)
      const claims = claimsOf(proof, facts, { ttlS, system: auth.scope?.system !== undefined })
      if ((claims.p || claims.d || claims.sys) && claims.r.length === 0) throw errors.unauthenticated()
      const text = signToken(claims, await keys.key(facts.kid))
      if (text.length > LONGEST_TOKEN) throw errors.tooManyRoles(claims.r.length)
      return { text, claims }
    },

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

function targetOf({ project, domain, system }: Scope): FactsQuery['target'] {
  if (project) return { kind: 'project', ref: project }
  if (domain) return { kind: 'domain', ref: domain }
  return system ? { kind: 'system' } : null
}

/** Several methods must prove the same user; the token with the nearest end bounds the new one. */
function agreeing(proofs: readonly Proof[]): Proof {
  const [first] = proofs
  if (!first || proofs.some(proof => proof.userId !== first.userId)) throw errors.unauthenticated()
  const merged = Object.assign({}, ...proofs) as Proof
  return { ...merged, methods: [...new Set(proofs.flatMap(proof => proof.methods))] }
}

function claimsOf(proof: Proof, facts: Facts, { ttlS, system }: { ttlS: number; system: boolean }): Claims {
  const { user, target } = facts
  const issuedAt = facts.at / 1000
  const roles = new Map(facts.roles.map(([id, name, domainId]) => [id, { name, domainId }]))
  const auditId = randomBytes(16).toString('base64url')
  const chain = proof.parent?.aid.at(-1)
  return {
    sub: user.id,
    un: user.name,
    ud: [user.domain_id, user.domain_name],
    ...(target && !target.is_domain
      ? { p: [target.id, target.name, target.domain_id, target.domain_name] as const }
      : {}),
    ...(target?.is_domain ? { d: [target.id, target.name] as const } : {}),
    ...(system ? { sys: 1 as const } : {}),
    r: target || system ? inferRoles(facts.role_ids, facts.implications, roles) : [],
    m: proof.methods,
    aid: chain ? [auditId, chain] : [auditId],
    iat: issuedAt,
    exp: proof.parent?.exp ?? Math.floor(issuedAt + ttlS),
  } as Claims
}
