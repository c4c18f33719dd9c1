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
