import { z } from 'zod'

/** Free-form properties and tags of one image; Glance's defaults `image_property_quota` and `image_tag_quota`. */
export const MAX_PROPERTIES = 128
export const MAX_TAGS = 128

/** The name of the one store there is. */
export const STORE = 'file'

const MAX_INT = 2_147_483_647

export const text = (max: number) => z.string().max(max)

export const containerFormats = ['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker'] as const
export const diskFormats = [
  'ami',
  'ari',
  'aki',
  'vhd',
  'vhdx',
  'vmdk',
  'raw',
  'qcow2',
  'vdi',
  'iso',
  'ploop',
] as const
export const visibilities = ['public', 'private', 'shared', 'community'] as const
export const statuses = ['queued', 'saving', 'active', 'deactivated'] as const

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** What a client may say of an image besides free-form properties (glance/api/v2/images.py, get_base_properties). */
export const attributes = {
  name: text(255).nullable(),
  visibility: z.enum(visibilities),
  protected: z.boolean(),
  os_hidden: z.boolean(),
  owner: text(255).nullable(),
  container_format: z.enum(containerFormats).nullable(),
  disk_format: z.enum(diskFormats).nullable(),
  min_disk: z.int().min(0).max(MAX_INT),
  min_ram: z.int().min(0).max(MAX_INT),
  tags: z.array(text(255)),
}
export type Attributes = { [K in keyof typeof attributes]: z.output<(typeof attributes)[K]> }
export const isAttribute = (name: string): name is keyof Attributes => Object.hasOwn(attributes, name)

/** What we say of an image and nobody may set. */
export const readOnly = [
  ...['created_at', 'updated_at', 'status', 'checksum', 'size', 'virtual_size', 'direct_url', 'self'],
  ...['file', 'schema', 'id', 'os_hash_algo', 'os_hash_value', 'stores'],
]
/** Glance's, and the one name that no JavaScript object can carry safely. */
export const isReserved = (name: string) =>
  ['location', 'deleted', 'deleted_at', '__proto__'].includes(name) || name.startsWith('os_glance')

export const PropertyName = text(255).min(1)
export const PropertyValue = text(65_535)

export const CreateImage = z
  .object({ id: z.string().regex(UUID, 'must be a UUID'), ...attributes })
  .partial()
  .catchall(z.unknown())
export type CreateImage = z.output<typeof CreateImage>

export const ImageId = z.object({ image_id: z.string().max(255) })

const filter = z.union([z.string(), z.array(z.string())]).optional()
/** Anything else in the query is a filter on the free-form property of that name. */
export const ListImages = z
  .object({
    ...{ limit: filter, marker: filter, sort: filter, sort_key: filter, sort_dir: filter },
    ...{ name: filter, id: filter, status: filter, owner: filter, tag: filter, visibility: filter },
    ...{ container_format: filter, disk_format: filter, size_min: filter, size_max: filter },
    ...{ os_hidden: filter, protected: filter, member_status: filter, checksum: filter },
    ...{ os_hash_value: filter, created_at: filter, updated_at: filter },
  })
  .catchall(filter)
export type ListImages = z.output<typeof ListImages>

export const ImageReply = z.looseObject({
  id: z.string(),
  name: z.string().nullable(),
  status: z.enum(statuses),
  visibility: z.enum(visibilities),
  size: z.number().nullable(),
  checksum: z.string().nullable(),
  tags: z.array(z.string()),
})
export const ImagesReply = z.object({
  images: z.array(ImageReply),
  first: z.string(),
  next: z.string().optional(),
  schema: z.string(),
})

/** A Content-Type without its parameters. */
export const mediaType = (header: string | undefined): string =>
  (header ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
