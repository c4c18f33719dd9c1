import { z } from 'zod'
import { memberStatuses } from '../image/filter.ts'
import { text } from '../image/schema.ts'

/** Glance's default `image_member_quota`. */
export const MAX_MEMBERS = 128

export const CreateMember = z.object({ member: text(255).min(1) })
export const UpdateMember = z.object({ status: z.enum(memberStatuses) })
export const MemberId = z.object({ image_id: z.string().max(255), member_id: text(255) })

export const MemberReply = z.object({
  member_id: z.string(),
  image_id: z.string(),
  status: z.enum(memberStatuses),
  created_at: z.string(),
  updated_at: z.string(),
  schema: z.string(),
})
export const MembersReply = z.object({ members: z.array(MemberReply), schema: z.string() })
