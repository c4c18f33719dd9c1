/** Global roles that reach beyond the place they are assigned on. */
export const POWERFUL: readonly string[] = ['admin', 'service']

/**
 * The roles a holder of `assigned` has in effect: those, and all that they imply, directly or by others. Roles of a
 * domain count for what they imply and are not in the answer themselves (keystone/assignment/core.py).
 */
export function inferRoles(
  assigned: readonly string[],
  implications: readonly (readonly [prior: string, implied: string])[],
  roles: ReadonlyMap<string, { name: string; domainId: string }>,
): [id: string, name: string][] {
  const held = new Set(assigned)
  for (const id of held) for (const [prior, implied] of implications) if (prior === id) held.add(implied)
  const effective: [string, string][] = []
  for (const id of held) {
    const role = roles.get(id)
    if (role && role.domainId === '') effective.push([id, role.name])
  }
  return effective.sort(([, a], [, b]) => (a < b ? -1 : 1))
}

/** What a role implies, directly or by others, without itself. */
export function impliedBy<Role extends { id: string }>(
  id: string,
  inferences: readonly { prior: Role; implied: readonly Role[] }[],
): Role[] {
  const reached = new Map<string, Role>()
  const follow = (from: string) => {
    for (const role of inferences.find(({ prior }) => prior.id === from)?.implied ?? []) {
      if (role.id === id || reached.has(role.id)) continue
      reached.set(role.id, role)
      follow(role.id)
    }
  }
  follow(id)
  return [...reached.values()]
}
