import { z } from 'zod'
import { description, flag, name, owner, wholeNumber } from '../../collection/field.ts'

/** neutron_lib/api/definitions/network.py, and the extensions that versions.ts lists. */
const changeable = {
  name: name.optional(),
  description: description.optional(),
  admin_state_up: flag.optional(),
  /** administrators only */
  shared: flag.optional(),
  /** bytes; 0 means the largest possible */
  mtu: wholeNumber(0).optional(),
  port_security_enabled: flag.optional(),
  /** there are no routers yet, so no network can be external */
  'router:external': flag.refine(value => !value, 'external networks are not offered').optional(),
}

export const CreateNetwork = z.strictObject({
  ...changeable,
  ...owner,
  availability_zone_hints: z.array(z.string()).max(0, 'there is one availability zone only').optional(),
})
export type CreateNetwork = z.output<typeof CreateNetwork>

export const ChangeNetwork = z.strictObject(changeable)
export type ChangeNetwork = z.output<typeof ChangeNetwork>
