import { type Ctx, newHexId } from '@caelum/kernel'
import { domainOf, mergeExtra, splitExtra } from '../../collection.ts'
import { errors } from '../../errors.ts'
import type { ChangeGroup, CreateGroup, ListGroups } from './schema.ts'
import type { Group, GroupStore } from './store.ts'

const FIELDS = ['name', 'description', 'domain_id'] as const

export const groupService = (store: GroupStore) => ({
  async create(ctx: Ctx, body: CreateGroup): Promise<Group> {
    const { fields, extra } = splitExtra(body, FIELDS)
    const domainId = fields.domain_id ?? domainOf(ctx)
    const made = await store.insert({
      id: newHexId(),
      name: fields.name,
      description: fields.description ?? '',
      domain_id: domainId,
      extra,
      created_at: ctx.clock.now(),
    })
    if (made === 'name-taken') throw errors.nameTaken('group', body.name)
    if (made === 'no-domain') throw errors.notFound('domain', domainId)
    return made
  },

  list: (_ctx: Ctx, query: ListGroups): Promise<Group[]> => store.list(query),

  async get(_ctx: Ctx, id: string): Promise<Group> {
    return found(await store.get(id), id)
  },

  async update(_ctx: Ctx, id: string, body: ChangeGroup): Promise<Group> {
    const { fields, extra } = splitExtra(body, FIELDS)
    const { domain_id, ...columns } = fields
    const updated = await store.update(id, row => {
      if (domain_id !== undefined && domain_id !== row.domain_id) throw errors.cannotChange('domain_id')
      return { ...columns, extra: mergeExtra(row.extra, extra) }
    })
    if (updated === 'name-taken') throw errors.nameTaken('group', body.name ?? '')
    return found(updated === 'not-found' ? null : updated, id)
  },

  async remove(_ctx: Ctx, id: string): Promise<void> {
    if ((await store.remove(id)) === 'not-found') throw errors.notFound('group', id)
  },

  async addUser(_ctx: Ctx, id: string, userId: string): Promise<void> {
    found(await store.get(id), id)
    if ((await store.addUser(id, userId)) === 'not-found') throw errors.notFound('user', userId)
  },

  async checkUser(_ctx: Ctx, id: string, userId: string): Promise<void> {
    if (!(await store.hasUser(id, userId))) throw errors.notFound('user in the group', userId)
  },

  async removeUser(_ctx: Ctx, id: string, userId: string): Promise<void> {
    if (!(await store.removeUser(id, userId))) throw errors.notFound('user in the group', userId)
  },
})

export type GroupService = ReturnType<typeof groupService>

function found(row: Group | null, id: string): Group {
  if (!row) throw errors.notFound('group', id)
  return row
}
