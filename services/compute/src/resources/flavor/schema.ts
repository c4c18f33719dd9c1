import { gatedObject, pageQuery, since } from '@caelum/http'
import { z } from 'zod'
import { description, looseBoolean, looseInt, MAX_INT, resourceName } from '../../fields.ts'
import { MAX_PAGE } from '../../links.ts'

/** nova/api/openstack/compute/schemas/flavors.py */
export const SORT_KEYS = {
  created_at: 'created_at',
  description: 'description',
  disabled: 'is_disabled',
  ephemeral_gb: 'ephemeral_gb',
  flavorid: 'id',
  id: 'created_at',
  is_public: 'is_public',
  memory_mb: 'ram_mb',
  name: 'name',
  root_gb: 'disk_gb',
  rxtx_factor: 'rxtx_factor',
  swap: 'swap_mb',
  updated_at: 'created_at',
  vcpu_weight: 'created_at',
  vcpus: 'vcpus',
} as const

const flavorDescription = description(65_535).nullable()

const rxtxFactor = z
  .union([z.number(), z.string().regex(/^[0-9]+(\.[0-9]+)?$/)])
  .transform(Number)
  .pipe(z.number().positive().max(3.402_82e38))

/** Letters, digits, blanks inside, and . _ -; a number is taken as its digits. */
const flavorId = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(
    z
      .string()
      .min(1)
      .max(255)
      .regex(/^(?! )[a-zA-Z0-9. _-]+(?<! )$/, 'may hold letters, digits, blanks, and . _ -'),
  )

const newFlavor = gatedObject({
  name: resourceName(),
  id: flavorId.nullish(),
  ram: looseInt(1),
  vcpus: looseInt(1),
  disk: looseInt(0),
  'OS-FLV-EXT-DATA:ephemeral': looseInt(0).default(0),
  swap: looseInt(0).default(0),
  rxtx_factor: rxtxFactor.default(1),
  'os-flavor-access:is_public': looseBoolean().default(true),
  description: since(55, flavorDescription.optional()),
})
export const CreateFlavor = (microversion: number) => z.strictObject({ flavor: newFlavor(microversion) })
export type CreateFlavor = z.output<ReturnType<typeof CreateFlavor>>['flavor']

export const UpdateFlavor = z.strictObject({ flavor: z.strictObject({ description: flavorDescription }) })

const minimum = z
  .string()
  .regex(/^-?[0-9]+$/, 'must be a whole number')
  .transform(text => Math.min(Number(text), MAX_INT))
  .optional()

export const ListFlavors = gatedObject(
  {
    ...pageQuery(MAX_PAGE),
    is_public: z.string().max(255).optional(),
    minRam: minimum,
    minDisk: minimum,
    sort_key: z.enum(Object.keys(SORT_KEYS) as (keyof typeof SORT_KEYS)[]).default('flavorid'),
    sort_dir: z.enum(['asc', 'desc']).default('asc'),
  },
  75,
)
export type ListFlavors = z.output<ReturnType<typeof ListFlavors>>

export const FlavorId = z.object({ id: z.string().min(1).max(255) })

const tenant = z.strictObject({ tenant: z.string().min(1).max(255) })
export const FlavorAction = z.union([
  z.strictObject({ addTenantAccess: tenant }),
  z.strictObject({ removeTenantAccess: tenant }),
])

const link = z.object({ rel: z.string(), href: z.string() })
const briefReply = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().nullable().optional(),
  links: z.array(link),
})
const fullReply = briefReply.extend({
  ram: z.int(),
  vcpus: z.int(),
  disk: z.int(),
  swap: z.union([z.int(), z.literal('')]),
  'OS-FLV-EXT-DATA:ephemeral': z.int(),
  'OS-FLV-DISABLED:disabled': z.boolean(),
  'os-flavor-access:is_public': z.boolean(),
  rxtx_factor: z.number(),
  extra_specs: z.record(z.string(), z.string()).optional(),
})
export const FlavorReply = z.object({ flavor: fullReply })
export const FlavorsReply = z.object({
  flavors: z.array(briefReply),
  flavors_links: z.array(link).optional(),
})
export const FlavorDetailsReply = z.object({
  flavors: z.array(fullReply),
  flavors_links: z.array(link).optional(),
})
export const FlavorAccessReply = z.object({
  flavor_access: z.array(z.object({ flavor_id: z.string(), tenant_id: z.string() })),
})
