import type { Ctx } from '@caelum/kernel'
import type { EffectiveAssignment } from './service.ts'
import type { Named } from './store.ts'

/** keystone/api/role_assignments.py, _format_entity. */
export function viewAssignment(ctx: Ctx, row: EffectiveAssignment, names: boolean) {
  const base = `${ctx.baseUrl}/v3`
  const named = (it: Named) => (names ? viewNamed(it) : { id: it.id })
  const scope = row.target
    ? row.target.is_domain
      ? { domain: names ? { id: row.target.id, name: row.target.name } : { id: row.target.id } }
      : { project: named(row.target) }
    : { system: { all: true } }
  return {
    links: {
      assignment: `${base}${pathOf(row)}`,
      ...(row.via_group_id && row.user
        ? { membership: `${base}/groups/${row.via_group_id}/users/${row.user.id}` }
        : {}),
      ...(row.prior_role_id
        ? { prior_role: `${base}/prior_role/${row.prior_role_id}/implies/${row.role.id}` }
        : {}),
    },
    role: named(row.role),
    ...(row.user ? { user: named(row.user) } : {}),
    ...(row.group ? { group: named(row.group) } : {}),
    scope: row.inherited ? { ...scope, 'OS-INHERIT:inherited_to': 'projects' } : scope,
  }
}

const viewNamed = ({ id, name, domain_id, domain_name }: Named) => ({
  id,
  name,
  ...(domain_id ? { domain: { id: domain_id, name: domain_name } } : {}),
})

/** of the grant that this comes from */
function pathOf(row: EffectiveAssignment): string {
  const place = row.from ?? row.target
  const target = place ? `/${place.is_domain ? 'domains' : 'projects'}/${place.id}` : '/system'
  const groupId = row.via_group_id ?? row.group?.id
  const actor = groupId ? `/groups/${groupId}` : `/users/${row.user?.id}`
  const path = `${target}${actor}/roles/${row.prior_role_id ?? row.role.id}`
  return row.inherited ? `/OS-INHERIT${path}/inherited_to_projects` : path
}
