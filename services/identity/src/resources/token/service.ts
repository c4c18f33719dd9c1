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
  readReceipt,
  signToken,
  subject,
  subjectsOf,
  type TokenVerifier,
  type Trust,
} from '@caelum/token'
import type { AccountRules } from '../../account/rules.ts'
import type { Directories } from '../../directory/directories.ts'
import { errors } from '../../errors.ts'
import { type Asker, askerOf, type LoginGuard } from '../../login/guard.ts'
import { refuse } from '../../login/refusal.ts'
import { policy } from '../../policy.ts'
import type { KeyRing } from '../../signing/key-ring.ts'
import type { TrustService } from '../trust/service.ts'
import { checkAccount } from './account.ts'
import { claimsOf } from './claims.ts'
import { checkDelegation, checkScope } from './delegation.ts'
import type { Asked, Blocks, Methods } from './methods/method.ts'
import { agreeing, type Proof } from './proof.ts'
import { ReceiptNeeded } from './receipt.ts'
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
  trust: Pick<Trust, 'keyOf'>
  guard: LoginGuard
  directories: Pick<Directories, 'freshen'>
  rules: AccountRules
  /** seconds */
  ttlS: number
}

export const tokenService = (dependencies: Dependencies) => {
  const { store, methods, trusts, keys, verifier, trust, guard, directories, rules, ttlS } = dependencies

  async function prove(asked: Asked, identity: Authenticate['identity']): Promise<Proof> {
    const names = [...new Set(identity.methods)]
    if (!names.every(isMethod)) throw errors.unsupportedMethod()
    const proofs: Proof[] = []
    for (const name of names) proofs.push(await proveBy(name, asked, identity))
    return withReceipt(agreeing(proofs), asked.request.headers['openstack-auth-receipt'])
  }

  /** @throws Problem 401 when there is a receipt, and it is not one of this user */
  function withReceipt(proof: Proof, text: unknown): Proof {
    if (text === undefined) return proof
    const receipt = typeof text === 'string' ? readReceipt(text, trust) : null
    if (receipt?.sub !== proof.userId) throw refuse('refused', proof.userId)
    return { ...proof, receipt, methods: [...new Set([...proof.methods, ...receipt.m])] }
  }

  const isMethod = (name: string): name is keyof Methods => Object.hasOwn(methods, name)

  function proveBy<Name extends keyof Methods>(name: Name, asked: Asked, identity: Authenticate['identity']) {
    const block = identity[name] as Blocks[Name] | undefined
    if (!block) throw problems.badRequest(`Expecting to find ${name} in identity.`)
    return methods[name].prove(block, asked)
  }

  /** What is to be read for a token; without a target it may become one for the default project. */
  function queryOf(proof: Proof, scope: Scope | undefined): FactsQuery {
    const { userId, delegation, federated } = proof
    return {
      userId,
      target: delegation?.target ?? (scope ? targetOf(scope) : null),
      parent: origin(proof),
      federated: federated?.version === undefined ? null : { ...federated, version: federated.version },
      delegation: delegation ?? null,
    }
  }

  /** @throws Problem 401 when the facts do not bear the proof out, or give no right to the scope */
  function judge(proof: Proof, target: Target | null, facts: Facts | null): Judged {
    if (!facts) throw errors.unauthenticated()
    checkAccount(proof, facts, { rules, isMethod })
    checkDelegation(proof, facts)
    if (target && !isThere(target, facts)) throw refuse('no-right-to-scope', proof.userId)
    const claims = claimsOf(proof, facts, { ttlS, system: target?.kind === 'system' })
    if ((claims.p || claims.d || claims.sys) && claims.r.length === 0) throw errors.unauthenticated()
    return { claims, kid: facts.kid, failed: facts.failed }
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
    const { holderId, agentIds = [] } = proof.delegation ?? {}
    await directories.freshen([proof.userId, ...(holderId ? [holderId] : []), ...agentIds])
    const query = queryOf(proof, scope)
    const judged = (facts: Facts | null) => judge(proof, query.target, facts)
    const { claims, kid, failed } = proof.delegation?.counted
      ? await store.factsSpending(query, proof.delegation.id, judged)
      : judged(await (query.target || scope ? store.facts(query) : byDefault(query)))
    const text = signToken(claims, await keys.key(kid))
    if (text.length > LONGEST_TOKEN) throw errors.tooManyRoles(claims.r.length)
    if (proof.guessable) await guard.succeeded(proof.userId, failed)
    if (proof.guessable && rules.disable_user_account_days_inactive !== null)
      await store.markActive(proof.userId)
    return { text, claims }
  }

  /** A refusal is counted and written down before it is answered. */
  async function remembered<T>(asker: Asker, login: () => Promise<T>): Promise<T> {
    try {
      return await login()
    } catch (error) {
      if (error instanceof ReceiptNeeded) throw error.sign(await keys.key(error.kid))
      await guard.refused(asker, error)
      throw error
    }
  }

  async function byMethods(asked: Asked, auth: Authenticate): Promise<{ text: string; claims: Claims }> {
    const proof = await prove(asked, auth.identity)
    checkScope(proof, auth.scope)
    const trust = auth.scope?.['OS-TRUST:trust']
    if (!trust) return grant(proof, auth.scope)
    return grant({ ...proof, delegation: await trusts.lend(proof.userId, trust.id) }, auth.scope)
  }

  return {
    /**
     * @throws Problem 401 for every refusal, 400 for a malformed request, 403 when the roles fit into no token, 503
     * when too many logins wait
     */
    issue(asked: Asked, auth: Authenticate): Promise<{ text: string; claims: Claims }> {
      const asker = askerOf(asked.request)
      return remembered(asker, async () => {
        if (auth.identity.methods.some(isGuessable)) guard.admit(asker)
        return byMethods(asked, auth)
      })
    },

    /** For whoever is proven in another way than by the methods. */
    issueFor: (asker: Asker, proven: Promise<Proof>): Promise<{ text: string; claims: Claims }> =>
      remembered(asker, async () => grant(await proven)),

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

interface Judged {
  claims: Claims
  kid: string
  failed: Facts['failed']
}

/** Methods whose secret can be guessed: not from an address with too many wrong guesses. */
const isGuessable = (method: string): boolean => method !== 'token'

/** What the token is made from, whose revocation in the meantime is the end of it. */
function origin({ parent, receipt }: Proof): FactsQuery['parent'] {
  const from = [
    ...(parent ? [{ subjects: subjectsOf(parent), issuedAt: issuedAtMs(parent) }] : []),
    ...(receipt ? [{ subjects: [subject.user(receipt.sub)], issuedAt: Math.round(receipt.iat * 1000) }] : []),
  ]
  if (from.length === 0) return null
  return { subjects: from.flatMap(it => it.subjects), issuedAt: Math.min(...from.map(it => it.issuedAt)) }
}

/** Is it enabled, of the kind asked for, and has the user a role there? */
function isThere({ kind }: Target, { target, role_ids }: Facts): boolean {
  const there = kind === 'system' || (target?.enabled && target.is_domain === (kind === 'domain'))
  return Boolean(there) && role_ids.length > 0
}
