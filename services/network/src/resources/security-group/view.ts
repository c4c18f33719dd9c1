import { viewStandard } from '../../collection/view.ts'
import { viewRule } from '../security-group-rule/view.ts'
import type { SecurityGroupRow } from './store.ts'

export const viewSecurityGroup = (row: SecurityGroupRow) => ({
  id: row.id,
  name: row.name,
  description: row.description,
  stateful: row.stateful,
  shared: false,
  security_group_rules: row.rules.map(viewRule),
  ...viewStandard(row),
})
