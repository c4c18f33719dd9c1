import { can } from '@caelum/http'
import { type Ctx, newId, problems, projectOf } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import { wordAsBoolean } from '../../fields.ts'
import { MAX_PAGE } from '../../links.ts'
import { policy } from '../../policy.ts'
import { type CreateFlavor, type ListFlavors, SORT_KEYS } from './schema.ts'
import type { Flavor, FlavorFilter, FlavorStore } from './store.ts'

export type FlavorService = ReturnType<typeof flavorService>

/** What of a flavor a server keeps for its life (column `servers.flavor`); quotas are counted from it. */
export type FlavorSnapshot = Omit<Flavor, 'access' | 'created_at' | 'is_public' | 'is_disabled'>

export function snapshotOf(row: Flavor): FlavorSnapshot {
  const { access: _access, created_at: _at, is_public: _public, is_disabled: _disabled, ...kept } = row
  return kept
}

/** nova/api/openstack/compute/flavors.py; who sees what: nova/objects/flavor.py. */
export const flavorService = (store: FlavorStore) => ({
  async create(ctx: Ctx, wanted: CreateFlavor): Promise<Flavor> {
    const row: Flavor = {
      id: wanted.id ?? newId(),
      name: wanted.name,
      vcpus: wanted.vcpus,
      ram_mb: wanted.ram,
      disk_gb: wanted.disk,
      ephemeral_gb: wanted['OS-FLV-EXT-DATA:ephemeral'],
      swap_mb: wanted.swap,
      rxtx_factor: wanted.rxtx_factor,
      is_public: wanted['os-flavor-access:is_public'],
      is_disabled: false,
      description: wanted.description ?? null,
      extra_specs: {},
      access: [],
      created_at: ctx.clock.now(),
    }
    const outcome = await store.insert(row)
    if (outcome === 'name-taken') throw errors.flavorNameExists(row.name)
    if (outcome === 'id-taken') throw errors.flavorIdExists(row.id)
    return row
  },

  /** @throws Problem 404 when there is none, or the caller may not know of it */
  async get(ctx: Ctx, id: string): Promise<Flavor> {
    const row = await store.get(id)
    if (!row || !visible(ctx, row)) throw errors.flavorNotFound(id)
    return row
  },

  async list(ctx: Ctx, query: ListFlavors): Promise<Flavor[]> {
    const after = query.marker === undefined ? null : await store.get(query.marker)
    if (query.marker !== undefined && !after) throw errors.markerNotFound(query.marker)
    const key = SORT_KEYS[query.sort_key]
    return store.list(filterOf(ctx, query), {
      sort: { key, direction: query.sort_dir, nullable: key === 'description' },
      limit: query.limit ?? MAX_PAGE,
      after,
    })
  },

  async describe(id: string, description: string | null): Promise<Flavor> {
    const row = await store.describe(id, description)
    if (!row) throw errors.flavorNotFound(id)
    return row
  },

  async remove(id: string): Promise<void> {
    if (!(await store.remove(id))) throw errors.flavorNotFound(id)
  },

  async accessOf(ctx: Ctx, id: string): Promise<string[]> {
    const row = await this.get(ctx, id)
    if (row.is_public) throw errors.flavorIsPublic()
    return row.access
  },

  /** From 2.7 on a public flavor refuses: everybody has access already. */
  async addAccess(ctx: Ctx, id: string, projectId: string): Promise<string[]> {
    const row = await this.get(ctx, id)
    if (row.is_public && ctx.microversion >= 7) throw errors.publicFlavorAccess()
    const access = await store.addAccess(id, projectId)
    if (!access) throw errors.flavorAccessExists(id, projectId)
    return access
  },

  async removeAccess(ctx: Ctx, id: string, projectId: string): Promise<string[]> {
    await this.get(ctx, id)
    const access = await store.removeAccess(id, projectId)
    if (!access) throw errors.flavorAccessNotFound(id, projectId)
    return access
  },
})

const isAdmin = (ctx: Ctx) => can(policy, ctx, 'compute:flavors:list_all')

const visible = (ctx: Ctx, row: Flavor) =>
  row.is_public || isAdmin(ctx) || row.access.includes(projectOf(ctx.caller) ?? '')

function filterOf(ctx: Ctx, query: ListFlavors): FlavorFilter {
  const common = { accessOf: projectOf(ctx.caller), minRamMb: query.minRam, minDiskGb: query.minDisk }
  return isAdmin(ctx)
    ? { ...common, isPublic: publicFilter(query.is_public) }
    : { ...common, isPublic: true, enabledOnly: true }
}

/** Only public ones unless asked otherwise; the word "None" asks for all. */
function publicFilter(word: string | undefined): boolean | undefined {
  if (word === undefined) return true
  if (word.toLowerCase() === 'none') return undefined
  const known = wordAsBoolean(word)
  if (known === undefined) throw problems.badRequest(`Invalid is_public filter [${word}]`)
  return known
}
