import { isUniqueViolation } from '@caelum/db'
import type { PrismaClient } from '../../generated/client.ts'

export interface Member {
  image_id: string
  project_id: string
  status: string
  created_at: Date
  updated_at: Date
}

export type MemberStore = ReturnType<typeof memberStore>

export const memberStore = (db: PrismaClient) => ({
  insert: (row: Member, maxPerImage: number): Promise<'inserted' | 'over-quota' | 'exists' | 'gone'> =>
    db
      .$transaction(async tx => {
        const found = await tx.$queryRaw<unknown[]>`
          select 1 from images where id = ${row.image_id}::uuid for update`
        if (found.length === 0) return 'gone' as const
        if ((await tx.member.count({ where: { image_id: row.image_id } })) >= maxPerImage)
          return 'over-quota' as const
        await tx.member.create({ data: row })
        return 'inserted' as const
      })
      .catch(error => {
        if (isUniqueViolation(error)) return 'exists' as const
        throw error
      }),

  get: (imageId: string, projectId: string): Promise<Member | null> =>
    db.member.findUnique({ where: { image_id_project_id: { image_id: imageId, project_id: projectId } } }),

  list: (imageId: string): Promise<Member[]> =>
    db.member.findMany({ where: { image_id: imageId }, orderBy: { created_at: 'asc' } }),

  async setStatus(imageId: string, projectId: string, status: string, now: Date): Promise<Member | null> {
    const where = { image_id: imageId, project_id: projectId }
    const [row] = await db.member.updateManyAndReturn({ where, data: { status, updated_at: now } })
    return row ?? null
  },

  async remove(imageId: string, projectId: string): Promise<boolean> {
    const { count } = await db.member.deleteMany({ where: { image_id: imageId, project_id: projectId } })
    return count > 0
  },
})
