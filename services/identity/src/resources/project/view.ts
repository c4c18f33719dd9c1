import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { Project } from './store.ts'

export const viewProject = (ctx: Ctx, row: Project) => ({
  ...(row.extra as object),
  id: row.id,
  name: row.name,
  domain_id: row.domain_id,
  description: row.description,
  enabled: row.enabled,
  parent_id: row.parent_id,
  is_domain: row.is_domain,
  tags: row.tags,
  options: row.options,
  links: linkTo(ctx, `projects/${row.id}`),
})

interface IdTree {
  [id: string]: IdTree | null
}

/** From the nearest parent up: `{"a": {"b": null}}`; null where there is none. */
export const viewParentIds = (parents: readonly Project[]): IdTree | null =>
  parents.reduceRight<IdTree | null>((above, { id }) => ({ [id]: above }), null)

/** The projects below `id`, each with those below it; null where there is none. */
export function viewSubtreeIds(id: string, below: readonly Project[]): IdTree | null {
  const children = below.filter(project => project.parent_id === id)
  if (children.length === 0) return null
  return Object.fromEntries(children.map(child => [child.id, viewSubtreeIds(child.id, below)]))
}
