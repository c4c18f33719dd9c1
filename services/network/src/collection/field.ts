import { z } from 'zod'
import { canonicalAddress, parseAddress } from '../address/ip.ts'
import { parseMac } from '../address/mac.ts'
import { isTrue } from './attribute.ts'

/** Building blocks of request bodies, as lenient as neutron_lib/api/converters.py and not more. */

const WORDS = ['true', 'false', '1', '0', 't', 'f', 'y', 'n', 'yes', 'no', 'on', 'off']

/** Neutron takes words and 0 or 1 for truth values. */
export const flag = z
  .union([z.boolean(), z.literal([0, 1]), z.string().refine(word => WORDS.includes(word.toLowerCase()))], {
    error: 'must be true or false',
  })
  .transform(value => (typeof value === 'string' ? isTrue(value) : Boolean(value)))

/** Neutron takes numbers as text too; the `openstack` client sends some of them so. */
export const wholeNumber = (minimum: number, maximum = 2_147_483_647) =>
  z
    .union([z.number().int(), z.string().regex(/^-?\d{1,10}$/)], { error: 'must be a whole number' })
    .transform(Number)
    .pipe(z.number().min(minimum).max(maximum))

/** PostgreSQL stores no NUL. */
const storable = (maximum: number) =>
  z
    .string()
    .max(maximum)
    .refine(value => !value.includes('\0'), 'must not hold NUL characters')

export const name = storable(255)
export const description = storable(255)
export const shortText = storable(255)
export const project = storable(255).min(1)
export const id = z.guid({ error: 'must be a UUID' }).transform(value => value.toLowerCase())

export const ipAddress = z
  .string()
  .refine(value => parseAddress(value) !== null, 'must be an IP address')
  .transform(canonicalAddress)

export const mac = z.string().transform((value, context) => {
  const parsed = parseMac(value)
  if (parsed) return parsed
  context.addIssue({ code: 'custom', message: 'must be a unicast MAC address' })
  return z.NEVER
})

const tag = storable(255)
  .min(1)
  .refine(value => !value.includes(',') && !value.includes('/'), 'must not hold , or /')
/** no order, no repeats (neutron/extensions/tagging.py) */
export const tags = z
  .array(tag)
  .max(50)
  .transform(list => [...new Set(list)])
export const oneTag = tag

/** What every request may carry to say for whom it acts. */
export const owner = { project_id: project.optional(), tenant_id: project.optional() }
