import { isUuid } from '@caelum/kernel'
import { inOrder, type ListQuery, planOf } from '../../collection/list-query.ts'
import { changeTags, inTransaction, type Tx } from '../../collection/store.ts'
import { errors } from '../../errors.ts'
import type { PrismaClient, SecurityGroup, SecurityGroupRule } from '../../generated/client.ts'
import { claimQuota } from '../quota/store.ts'
import { DEFAULT_NAME, defaultGroupId, defaultRules, egressRules } from './default.ts'

export type SecurityGroupRow = SecurityGroup & { rules: SecurityGroupRule[] }
export type NewSecurityGroup = Omit<SecurityGroup, 'generation' | 'seen_generation'>

const include = { rules: { orderBy: { id: 'asc' } } } as const

export type SecurityGroupStore = ReturnType<typeof securityGroupStore>

export const securityGroupStore = (db: PrismaClient) => ({
  get: async (id: string): Promise<SecurityGroupRow | null> =>
    isUuid(id) ? db.securityGroup.findUnique({ where: { id }, include }) : null,

  /** Of these ids, those that exist and match `visible`. */
  async existing(ids: string[], visible: object): Promise<string[]> {
    const rows = await db.securityGroup.findMany({
      where: { AND: [{ id: { in: ids.filter(isUuid) } }, visible] },
      select: { id: true },
    })
    return rows.map(row => row.id)
  },

  async list(query: ListQuery, visible: object): Promise<SecurityGroupRow[]> {
    const marker = query.marker === null ? null : await this.get(query.marker)
    if (query.marker !== null && !marker) throw errors.securityGroupNotFound(query.marker)
    return inOrder(query, await db.securityGroup.findMany({ ...planOf(query, visible, marker), include }))
  },

  /** Makes the project's default group unless it is there; @returns whether it was made now */
  async ensureDefault(projectId: string, now: Date): Promise<boolean> {
    const id = defaultGroupId(projectId)
    const known = await db.$queryRaw<object[]>`select 1 from security_groups where id = ${id}::uuid`
    if (known.length) return false
    const row: NewSecurityGroup = {
      id,
      project_id: projectId,
      name: DEFAULT_NAME,
      description: 'Default security group',
      stateful: true,
      tags: [],
      created_at: now,
      updated_at: now,
    }
    return inTransaction(db, async tx => {
      const { count } = await tx.securityGroup.createMany({ data: row, skipDuplicates: true })
      if (count) await insertRules(tx, row, defaultRules(id))
      return count > 0
    })
  },

  insert: (rows: NewSecurityGroup[]): Promise<void> =>
    inTransaction(db, async tx => {
      for (const projectId of [...new Set(rows.map(row => row.project_id))].sort()) {
        const count = rows.filter(row => row.project_id === projectId).length
        await claimQuota(tx, projectId, 'security_group', count)
        await claimQuota(tx, projectId, 'security_group_rule', 2 * count)
      }
      await tx.securityGroup.createMany({ data: rows })
      for (const row of rows) await insertRules(tx, row, egressRules(row.id))
    }),

  async update(id: string, change: Partial<NewSecurityGroup>): Promise<SecurityGroupRow | null> {
    const data = { ...change, generation: { increment: 1 } }
    const { count } = await db.securityGroup.updateMany({ where: { id }, data })
    return count ? this.get(id) : null
  },

  changeTags: (id: string, next: (tags: string[]) => string[]) => changeTags(db, 'security_groups', id, next),

  /** Rules of other groups that name this one go with it; the ids of those groups are returned. */
  remove: (id: string): Promise<'in-use' | { affected: string[] }> =>
    inTransaction(db, async tx => {
      await tx.$queryRaw`select id from security_groups where id = ${id}::uuid for update`
      if (await tx.portSecurityGroup.findFirst({ where: { security_group_id: id } })) return 'in-use'
      const affected = await tx.$queryRaw<{ id: string }[]>`
        update security_groups set generation = generation + 1
        where id in (select security_group_id from security_group_rules where remote_group_id = ${id}::uuid)
          and id <> ${id}::uuid returning id`
      await tx.securityGroup.deleteMany({ where: { id } })
      await tx.removal.createMany({
        data: { kind: 'group', id, removed_at: new Date() },
        skipDuplicates: true,
      })
      return { affected: affected.map(row => row.id) }
    }),
})

const insertRules = (tx: Tx, group: NewSecurityGroup, seeds: ReturnType<typeof defaultRules>) =>
  tx.securityGroupRule.createMany({
    data: seeds.map(seed => ({
      ...seed,
      project_id: group.project_id,
      security_group_id: group.id,
      description: '',
      created_at: group.created_at,
      updated_at: group.updated_at,
    })),
  })
