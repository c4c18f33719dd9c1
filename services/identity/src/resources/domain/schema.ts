import { z } from 'zod'
import { description, flag, immutableOption, nameQuery, nonBlank, page } from '../../collection.ts'
import { Tags } from '../project/schema.ts'

const fields = {
  description: description.optional(),
  enabled: z.boolean().optional(),
  tags: Tags.optional(),
  options: immutableOption.optional(),
}

export const CreateDomain = z.looseObject({
  name: nonBlank(64),
  /** the id, for a domain that several clouds know */
  explicit_domain_id: z
    .string()
    .regex(/^[0-9a-f]{32}$|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'must be a UUID')
    .optional(),
  ...fields,
})
export type CreateDomain = z.output<typeof CreateDomain>

export const ChangeDomain = z.looseObject({ name: nonBlank(64).optional(), ...fields })
export type ChangeDomain = z.output<typeof ChangeDomain>

export const ListDomains = z.object({ ...nameQuery, enabled: flag.optional(), ...page })
export type ListDomains = z.output<typeof ListDomains>

export const DomainReply = z.object({
  domain: z.object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    enabled: z.boolean(),
  }),
})
