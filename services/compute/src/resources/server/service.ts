import { can } from '@caelum/http'
import { type Ctx, isUuid, newHexId, newId, projectOf } from '@caelum/kernel'
import type { Bell } from '@caelum/reconcile'
import { point } from '@caelum/reconcile'
import type { Wakeups } from '../../agent-api/wakeups.ts'
import { errors } from '../../errors.ts'
import { MAX_PAGE } from '../../links.ts'
import { policy } from '../../policy.ts'
import type { AskStore } from '../ask/store.ts'
import { checkQuota } from '../quota-set/service.ts'
import type { ServerGroupService } from '../server-group/service.ts'
import { type CheckDeps, checkCreate } from './create-check.ts'
import { filterOf, pageOf, wantsState } from './query.ts'
import type { ServerWithVm } from './row.ts'
import type { CreateServer, ListServers, UpdateServer } from './schema.ts'
import { refusalOf, type Verb } from './state.ts'
import type { ActionEntry, NewServer, ServerStore } from './store.ts'

export interface ServerDeps extends CheckDeps {
  servers: ServerStore
  groups: Pick<ServerGroupService, 'admit'>
  asks: AskStore
  wakeups: Wakeups
  bell: Bell
}

/** How long a client waits for a host to answer a question. */
const ANSWER_MS = 8_000

export type ServerService = ReturnType<typeof serverService>

export const serverService = (deps: ServerDeps) => {
  const { servers, bell } = deps

  /** @throws Problem 404 also when it exists but is another project's */
  const get = async (ctx: Ctx, id: string): Promise<ServerWithVm> => {
    const found = isUuid(id) ? await servers.get(id) : null
    if (!found || !can(policy, ctx, 'compute:servers:show', { projectId: found.server.project_id }))
      throw errors.serverNotFound(id)
    return found
  }

  const entry = (ctx: Ctx, server: { id: string; project_id: string }, action: string): ActionEntry => ({
    id: newId(),
    server_id: server.id,
    action,
    request_id: ctx.requestId,
    user_id: ctx.caller.userId,
    project_id: server.project_id,
    at: ctx.clock.now(),
  })

  /** Writes a want and rings; somebody else's change in between means: look again, a few times. */
  const change = async (
    ctx: Ctx,
    id: string,
    action: string,
    want: (found: ServerWithVm) => Parameters<ServerStore['change']>[1],
  ): Promise<void> => {
    for (let attempt = 0; attempt < 5; attempt++) {
      const found = await get(ctx, id)
      if ((await servers.change(found.server, want(found), entry(ctx, found.server, action))) === 'changed') {
        bell.ring(found.server.id)
        return
      }
    }
    throw errors.conflict(`Server ${id} is being changed by several requests at once; try again.`)
  }

  const allow = (verb: Verb, { server, vm }: ServerWithVm, ctx: Ctx): void => {
    if (server.locked && !can(policy, ctx, 'compute:servers:unlock_override'))
      throw errors.serverLocked(server.id)
    const why = refusalOf(verb, server, vm)
    if (why) throw errors.invalidState(verb, server.id, why)
  }

  return {
    get,

    /** @returns the servers made, all of one reservation */
    async create(ctx: Ctx, wanted: CreateServer, hints: Record<string, unknown>, token: string) {
      const projectId = projectOf(ctx.caller)
      if (!projectId)
        throw errors.badRequest('A server belongs to a project: ask with a project-scoped token.')
      const least = wanted.min_count ?? 1
      const count = wanted.max_count ?? least
      if (least > count) throw errors.badRequest('min_count must be <= max_count')
      const checked = await checkCreate(deps, ctx, wanted, token)
      if (count > 1 && checked.want_networks.some(network => network.port_id || network.fixed_ip))
        throw errors.badRequest('A port or a fixed address can be given to one server only, not to several.')
      const { flavor } = checked
      const rows = newServers(ctx, projectId, wanted, hints, checked, count)
      await servers.transaction(async tx => {
        await checkQuota(tx, projectId, {
          instances: count,
          cores: count * flavor.vcpus,
          ram_mb: count * flavor.ram_mb,
          metadata: wanted.metadata ?? {},
        })
        const group_id = await deps.groups.admit(tx, projectId, hints['group'], count)
        await servers.insert(
          tx,
          rows.map(row => ({ ...row, group_id })),
          rows.map(row => entry(ctx, row, 'create')),
        )
      })
      point('server.create.committed')
      for (const row of rows) bell.ring(row.id)
      return rows
    },

    /** Filtering by derived status happens here, page by page, since status is nowhere stored. */
    async list(ctx: Ctx, query: ListServers): Promise<ServerWithVm[]> {
      const filter = filterOf(ctx, query)
      if (filter === 'nothing') return []
      const page = pageOf(query)
      if (page.after && !(isUuid(page.after) && (await servers.get(page.after))))
        throw errors.markerNotFound(page.after)
      const wants = wantsState(query)
      if (!wants) return servers.list(filter, page)
      const found: ServerWithVm[] = []
      for (let after = page.after; found.length < page.limit; ) {
        const batch = await servers.list(filter, { ...page, limit: MAX_PAGE, ...(after ? { after } : {}) })
        found.push(...batch.filter(wants))
        after = batch.at(-1)?.server.id
        if (batch.length < MAX_PAGE) break
      }
      return found.slice(0, page.limit)
    },

    async update(ctx: Ctx, id: string, { name, description, hostname }: UpdateServer): Promise<ServerWithVm> {
      const want = {
        ...(name === undefined ? {} : { name }),
        ...(description === undefined ? {} : { description }),
        ...(hostname === undefined ? {} : { hostname }),
      }
      if (Object.keys(want).length > 0) await change(ctx, id, 'update', () => want)
      return get(ctx, id)
    },

    async remove(ctx: Ctx, id: string): Promise<void> {
      const found = await get(ctx, id)
      if (found.server.locked && !can(policy, ctx, 'compute:servers:unlock_override'))
        throw errors.serverLocked(id)
      if (found.server.want_deleted) return
      await change(ctx, id, 'delete', () => ({ want_deleted: true }))
      point('server.delete.committed')
    },

    start: (ctx: Ctx, id: string) =>
      change(ctx, id, 'start', found => {
        allow('start', found, ctx)
        return { want_power: 'running' }
      }),

    stop: (ctx: Ctx, id: string) =>
      change(ctx, id, 'stop', found => {
        allow('stop', found, ctx)
        return { want_power: 'stopped' }
      }),

    /** A hard reboot also starts a stopped server; a soft one needs a running guest (nova/compute/api.py). */
    reboot: (ctx: Ctx, id: string, type: 'SOFT' | 'HARD') =>
      change(ctx, id, 'reboot', found => {
        allow('reboot', found, ctx)
        if (type === 'HARD')
          return { want_reboots_hard: found.server.want_reboots_hard + 1, want_power: 'running' }
        if (found.vm?.seen_power !== 'running')
          throw errors.invalidState(
            'reboot',
            id,
            'while it is not running: a soft reboot needs a running guest',
          )
        return { want_reboots_soft: found.server.want_reboots_soft + 1 }
      }),

    /** An operator's retry: want stays, the fault goes, everything is looked at again. */
    resetState: (ctx: Ctx, id: string) => change(ctx, id, 'resetState', () => ({})),

    /** @returns the metadata as it is now */
    async setMetadata(
      ctx: Ctx,
      id: string,
      next: (current: Record<string, string>) => Record<string, string>,
    ): Promise<Record<string, string>> {
      let metadata: Record<string, string> = {}
      await change(ctx, id, 'updateMetadata', found => {
        allow('metadata', found, ctx)
        metadata = next(found.server.metadata)
        return { metadata }
      })
      return metadata
    },

    async setLocked(ctx: Ctx, id: string, locked: boolean, reason: string | null = null): Promise<void> {
      const { server } = await get(ctx, id)
      await servers.setLocked(server.id, locked, reason)
    },

    /** @returns the last `lines` of the guest's serial console, or all that is kept */
    async consoleOutput(ctx: Ctx, id: string, lines: number | null): Promise<string> {
      const { vm } = await get(ctx, id)
      if (!vm) throw errors.notReady(id)
      if (!vm.host_up) throw errors.hostSilent()
      const ask = await deps.asks.put(vm.host_id, vm.id, lines, ctx.clock.now())
      const deadline = Date.now() + ANSWER_MS
      while (Date.now() < deadline && !deps.wakeups.ended) {
        const wake = deps.wakeups.next(`ask:${ask}`, 500)
        const answer = await deps.asks.take(ask)
        if (answer) {
          wake.cancel()
          if (answer.error) throw errors.notReady(id)
          return answer.output ?? ''
        }
        await wake.done
      }
      await deps.asks.withdraw(ask)
      throw errors.hostSilent()
    },

    async actions(ctx: Ctx, id: string) {
      const { server } = await get(ctx, id)
      return servers.actions(server.id)
    },

    /** want and seen side by side, for operators */
    async explain(ctx: Ctx, id: string) {
      const { server: joined, vm } = await get(ctx, id)
      const [actions, placements] = await Promise.all([servers.actions(id), servers.placements(id)])
      const server = Object.fromEntries(
        Object.entries(joined).filter(([column]) => !column.startsWith('vm_')),
      )
      return { server, vm, actions, placements }
    },
  }
}

