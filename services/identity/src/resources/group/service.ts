import { authorize } from '@caelum/http'
import { type Ctx, newHexId } from '@caelum/kernel'
import { domainOf, mergeExtra, splitExtra } from '../../collection.ts'
import type { Directories } from '../../directory/directories.ts'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import { domainSeen } from '../../rules.ts'
import type { AssignmentService } from '../assignment/service.ts'
import type { ChangeGroup, CreateGroup, ListGroups } from './schema.ts'
import type { Group, GroupStore } from './store.ts'

const FIELDS = ['name', 'description', 'domain_id'] as const

export const groupService = (store: GroupStore, assignments: AssignmentService, directories: Directories) => {
  async function allowed(ctx: Ctx, operation: string, id: string, userId?: string): Promise<Group> {
    const row = await store.get(id)
    const powerful = await assignments.isPowerful(ctx, { kind: 'group', id })
    const actorDomainId = userId === undefined ? undefined : await store.domainOfUser(userId)
    authorize(policy, ctx, operation, { domainId: row?.domain_id, actorDomainId, powerful })
    return found(row, id)
  }

  async function mayChange(ctx: Ctx, operation: string, id: string, userId?: string): Promise<void> {
    if ((await allowed(ctx, operation, id, userId)).source === 'directory') throw errors.readOnlyDirectory()
  }

  return {
    async create(ctx: Ctx, body: CreateGroup): Promise<Group> {
      const { fields, extra } = splitExtra(body, FIELDS)
      const domainId = fields.domain_id ?? domainOf(ctx)
      authorize(policy, ctx, 'identity:groups:create', { domainId })
      if (await directories.isDirectory(domainId)) throw errors.readOnlyDirectory()
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

    async list(ctx: Ctx, query: ListGroups): Promise<Group[]> {
      const within = domainSeen(policy, ctx, 'identity:groups:list')
      await directories.refreshGroups(within ?? query.domain_id, query.name)
      return store.list(query, within)
    },

    async get(ctx: Ctx, id: string): Promise<Group> {
      await directories.refreshGroup(id)
      const row = await store.get(id)
      authorize(policy, ctx, 'identity:groups:show', { domainId: row?.domain_id })
      return found(row, id)
    },

    async update(ctx: Ctx, id: string, body: ChangeGroup): Promise<Group> {
      await mayChange(ctx, 'identity:groups:update', id)
      const { fields, extra } = splitExtra(body, FIELDS)
      const { domain_id, ...columns } = fields
      const updated = await store.update(id, row => {
        if (domain_id !== undefined && domain_id !== row.domain_id) throw errors.cannotChange('domain_id')
        return { ...columns, extra: mergeExtra(row.extra, extra) }
      })
      if (updated === 'name-taken') throw errors.nameTaken('group', body.name ?? '')
      return found(updated === 'not-found' ? null : updated, id)
    },

    async remove(ctx: Ctx, id: string): Promise<void> {
      await mayChange(ctx, 'identity:groups:delete', id)
      if ((await store.remove(id)) === 'not-found') throw errors.notFound('group', id)
    },

    async addUser(ctx: Ctx, id: string, userId: string): Promise<void> {
      await mayChange(ctx, 'identity:groups:users:add', id, userId)
      if ((await store.addUser(id, userId)) === 'not-found') throw errors.notFound('user', userId)
    },

    async checkUser(ctx: Ctx, id: string, userId: string): Promise<void> {
      await allowed(ctx, 'identity:groups:users:check', id, userId)
      await directories.refreshUser(userId)
      if (!(await store.hasUser(id, userId))) throw errors.notFound('user in the group', userId)
    },

    async removeUser(ctx: Ctx, id: string, userId: string): Promise<void> {
      await mayChange(ctx, 'identity:groups:users:remove', id, userId)
      if (!(await store.removeUser(id, userId))) throw errors.notFound('user in the group', userId)
    },
  }
}

export type GroupService = ReturnType<typeof groupService>

function found(row: Group | null, id: string): Group {
  if (!row) throw errors.notFound('group', id)
  return row
}
