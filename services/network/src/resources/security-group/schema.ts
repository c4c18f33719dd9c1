import { z } from 'zod'
import { description, flag, name, owner } from '../../collection/field.ts'

/** neutron/extensions/securitygroup.py, stateful_security_group.py */
const changeable = {
  name: name.optional(),
  description: description.optional(),
  stateful: flag.optional(),
}

export const CreateSecurityGroup = z.strictObject({ ...changeable, ...owner })
export type CreateSecurityGroup = z.output<typeof CreateSecurityGroup>

export const ChangeSecurityGroup = z.strictObject(changeable)
export type ChangeSecurityGroup = z.output<typeof ChangeSecurityGroup>
