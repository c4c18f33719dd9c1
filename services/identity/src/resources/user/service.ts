import { authorize, can } from '@caelum/http'
import { type Ctx, newHexId } from '@caelum/kernel'
import { domainOf, mergeExtra, mergeOptions, splitExtra } from '../../collection.ts'
import { errors } from '../../errors.ts'
import type { PasswordHasher } from '../../password/hasher.ts'
import { policy } from '../../policy.ts'
import { domainSeen } from '../../rules.ts'
import type { AssignmentService } from '../assignment/service.ts'
import type { ChangePassword, ChangeUser, CreateUser, ListUsers } from './schema.ts'
import type { User, UserStore } from './store.ts'

const FIELDS = [
  'name',
  'description',
  'enabled',
  'domain_id',
  'default_project_id',
  'password',
  'options',
] as const

export const userService = (store: UserStore, hasher: PasswordHasher, assignments: AssignmentService) => {
  async function mayChange(ctx: Ctx, operation: string, id: string): Promise<void> {
    const row = await store.get(id)
    const powerful = await assignments.isPowerful(ctx, { kind: 'user', id })
    authorize(policy, ctx, operation, { userId: id, domainId: row?.domain_id, powerful })
  }

  return {
    async create(ctx: Ctx, body: CreateUser): Promise<User> {
      const { fields, extra } = splitExtra(body, FIELDS)
      const domainId = fields.domain_id ?? domainOf(ctx)
      authorize(policy, ctx, 'identity:users:create', { domainId })
      const made = await store.insert(
        {
          id: newHexId(),
          name: fields.name,
          description: fields.description ?? null,
          enabled: fields.enabled ?? true,
          domain_id: domainId,
          default_project_id: fields.default_project_id ?? null,
          options: mergeOptions({}, fields.options),
          extra,
          created_at: ctx.clock.now(),
        },
        typeof fields.password === 'string' ? await hasher.hash(fields.password) : null,
      )
      if (made === 'name-taken') throw errors.nameTaken('user', body.name)
      if (made === 'no-domain') throw errors.notFound('domain', domainId)
      return made
    },

    list: (ctx: Ctx, query: ListUsers): Promise<User[]> =>
      store.list(query, domainSeen(policy, ctx, 'identity:users:list')),

    async get(ctx: Ctx, id: string): Promise<User> {
      const row = await store.get(id)
      authorize(policy, ctx, 'identity:users:show', { userId: id, domainId: row?.domain_id })
      return found(row, id)
    },

    /** @throws Problem 404 when there is no such user */
    async mustBe(id: string): Promise<void> {
      found(await store.get(id), id)
    },

    async update(ctx: Ctx, id: string, body: ChangeUser): Promise<User> {
      await mayChange(ctx, 'identity:users:update', id)
      const { fields, extra } = splitExtra(body, FIELDS)
      const { options, domain_id, password, ...columns } = fields
      const updated = await store.update(
        id,
        row => {
          if (domain_id !== undefined && domain_id !== row.domain_id) throw errors.cannotChange('domain_id')
          return {
            ...columns,
            options: mergeOptions(row.options, options),
            extra: mergeExtra(row.extra, extra),
          }
        },
        typeof password === 'string' ? await hasher.hash(password) : password,
      )
      if (updated === 'name-taken') throw errors.nameTaken('user', body.name ?? '')
      return found(updated === 'not-found' ? null : updated, id)
    },

    async remove(ctx: Ctx, id: string): Promise<void> {
      await mayChange(ctx, 'identity:users:delete', id)
      if ((await store.remove(id)) === 'not-found') throw errors.notFound('user', id)
    },

    /** Whoever knows the old password may; every token of the user ends with it. */
    async changePassword(id: string, { original_password, password }: ChangePassword): Promise<void> {
      const current = await store.password(id)
      const right = await hasher.verify(original_password, current?.hash ?? null)
      if (!current || !right) throw errors.wrongPassword()
      const outcome = await store.changePassword(id, current.id, await hasher.hash(password))
      if (outcome === 'lost-race') throw errors.wrongPassword()
    },

    listOfGroup: (ctx: Ctx, groupId: string, query: ListUsers): Promise<User[]> =>
      store.listOfGroup(groupId, query, domainSeen(policy, ctx, 'identity:groups:users:list')),

    async groups(ctx: Ctx, id: string, query: ListUsers) {
      const user = await store.get(id)
      authorize(policy, ctx, 'identity:users:groups', { userId: id, domainId: user?.domain_id })
      found(user, id)
      const seesAll = can(policy, ctx, 'identity:users:groups', { userId: id })
      return store.groups(id, query, seesAll ? undefined : user?.domain_id)
    },
  }
}

export type UserService = ReturnType<typeof userService>

function found(row: User | null, id: string): User {
  if (!row) throw errors.notFound('user', id)
  return row
}
