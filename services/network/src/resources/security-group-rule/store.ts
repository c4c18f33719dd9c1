import { isUuid } from '@caelum/kernel'
import { inOrder, type ListQuery, planOf } from '../../collection/list-query.ts'
import { inTransaction, type Tx } from '../../collection/store.ts'
import { errors } from '../../errors.ts'
import type { PrismaClient, SecurityGroupRule } from '../../generated/client.ts'
import { claimQuota } from '../quota/store.ts'
import { ruleKey } from './check.ts'

export type { SecurityGroupRule }
export type NewRule = Omit<SecurityGroupRule, 'generation'>

export type SecurityGroupRuleStore = ReturnType<typeof securityGroupRuleStore>

export const securityGroupRuleStore = (db: PrismaClient) => ({
  get: async (id: string): Promise<SecurityGroupRule | null> =>
    isUuid(id) ? db.securityGroupRule.findUnique({ where: { id } }) : null,

  async list(query: ListQuery, visible: object): Promise<SecurityGroupRule[]> {
    const marker = query.marker === null ? null : await this.get(query.marker)
    if (query.marker !== null && !marker) throw errors.securityGroupRuleNotFound(query.marker)
    return inOrder(query, await db.securityGroupRule.findMany(planOf(query, visible, marker)))
  },

  /** A rule changes its group, whose row is locked so that no rule is made twice. */
  insert: (rows: NewRule[]): Promise<void> =>
    inTransaction(db, async tx => {
      const projects = rows.map(row => row.project_id)
      for (const projectId of [...new Set(projects)].sort())
        await claimQuota(
          tx,
          projectId,
          'security_group_rule',
          projects.filter(one => one === projectId).length,
        )
      for (const groupId of [...new Set(rows.map(row => row.security_group_id))].sort()) {
        await touchGroup(tx, groupId)
        const known = await tx.securityGroupRule.findMany({ where: { security_group_id: groupId } })
        for (const row of rows.filter(one => one.security_group_id === groupId)) {
          const twin = known.find(other => ruleKey(other) === ruleKey(row))
          if (twin) throw errors.ruleExists(twin.id)
          known.push({ ...row, generation: 0 })
        }
      }
      await tx.securityGroupRule.createMany({ data: rows })
    }),

  remove: (id: string, groupId: string): Promise<void> =>
    inTransaction(db, async tx => {
      await touchGroup(tx, groupId)
      await tx.securityGroupRule.deleteMany({ where: { id } })
    }),
})

const touchGroup = async (tx: Tx, id: string): Promise<void> => {
  const count = await tx.$executeRaw`
    update security_groups set generation = generation + 1, updated_at = now() where id = ${id}::uuid`
  if (!count) throw errors.securityGroupNotFound(id)
}
