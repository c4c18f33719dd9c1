import { authorize, can } from '@caelum/http'
import { type Ctx, newHexId } from '@caelum/kernel'
import {
  type AccountRules,
  isInactive,
  isStrong,
  passwordExpiresAt,
  type UserOptions,
} from '../../account/rules.ts'
import { domainOf, mergeExtra, mergeOptions, splitExtra } from '../../collection.ts'
import type { Directories } from '../../directory/directories.ts'
import { errors } from '../../errors.ts'
import type { PasswordHasher } from '../../password/hasher.ts'
import type { NewPassword } from '../../password/store.ts'
import { policy } from '../../policy.ts'
import { domainSeen } from '../../rules.ts'
import type { AssignmentService } from '../assignment/service.ts'
import type { ChangeUser, CreateUser, ListUsers } from './schema.ts'
import type { FederatedUser, User, UserStore } from './store.ts'

/** With what is told of one alone. */
export interface ShownUser extends User {
  federated?: FederatedUser | null
}

const FIELDS = [
  'name',
  'description',
  'enabled',
  'domain_id',
  'default_project_id',
  'password',
  'options',
] as const

interface Dependencies {
  store: UserStore
  hasher: PasswordHasher
  assignments: AssignmentService
  rules: AccountRules
  directories: Directories
}

export const userService = (dependencies: Dependencies) => {
  const { store, hasher, assignments, rules, directories } = dependencies

  /** Whoever was not seen for too long counts as disabled. */
  function shown(ctx: Ctx, row: User): User {
    const { last_active_on: lastActiveOn, created_at: createdAt } = row
    const times = { lastActiveOn, createdAt, now: ctx.clock.now() }
    return { ...row, enabled: row.enabled && !isInactive(rules, optionsOf(row), times) }
  }

  async function hashed(password: string): Promise<string> {
    if (!isStrong(rules, password)) throw errors.weakPassword(rules.password_regex_description)
    return hasher.hash(password)
  }

  const set = (ctx: Ctx, hash: string, options: UserOptions): NewPassword => ({
    hash,
    self_service: false,
    expires_at: passwordExpiresAt(rules, options, { chosenBy: 'administrator', at: ctx.clock.now() }),
    keep: rules.unique_last_password_count,
  })

  async function mayChange(ctx: Ctx, operation: string, id: string): Promise<void> {
    const row = await store.get(id)
    const powerful = await assignments.isPowerful(ctx, { kind: 'user', id })
    authorize(policy, ctx, operation, { userId: id, domainId: row?.domain_id, powerful })
    if (row?.source === 'directory') throw errors.readOnlyDirectory()
  }

  return {
    async create(ctx: Ctx, body: CreateUser): Promise<User> {
      const { fields, extra } = splitExtra(body, FIELDS)
      const domainId = fields.domain_id ?? domainOf(ctx)
      authorize(policy, ctx, 'identity:users:create', { domainId })
      if (await directories.isDirectory(domainId)) throw errors.readOnlyDirectory()
      const options = mergeOptions({}, fields.options)
      const hash = typeof fields.password === 'string' ? await hashed(fields.password) : null
      const made = await store.insert(
        {
          id: newHexId(),
          name: fields.name,
          description: fields.description ?? null,
          enabled: fields.enabled ?? true,
          domain_id: domainId,
          default_project_id: fields.default_project_id ?? null,
          options,
          extra,
          created_at: ctx.clock.now(),
        },
        hash === null ? null : set(ctx, hash, options as UserOptions),
      )
      if (made === 'name-taken') throw errors.nameTaken('user', body.name)
      if (made === 'no-domain') throw errors.notFound('domain', domainId)
      return shown(ctx, made)
    },

    async list(ctx: Ctx, query: ListUsers): Promise<User[]> {
      const within = domainSeen(policy, ctx, 'identity:users:list')
      await directories.refreshUsers(within ?? query.domain_id, query.name)
      const rows = await store.list(query, within)
      return rows.map(row => shown(ctx, row))
    },

    async get(ctx: Ctx, id: string): Promise<ShownUser> {
      await directories.refreshUser(id)
      const row = await store.get(id)
      authorize(policy, ctx, 'identity:users:show', { userId: id, domainId: row?.domain_id })
      const user = shown(ctx, found(row, id))
      return user.source === 'federated' ? { ...user, federated: await store.federated(id) } : user
    },

    /** @throws Problem 404 when there is no such user */
    async mustBe(id: string): Promise<void> {
      found(await store.get(id), id)
    },

    async update(ctx: Ctx, id: string, body: ChangeUser): Promise<User> {
      await mayChange(ctx, 'identity:users:update', id)
      const { fields, extra } = splitExtra(body, FIELDS)
      const { options, domain_id, password, ...columns } = fields
      const hash = typeof password === 'string' ? await hashed(password) : password
      const seen = columns.enabled === true && rules.disable_user_account_days_inactive !== null
      const updated = await store.update(
        id,
        row => {
          if (domain_id !== undefined && domain_id !== row.domain_id) throw errors.cannotChange('domain_id')
          return {
            ...columns,
            ...(seen ? { last_active_on: ctx.clock.now() } : {}),
            options: mergeOptions(row.options, options),
            extra: mergeExtra(row.extra, extra),
          }
        },
        row => (typeof hash === 'string' ? set(ctx, hash, optionsOf(row)) : hash),
      )
      if (updated === 'name-taken') throw errors.nameTaken('user', body.name ?? '')
      return shown(ctx, found(updated === 'not-found' ? null : updated, id))
    },

    async remove(ctx: Ctx, id: string): Promise<void> {
      await mayChange(ctx, 'identity:users:delete', id)
      if ((await store.remove(id)) === 'not-found') throw errors.notFound('user', id)
    },

    async listOfGroup(ctx: Ctx, groupId: string, query: ListUsers): Promise<User[]> {
      const within = domainSeen(policy, ctx, 'identity:groups:users:list')
      await directories.refreshGroup(groupId, { members: true })
      return (await store.listOfGroup(groupId, query, within)).map(row => shown(ctx, row))
    },

    async groups(ctx: Ctx, id: string, query: ListUsers) {
      const user = await store.get(id)
      authorize(policy, ctx, 'identity:users:groups', { userId: id, domainId: user?.domain_id })
      found(user, id)
      await directories.refreshUser(id)
      const seesAll = can(policy, ctx, 'identity:users:groups', { userId: id })
      return store.groups(id, query, seesAll ? undefined : user?.domain_id)
    },
  }
}

export type UserService = ReturnType<typeof userService>

const optionsOf = (row: User): UserOptions => row.options as UserOptions

function found(row: User | null, id: string): User {
  if (!row) throw errors.notFound('user', id)
  return row
}