function newServers(
  ctx: Ctx,
  projectId: string,
  wanted: CreateServer,
  hints: Record<string, unknown>,
  checked: Awaited<ReturnType<typeof checkCreate>>,
  count: number,
): Omit<NewServer, 'group_id'>[] {
  const reservation_id = `r-${newHexId().slice(-8)}`
  return Array.from({ length: count }, (_, index) => {
    const name = count > 1 ? `${wanted.name}-${index + 1}` : wanted.name
    return {
      id: newId(),
      project_id: projectId,
      user_id: ctx.caller.userId,
      name,
      description: wanted.description ?? (ctx.microversion < 19 ? wanted.name : null),
      hostname: hostnameOf(wanted.hostname ?? name),
      user_data: wanted.user_data?.replace(/\s/g, '') ?? null,
      config_drive: wanted.config_drive ?? false,
      metadata: wanted.metadata ?? {},
      tags: [...new Set(wanted.tags ?? [])],
      hints,
      want_power: 'running',
      reservation_id,
      launch_index: index,
      request_id: ctx.requestId,
      created_at: ctx.clock.now(),
      ...checked,
    } satisfies Omit<NewServer, 'group_id'>
  })
}

/** nova/utils.py, sanitize_hostname: what is left of a name when it must be a host name. */
export function hostnameOf(name: string): string {
  const clean = name
    .normalize('NFKD')
    .replace(/[^\x20-\x7e]/g, '')
    .replace(/[ _]/g, '-')
    .replace(/[^\w.-]+/g, '')
    .toLowerCase()
    .replace(/^[.-]+|[.-]+$/g, '')
    .slice(0, 63)
  return clean || `server-${newHexId().slice(-8)}`
}
