import { isoSeconds } from '@caelum/kernel'
import type { Member } from './store.ts'

export const viewMember = (member: Member) => ({
  member_id: member.project_id,
  image_id: member.image_id,
  status: member.status,
  created_at: isoSeconds(member.created_at),
  updated_at: isoSeconds(member.updated_at),
  schema: '/v2/schemas/member',
})
