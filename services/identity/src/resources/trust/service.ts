/**
 * Trusts: a user, the trustor, lends another, the trustee, some of their roles on a project. The trustee asks for a
 * token by the trust, which is the trustee's, or the trustor's when the trust lets them impersonate. All that is lent
 * must still be the trustor's, or there is no token (`token/claims.ts`).
 */
import { authorize, can } from '@caelum/http'
import { type Ctx, newHexId } from '@caelum/kernel'
import { refuseLent } from '../../delegated.ts'
import { errors } from '../../errors.ts'
import { parseExpiry } from '../../expiry.ts'
import { policy } from '../../policy.ts'
import type { AssignmentService } from '../assignment/service.ts'
import type { RoleService } from '../role/service.ts'
import type { Delegation } from '../token/delegation.ts'
import { termsOf } from './redelegation.ts'
import type { CreateTrust, ListTrusts } from './schema.ts'
import type { Loan, Trust, TrustStore } from './store.ts'

interface Dependencies {
  store: TrustStore
  roles: Pick<RoleService, 'refer'>
  assignments: Pick<AssignmentService, 'rolesHeld'>
}

export const trustService = ({ store, roles, assignments }: Dependencies) => {
  /** The trust that the caller acts by; what is made now is made from it. */
  async function lentBy({ caller: { delegation } }: Ctx): Promise<{ row: Trust; holderId: string } | null> {
    if (delegation?.kind !== 'trust') return null
    const [row, loan] = [await store.get(delegation.trustId), await store.loan(delegation.trustId)]
    if (!row || !loan) throw errors.notFound('trust', delegation.trustId)
    return { row, holderId: holderOf(loan) }
  }

  /** @throws Problem 404 when there is none, also to those who may not see it, as in Keystone; 403 */
  async function visible(ctx: Ctx, operation: string, id: string): Promise<Trust> {
    refuseOthers(ctx)
    const row = found(await store.get(id), id)
    const sees = (userId: string) => can(policy, ctx, operation, { userId })
    if (!sees(row.trustee_user_id)) authorize(policy, ctx, operation, { userId: row.trustor_user_id })
    return row
  }

  return {
    async create(ctx: Ctx, body: CreateTrust): Promise<Trust> {
      refuseOthers(ctx)
      authorize(policy, ctx, 'identity:trusts:create', { userId: body.trustor_user_id })
      const { trustor_user_id, trustee_user_id, project_id, impersonation } = body
      if (!project_id) throw errors.badRequest('A trust is for a project; name its project_id.')
      if (!body.roles?.length) throw errors.trustWithoutRole()
      if (!(await store.userExists(trustee_user_id))) throw errors.notFound('user', trustee_user_id)
      const now = ctx.clock.now()
      const roleIds = (await roles.refer(body.roles)).map(role => role.id)
      const from = await lentBy(ctx)
      const held = await assignments.rolesHeld(from?.holderId ?? trustor_user_id, project_id)
      for (const id of roleIds) if (!held.has(id)) throw errors.notFound('role', id)
      if (from && from.row.project_id !== project_id)
        throw errors.redelegationRefused('it is for another project')
      const expiresAt = body.expires_at ? secondOf(parseExpiry(body.expires_at, now)) : null
      const terms = termsOf({ ...body, roleIds, expiresAt }, from && linkOf(from.row))
      const row = await store.insert(
        {
          id: newHexId(),
          trustor_user_id,
          trustee_user_id,
          project_id,
          impersonation,
          remaining_uses: terms.remaining_uses,
          expires_at: terms.expiresAt === null ? null : new Date(terms.expiresAt),
          redelegation_count: terms.redelegation_count,
          redelegated_trust_id: from?.row.id ?? null,
          created_at: now,
        },
        roleIds,
      )
      if (row === 'gone') throw errors.justGone()
      return row
    },

    /** All of them for those who may, else those that one gave or has. */
    async list(ctx: Ctx, query: ListTrusts): Promise<Trust[]> {
      refuseOthers(ctx)
      authorize(policy, ctx, 'identity:trusts:list', {
        userId: query.trustor_user_id ?? query.trustee_user_id,
      })
      return store.list(query)
    },

    /** One that has ended or is used up is not shown. */
    async get(ctx: Ctx, operation: string, id: string): Promise<Trust> {
      const row = await visible(ctx, operation, id)
      const ended = row.expires_at !== null && row.expires_at <= ctx.clock.now()
      return found(ended || row.remaining_uses === 0 ? null : row, id)
    },

    async remove(ctx: Ctx, id: string): Promise<void> {
      refuseOthers(ctx)
      const row = found(await store.get(id), id)
      authorize(policy, ctx, 'identity:trusts:delete', { userId: row.trustor_user_id })
      if (!(await store.remove(id))) throw errors.notFound('trust', id)
    },

    /** @throws Problem 401 when there is no such trust, or none to this user */
    async lend(trusteeId: string, id: string): Promise<Delegation> {
      const loan = await store.loan(id)
      if (loan?.trustee_user_id !== trusteeId) throw errors.unauthenticated()
      const agents = loan.chain.flatMap(([, trustee, trustor]) => [trustee, trustor])
      return {
        kind: 'trust',
        id,
        target: { kind: 'project', ref: { id: loan.project_id } },
        roleIds: loan.role_ids,
        whole: true,
        expiresAt: loan.expires_at?.getTime() ?? null,
        counted: loan.remaining_uses !== null,
        holderId: holderOf(loan),
        agentIds: agents,
        ...(loan.impersonation ? { actsAs: loan.trustor } : {}),
        claims: {
          tr: {
            t: loan.chain.map(([trustId]) => trustId),
            u: agents,
            d: loan.domain_ids,
            ...(loan.impersonation ? { i: 1 } : {}),
          },
        },
      }
    },
  }
}

export type TrustService = ReturnType<typeof trustService>

/** Application credentials and OAuth tokens have nothing to do with trusts; a trust's own token may lend it on. */
const refuseOthers = (ctx: Ctx) => refuseLent(ctx, 'trusts', ({ kind }) => kind === 'trust')

/** whose roles are lent: the trustor of the first trust */
const holderOf = ({ chain }: Loan): string => chain.at(-1)?.[2] ?? ''

const linkOf = ({ redelegation_count, impersonation, expires_at, roles }: Trust) => ({
  redelegation_count,
  impersonation,
  expiresAt: expires_at?.getTime() ?? null,
  roleIds: roles.map(({ role_id }) => role_id),
})

/** microseconds to ms, whole seconds as Keystone keeps them */
const secondOf = (micros: number): number => Math.floor(micros / 1_000_000) * 1_000

function found(row: Trust | null, id: string): Trust {
  if (!row) throw errors.notFound('trust', id)
  return row
}
