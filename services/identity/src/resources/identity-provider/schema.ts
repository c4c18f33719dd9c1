import { z } from 'zod'
import { description, flag, idText, page } from '../../collection.ts'

/**
 * How this service itself asks an OpenID provider, where Keystone leaves that to a web server in front of it. Our own
 * addition to the API.
 */
const Oidc = z.strictObject({
  /** its discovery document is at `<issuer>/.well-known/openid-configuration` */
  issuer: z.url().max(255),
  client_id: z.string().min(1).max(255),
  /** taken and never shown again; left out, one that is there stays as long as issuer and client do */
  client_secret: z.string().min(1).max(4_096).optional(),
  /** tokens meant for one of these are taken too, not only those for `client_id` */
  audiences: z.array(z.string().min(1).max(255)).max(20).default([]),
  /** asked for in a browser login */
  scope: z
    .string()
    .max(255)
    .regex(/(^| )openid( |$)/, 'must contain openid')
    .default('openid profile email'),
})
export type Oidc = z.output<typeof Oidc>

const fields = {
  description: description.optional(),
  enabled: z.boolean().optional(),
  /** minutes that memberships by its mapping outlast a login; else as long as a token lives */
  authorization_ttl: z.number().int().min(0).max(5_256_000).nullable().optional(),
  remote_ids: z
    .array(z.string().min(1).max(255))
    .max(1_000)
    .refine(ids => new Set(ids).size === ids.length, 'must be unique')
    .nullable()
    .optional(),
  x_oidc: Oidc.nullable().optional(),
}

/** keystone/federation/schema.py, identity_provider_create_request_body. */
const Create = z.strictObject({ domain_id: idText.nullable().optional(), ...fields })
export type CreateIdentityProvider = z.output<typeof Create>
const Change = z.strictObject(fields).refine(it => Object.keys(it).length > 0, 'nothing to change')
export type ChangeIdentityProvider = z.output<typeof Change>

export const CreateBody = z.object({ identity_provider: Create })
export const ChangeBody = z.object({ identity_provider: Change })

export const ListIdentityProviders = z.object({ id: idText.optional(), enabled: flag.optional(), ...page })
export type ListIdentityProviders = z.output<typeof ListIdentityProviders>

export const IdentityProviderReply = z.object({
  identity_provider: z.object({
    id: z.string(),
    domain_id: z.string(),
    enabled: z.boolean(),
    remote_ids: z.array(z.string()),
  }),
})
