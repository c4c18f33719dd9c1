import { z } from 'zod'
import { flag, idText, nameQuery, page } from '../../collection.ts'

/** Present without a value, or with one that is not false. */
const yes = flag.optional()

export const ListAssignments = z.object({
  'user.id': idText.optional(),
  'group.id': idText.optional(),
  'role.id': idText.optional(),
  'scope.project.id': idText.optional(),
  'scope.domain.id': idText.optional(),
  'scope.system': z.string().optional(),
  'scope.OS-INHERIT:inherited_to': z.string().max(64).optional(),
  effective: yes,
  include_names: yes,
  include_subtree: yes,
})
export type ListAssignments = z.output<typeof ListAssignments>

export const ListScopes = z.object({
  ...nameQuery,
  enabled: flag.optional(),
  domain_id: idText.optional(),
  ...page,
})
export type ListScopes = z.output<typeof ListScopes>

export const GrantPlace = z.object({ target_id: idText.optional(), actor_id: idText })
export const OneGrant = z.object({ target_id: idText.optional(), actor_id: idText, role_id: idText })
