/**
 * Application credentials: a user lends some of their roles, on the project or the system of their token, to a
 * program, which logs in by a secret. They give nothing by themselves: at every login the roles lent are compared with
 * those the user still has (`token/claims.ts`), so whatever takes a right from the user takes it from the program.
 */
import { authorize } from '@caelum/http'
import { type Ctx, newHexId } from '@caelum/kernel'
import { refuseLent } from '../../delegated.ts'
import { errors } from '../../errors.ts'
import { parseExpiry } from '../../expiry.ts'
import type { PasswordHasher } from '../../password/hasher.ts'
import { policy } from '../../policy.ts'
import { accessRuleId } from '../access-rule/id.ts'
import type { AssignmentService } from '../assignment/service.ts'
import type { RoleRef } from '../role/schema.ts'
import type { RoleService } from '../role/service.ts'
import type { AccessRuleRef, CreateApplicationCredential, ListApplicationCredentials } from './schema.ts'
import { isSecret, keepSecret } from './secret.ts'
import type {
  AccessRule,
  ApplicationCredential,
  ApplicationCredentialStore,
  Login,
  LoginRef,
  Role,
} from './store.ts'

/** Bytes of JSON; what is left of a token, 8192 characters of base64, is for roles and names. */
const LONGEST_RULES = 4_000

interface Dependencies {
  store: ApplicationCredentialStore
  roles: Pick<RoleService, 'refer'>
  assignments: Pick<AssignmentService, 'rolesHeld'>
  hasher: PasswordHasher
}

export const applicationCredentialService = ({ store, roles, assignments, hasher }: Dependencies) => {
  /** ids of the roles asked for, of those that there are to lend; all of these when none are asked for */
  async function rolesToLend(ctx: Ctx, projectId: string | null, asked: readonly RoleRef[] = []) {
    const held = await rolesHeld(ctx, projectId)
    const chosen = asked.length > 0 ? await roles.refer(asked) : held
    for (const role of chosen) if (!held.some(({ id }) => id === role.id)) throw errors.roleNotHeld(role.name)
    return chosen.map(role => role.id)
  }

  /** The user's own as they are now; or those of the application credential that makes another. */
  async function rolesHeld({ caller }: Ctx, projectId: string | null): Promise<Role[]> {
    if (caller.delegation) return roles.refer([...caller.roles].map(name => ({ name })))
    const ids = await assignments.rolesHeld(caller.userId, projectId)
    return (await roles.refer([...ids].map(id => ({ id })))).filter(role => role.domain_id === '')
  }

  async function rulesToSet(userId: string, asked: readonly AccessRuleRef[] = []): Promise<AccessRule[]> {
    const named = asked.flatMap(rule => ('service' in rule ? [] : rule.id))
    const known = new Map((await store.accessRules(userId, named)).map(row => [row.id, row]))
    const rules = asked.map(rule => {
      if ('service' in rule) {
        const { service, method, path } = rule
        return { id: accessRuleId(userId, rule), user_id: userId, service, method, path }
      }
      const row = known.get(rule.id)
      if (!row) throw errors.notFound('access rule', rule.id)
      return row
    })
    const distinct = [...new Map(rules.map(rule => [rule.id, rule])).values()]
    const inToken = JSON.stringify(distinct.map(({ service, method, path }) => [service, method, path]))
    const bytes = Buffer.byteLength(inToken)
    if (bytes > LONGEST_RULES) throw errors.tooManyAccessRules(bytes, LONGEST_RULES)
    return distinct
  }

  return {
    /** @returns also the secret, which nobody sees again */
    async create(
      ctx: Ctx,
      userId: string,
      body: CreateApplicationCredential,
    ): Promise<{ row: ApplicationCredential; secret: string }> {
      authorize(policy, ctx, 'identity:application_credentials:create', { userId })
      refuseRestricted(ctx)
      const project_id = placeOf(ctx)
      const now = ctx.clock.now()
      const expires = body.expires_at ? BigInt(parseExpiry(body.expires_at, now)) : null
      const [roleIds, accessRules] = [
        await rolesToLend(ctx, project_id, body.roles),
        await rulesToSet(userId, body.access_rules),
      ]
      const { secret, hash } = await keepSecret(body.secret, hasher)
      const row = await store.insert(
        {
          id: newHexId(),
          user_id: userId,
          project_id,
          name: body.name,
          description: body.description ?? null,
          secret_hash: hash,
          unrestricted: body.unrestricted ?? false,
          expires_at_us: expires,
          created_at: now,
        },
        { roleIds, accessRules },
      )
      if (row === 'name-taken') throw errors.nameTaken('application credential', body.name)
      if (row === 'gone') throw errors.justGone()
      return { row, secret }
    },

    async list(
      ctx: Ctx,
      userId: string,
      query: ListApplicationCredentials,
    ): Promise<ApplicationCredential[]> {
      authorize(policy, ctx, 'identity:application_credentials:list', { userId })
      refuseBorrowed(ctx)
      return store.list(userId, query)
    },

    async get(ctx: Ctx, userId: string, id: string): Promise<ApplicationCredential> {
      authorize(policy, ctx, 'identity:application_credentials:show', { userId })
      refuseBorrowed(ctx)
      const row = await store.get(userId, id)
      if (!row) throw errors.notFound('application credential', id)
      return row
    },

    async remove(ctx: Ctx, userId: string, id: string): Promise<void> {
      authorize(policy, ctx, 'identity:application_credentials:delete', { userId })
      refuseRestricted(ctx)
      if (!(await store.remove(userId, id))) throw errors.notFound('application credential', id)
    },

    /** Null for a wrong secret as for no such credential, after the same time. Whether it has expired is not looked at. */
    async login(ref: LoginRef, secret: string): Promise<Login | null> {
      const found = await store.login(ref)
      return (await isSecret(secret, found?.secret_hash ?? null, hasher)) ? found : null
    },
  }
}

export type ApplicationCredentialService = ReturnType<typeof applicationCredentialService>

/** keystone/api/users.py, _check_unrestricted_application_credential */
const refuseRestricted = (ctx: Ctx) =>
  refuseLent(ctx, 'application credentials', it => it.kind === 'application-credential' && it.unrestricted)
/** keystone/api/users.py, _block_delegated_token_app_creds */
const refuseBorrowed = (ctx: Ctx) =>
  refuseLent(ctx, 'application credentials', it => it.kind === 'application-credential')

/** @returns the project; null: the system */
function placeOf({ caller: { scope } }: Ctx): string | null {
  if (scope.kind === 'project') return scope.projectId
  if (scope.kind === 'system') return null
  throw errors.nothingToLend()
}
