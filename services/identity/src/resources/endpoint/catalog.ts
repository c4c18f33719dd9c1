/**
 * The service catalogue, which goes into the answer of every login. It is read at most twice a second, and at once
 * after a change made by this process; another process's change shows within that half second.
 */
import type { CatalogService, CatalogStore } from './catalog-store.ts'

const FRESH_MS = 500

/** Which endpoints a project has, where that is not all of them: `resources/endpoint-group`. */
export interface EndpointFilter {
  /** Is there any project that has endpoints of its own? */
  isUsed(): Promise<boolean>
  endpointsOfProject(projectId: string): Promise<{ id: string }[]>
}

export class Catalog {
  readonly #store: CatalogStore
  readonly #filter: EndpointFilter
  #services: readonly CatalogService[] = []
  #filtered = false
  #readAt = Number.NEGATIVE_INFINITY
  #changes = 0
  #reading: Promise<void> | undefined

  constructor(store: CatalogStore, filter: EndpointFilter) {
    this.#store = store
    this.#filter = filter
  }

  /** Called after a change: what is being read may be from before it, so it is read again. */
  forget(): void {
    this.#changes += 1
    this.#readAt = Number.NEGATIVE_INFINITY
  }

  /** JSON of the list in a token; an endpoint that needs a project is left out where there is none. */
  async json(userId: string, projectId: string | undefined): Promise<string> {
    return JSON.stringify(await this.list(userId, projectId))
  }

  async list(userId: string, projectId: string | undefined) {
    await this.#refresh()
    const only = projectId !== undefined && this.#filtered ? await this.#endpointsOf(projectId) : null
    const all = this.#services.map(service => ({
      endpoints: service.endpoints.flatMap(({ id, interface: kind, region_id, url }) => {
        const filled = only?.has(id) === false ? null : fillUrl(url, userId, projectId)
        return filled === null ? [] : [{ id, interface: kind, region_id, url: filled, region: region_id }]
      }),
      id: service.id,
      type: service.type,
      name: service.name ?? '',
    }))
    return only ? all.filter(service => service.endpoints.length > 0) : all
  }

  /** null: the project has no endpoints of its own, and so has all */
  async #endpointsOf(projectId: string): Promise<ReadonlySet<string> | null> {
    const rows = await this.#filter.endpointsOfProject(projectId)
    return rows.length > 0 ? new Set(rows.map(row => row.id)) : null
  }

  async #refresh(): Promise<void> {
    while (performance.now() - this.#readAt >= FRESH_MS) {
      this.#reading ??= this.#read()
      await this.#reading
    }
  }

  async #read(): Promise<void> {
    const changes = this.#changes
    try {
      const [services, filtered] = await Promise.all([this.#store.enabled(), this.#filter.isUsed()])
      if (changes !== this.#changes) return
      this.#services = services
      this.#filtered = filtered
      this.#readAt = performance.now()
    } finally {
      this.#reading = undefined
    }
  }
}

/**
 * `$(project_id)s` and its older spellings, as keystone/common/utils.py, format_url. Null: it names something that
 * the token does not have, or that there is not.
 */
export function fillUrl(url: string, userId: string, projectId: string | undefined): string | null {
  if (!/[$%]\(/.test(url)) return url
  const values: Record<string, string | undefined> = {
    project_id: projectId,
    tenant_id: projectId,
    user_id: userId,
  }
  let complete = true
  const filled = url.replace(/[$%]\(([^)]*)\)s/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) complete = false
    return value ?? ''
  })
  return complete ? filled : null
}
