/** From the query of a server list to what the store is asked (nova/api/openstack/compute/servers.py). */
import { can } from '@caelum/http'
import { type Ctx, problems, projectOf } from '@caelum/kernel'
import { wordAsBoolean } from '../../fields.ts'
import { MAX_PAGE } from '../../links.ts'
import { policy } from '../../policy.ts'
import type { Page, ServerFilter, SortField } from './list-store.ts'
import type { ServerWithVm } from './row.ts'
import type { ListServers } from './schema.ts'
import { statusOf } from './state.ts'

const list = (value: string | string[] | undefined): string[] => (value === undefined ? [] : [value].flat())
const tagsOf = (value: string | undefined) => (value ? { list: value.split(',') } : undefined)

/** 'nothing': the filter cannot match, e.g. only deleted servers, which we do not keep. */
export function filterOf(ctx: Ctx, query: ListServers): ServerFilter | 'nothing' {
  const isAdmin = can(policy, ctx, 'compute:servers:detail:get_all_tenants')
  const allTenants = list(query.all_tenants).some(word => word === '' || (wordAsBoolean(word) ?? false))
  if (allTenants && !isAdmin) throw problems.forbidden('compute:servers:detail:get_all_tenants', 'role admin')
  if (query.deleted && wordAsBoolean(query.deleted) && isAdmin) return 'nothing'
  const asked = query.project_id ?? query.tenant_id
  const projectId = allTenants ? asked : projectOf(ctx.caller)
  if (!allTenants && !projectId) return 'nothing'
  if (!allTenants && asked && asked !== projectId && !isAdmin) return 'nothing'
  const tags = tagsOf(query.tags)
  const tagsAny = tagsOf(query['tags-any'])
  const notTags = tagsOf(query['not-tags'])
  const notTagsAny = tagsOf(query['not-tags-any'])
  return defined({
    projectId: !allTenants && isAdmin && asked ? asked : projectId,
    id: query.uuid,
    name: pattern(query.name ?? query.display_name),
    userId: query.user_id,
    host: isAdmin ? (query.host ?? query.node) : undefined,
    imageId: query.image?.split('/').at(-1),
    flavorId: query.flavor?.split('/').at(-1),
    keyName: query.key_name,
    ip: pattern(query.ip ?? query.ip6),
    reservationId: query.reservation_id,
    changesSince: query['changes-since'],
    changesBefore: query['changes-before'],
    tags: tags?.list,
    tagsAny: tagsAny?.list,
    notTags: notTags?.list,
    notTagsAny: notTagsAny?.list,
    locked: query.locked === undefined ? undefined : wordAsBoolean(query.locked),
  })
}

const defined = (filter: { [K in keyof ServerFilter]-?: ServerFilter[K] | undefined }): ServerFilter =>
  Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as ServerFilter

/** Names and addresses match as regular expressions; one that is none is the client's mistake. */
function pattern(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  try {
    new RegExp(text)
    return text
  } catch {
    throw problems.badRequest(`Invalid filter: ${text} is not a regular expression.`)
  }
}

const SORT_FIELDS: Record<string, SortField> = {
  created_at: 'created_at',
  updated_at: 'updated_at',
  display_name: 'name',
  name: 'name',
  uuid: 'id',
  id: 'id',
  launched_at: 'launched_at',
}

/** Newest first unless asked otherwise. */
export function pageOf(query: ListServers): Page {
  const keys = list(query.sort_key)
  const directions = list(query.sort_dir)
  const sort = (keys.length > 0 ? keys : ['created_at']).map((key, index) => {
    const field = SORT_FIELDS[key]
    if (!field)
      throw problems.badRequest(`Invalid input for query parameters sort_key: ${key} cannot be sorted by.`)
    const direction = directions[index] ?? 'desc'
    if (direction !== 'asc' && direction !== 'desc')
      throw problems.badRequest(`Invalid input for query parameters sort_dir: ${direction}.`)
    return { field, direction } as const
  })
  return {
    sort,
    limit: Math.min(query.limit ?? MAX_PAGE, MAX_PAGE),
    ...(query.marker ? { after: query.marker } : {}),
  }
}

/** A test for what is derived and so cannot be asked of the database; null when nothing of it is asked. */
export function wantsState(query: ListServers): ((found: ServerWithVm) => boolean) | null {
  const statuses = list(query.status).map(word => word.toUpperCase())
  const vmStates = list(query.vm_state)
  const taskStates = list(query.task_state)
  if (statuses.length + vmStates.length + taskStates.length === 0 && !query.power_state) return null
  return ({ server, vm }) => {
    const shown = statusOf(server, vm)
    return (
      (statuses.length === 0 || statuses.includes(shown.status)) &&
      (vmStates.length === 0 || vmStates.includes(shown.vm_state)) &&
      (taskStates.length === 0 || taskStates.includes(shown.task_state ?? '')) &&
      (!query.power_state || query.power_state === String(shown.power_state))
    )
  }
}
