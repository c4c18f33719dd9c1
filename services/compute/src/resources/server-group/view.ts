import type { GroupWithMembers } from './store.ts'

/** The owner is shown from 2.13 on; one policy with rules replaced a list and empty metadata with 2.64. */
export const viewServerGroup = (row: GroupWithMembers, microversion: number) => ({
  id: row.id,
  name: row.name,
  ...(microversion >= 64
    ? {
        policy: row.policy,
        rules: row.max_per_host === null ? {} : { max_server_per_host: row.max_per_host },
      }
    : { policies: [row.policy], metadata: {} }),
  members: row.members,
  ...(microversion >= 13 ? { project_id: row.project_id, user_id: row.user_id } : {}),
})
