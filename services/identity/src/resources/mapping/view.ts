import type { Ctx } from '@caelum/kernel'
import { linkTo } from '../../collection.ts'
import type { Mapping } from './store.ts'

export const viewMapping = (ctx: Ctx, { id, rules, schema_version }: Mapping) => ({
  id,
  rules,
  schema_version,
  links: linkTo(ctx, `OS-FEDERATION/mappings/${id}`),
})
