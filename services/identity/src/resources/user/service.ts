import { authorize } from '@caelum/http'
import { type Ctx, newHexId } from '@caelum/kernel'
import { domainOf, mergeExtra, mergeOptions, splitExtra } from '../../collection.ts'
import { errors } from '../../errors.ts'
import type { PasswordHasher } from '../../password/hasher.ts'
import { policy } from '../../policy.ts'
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

export const userService = (store: UserStore, hasher: PasswordHasher) => ({
  async create(ctx: Ctx, body: CreateUser): Promise<User> {
    const { fields, extra } = splitExtra(body, FIELDS)
    const domainId = fields.domain_id ?? domainOf(ctx)
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

  list: (_ctx: Ctx, query: ListUsers): Promise<User[]> => store.list(query),

  async get(ctx: Ctx, id: string): Promise<User> {
    authorize(policy, ctx, 'identity:users:show', { userId: id })
    return found(await store.get(id), id)
  },

  async update(_ctx: Ctx, id: string, body: ChangeUser): Promise<User> {
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

  async remove(_ctx: Ctx, id: string): Promise<void> {
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

  listOfGroup: (_ctx: Ctx, groupId: string, query: ListUsers): Promise<User[]> =>
    store.listOfGroup(groupId, query),

  async groups(ctx: Ctx, id: string, query: ListUsers) {
    authorize(policy, ctx, 'identity:users:groups', { userId: id })
    found(await store.get(id), id)
    return store.groups(id, query)
  },
})

export type UserService = ReturnType<typeof userService>

function found(row: User | null, id: string): User {
  if (!row) throw errors.notFound('user', id)
  return row
}
