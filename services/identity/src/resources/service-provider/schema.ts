import { z } from 'zod'
import { description, flag, idText, page } from '../../collection.ts'

const fields = {
  auth_url: z.url().max(225),
  sp_url: z.url().max(225),
  description: description.optional(),
  enabled: z.boolean().optional(),
  relay_state_prefix: z.string().max(256).nullable().optional(),
}

/** keystone/federation/schema.py, service_provider_create_request_body. */
const Create = z.strictObject(fields)
export type CreateServiceProvider = z.output<typeof Create>
const Change = Create.partial().refine(it => Object.keys(it).length > 0, 'nothing to change')
export type ChangeServiceProvider = z.output<typeof Change>

export const CreateBody = z.object({ service_provider: Create })
export const ChangeBody = z.object({ service_provider: Change })

export const ListServiceProviders = z.object({ id: idText.optional(), enabled: flag.optional(), ...page })
export type ListServiceProviders = z.output<typeof ListServiceProviders>

export const ServiceProviderReply = z.object({
  service_provider: z.object({
    id: z.string(),
    auth_url: z.string(),
    sp_url: z.string(),
    enabled: z.boolean(),
  }),
})
