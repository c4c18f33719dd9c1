import type { PrismaClient } from '../../generated/client.ts'

export type ServerTagStore = ReturnType<typeof serverTagStore>

/** Column `servers.tags`. Each change is one statement, so that two at once do not lose each other's tags. */
export const serverTagStore = (db: PrismaClient) => ({
  async replace(id: string, tags: readonly string[]): Promise<void> {
    await db.$executeRaw`update servers set tags = ${tags as string[]}::text[] where id = ${id}::uuid`
  },

  async add(id: string, tag: string, most: number): Promise<'added' | 'had' | 'full'> {
    const count = await db.$executeRaw`
      update servers set tags = array_append(tags, ${tag}::text)
      where id = ${id}::uuid and not ${tag}::text = any(tags) and cardinality(tags) < ${most}`
    if (count > 0) return 'added'
    const row = await db.server.findUnique({ where: { id }, select: { tags: true } })
    return row?.tags.includes(tag) ? 'had' : 'full'
  },

  async remove(id: string, tag: string): Promise<boolean> {
    const count = await db.$executeRaw`
      update servers set tags = array_remove(tags, ${tag}::text)
      where id = ${id}::uuid and ${tag}::text = any(tags)`
    return count > 0
  },
})
