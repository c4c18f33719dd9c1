import { memberStatuses } from '../image/filter.ts'
import { containerFormats, diskFormats, statuses, visibilities } from '../image/schema.ts'

const uuid = {
  type: 'string',
  pattern: '^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$',
}
const said = (type: string | string[], description: string, more = {}) => ({ type, description, ...more })
const seen = (type: string | string[], description: string, more = {}) => ({
  ...said(type, description, more),
  readOnly: true,
})

const imageProperties = {
  id: { ...uuid, description: 'An identifier for the image' },
  name: said(['null', 'string'], 'Descriptive name for the image', { maxLength: 255 }),
  status: seen('string', 'Status of the image', { enum: statuses }),
  visibility: said('string', 'Scope of image accessibility', { enum: visibilities }),
  protected: said('boolean', 'If true, image will not be deletable.'),
  os_hidden: said('boolean', 'If true, image will not appear in default image list response.'),
  owner: said(['null', 'string'], 'Project that owns the image', { maxLength: 255 }),
  container_format: said(['null', 'string'], 'Format of the container', {
    enum: [null, ...containerFormats],
  }),
  disk_format: said(['null', 'string'], 'Format of the disk', { enum: [null, ...diskFormats] }),
  min_ram: said('integer', 'Amount of ram (in MB) required to boot image.'),
  min_disk: said('integer', 'Amount of disk space (in GB) required to boot image.'),
  tags: said('array', 'List of strings related to the image', {
    items: { type: 'string', maxLength: 255 },
  }),
  checksum: seen(['null', 'string'], 'md5 hash of the data', { maxLength: 32 }),
  os_hash_algo: seen(['null', 'string'], 'Algorithm of os_hash_value', { maxLength: 64 }),
  os_hash_value: seen(['null', 'string'], 'Hash of the data by os_hash_algo', { maxLength: 128 }),
  size: seen(['null', 'integer'], 'Size of the data in bytes'),
  virtual_size: seen(['null', 'integer'], 'Size of the disk that a guest sees, in bytes'),
  created_at: seen('string', 'When the image was registered'),
  updated_at: seen('string', 'When the image was last changed'),
  stores: seen('string', 'Where the data is kept'),
  self: seen('string', 'URL of the image'),
  file: seen('string', 'URL of the data'),
  schema: seen('string', 'URL of this schema'),
}

export const imageSchema = {
  name: 'image',
  properties: imageProperties,
  additionalProperties: { type: 'string' },
  links: [
    { rel: 'self', href: '{self}' },
    { rel: 'enclosure', href: '{file}' },
    { rel: 'describedby', href: '{schema}' },
  ],
}

export const imagesSchema = {
  name: 'images',
  properties: {
    images: { type: 'array', items: imageSchema },
    first: { type: 'string' },
    next: { type: 'string' },
    schema: { type: 'string' },
  },
  links: [
    { rel: 'first', href: '{first}' },
    { rel: 'next', href: '{next}' },
    { rel: 'describedby', href: '{schema}' },
  ],
}

export const memberSchema = {
  name: 'member',
  properties: {
    member_id: said('string', 'An identifier for the image member (project)'),
    image_id: { ...uuid, description: 'An identifier for the image' },
    created_at: said('string', 'When the image was offered'),
    updated_at: said('string', 'When the member last answered'),
    status: said('string', 'The status of this image member', { enum: memberStatuses }),
    schema: { type: 'string', readOnly: true },
  },
}

export const membersSchema = {
  name: 'members',
  properties: { members: { type: 'array', items: memberSchema }, schema: { type: 'string' } },
  links: [{ rel: 'describedby', href: '{schema}' }],
}
