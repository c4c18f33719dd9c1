import type { Transaction } from './revocation/store.ts'

/**
 * Memberships that somebody outside vouches for (an identity provider, a directory) replace those it vouched for before.
 *
 * @param ttlS how long they last, seconds
 * @returns the assignments that the user loses by it
 */
export async function replaceOutsideMemberships(
  tx: Transaction,
  userId: string,
  { groupIds, ttlS }: { groupIds: readonly string[]; ttlS: number },
) {
  const ids = [...groupIds]
  const gone = await tx.$queryRaw<{ group_id: string }[]>`
    delete from outside_memberships where user_id = ${userId} and not group_id = any(${ids}) returning group_id`
  await tx.$executeRaw`
    insert into outside_memberships (user_id, group_id, expires_at)
    select ${userId}, id, clock_timestamp() + ${ttlS} * interval '1 second' from groups where id = any(${ids})
    on conflict (user_id, group_id) do update
      set expires_at = excluded.expires_at`
  const lost = await tx.assignment.findMany({ where: { group_id: { in: gone.map(it => it.group_id) } } })
  return lost.map(row => ({ ...row, user_id: userId, group_id: null }))
}
