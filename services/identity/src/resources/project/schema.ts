import { z } from 'zod'
import { description, flag, idText, immutableOption, nameQuery, nonBlank, page } from '../../collection.ts'

/** keystone/common/validation/parameter_types.py, tag_name */
export const Tag = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^,/]*$/, 'must not hold , or /')
export const MOST_TAGS = 80
export const Tags = z
  .array(Tag)
  .max(MOST_TAGS)
  .refine(tags => new Set(tags).size === tags.length, 'must not repeat')

const fields = {
  description: description.optional(),
  enabled: z.boolean().optional(),
  domain_id: idText.nullable().optional(),
  parent_id: idText.nullable().optional(),
  is_domain: z.boolean().optional(),
  tags: Tags.optional(),
  options: immutableOption.optional(),
}

export const CreateProject = z.looseObject({ name: nonBlank(64), ...fields })
export type CreateProject = z.output<typeof CreateProject>

export const ChangeProject = z.looseObject({ name: nonBlank(64).optional(), ...fields })
export type ChangeProject = z.output<typeof ChangeProject>

const tagList = z
  .string()
  .max(10_000)
  .transform(text => text.split(','))
  .optional()

export const ListProjects = z.object({
  ...nameQuery,
  domain_id: idText.optional(),
  parent_id: idText.optional(),
  is_domain: flag.optional(),
  enabled: flag.optional(),
  tags: tagList,
  'tags-any': tagList,
  'not-tags': tagList,
  'not-tags-any': tagList,
  ...page,
})
export type ListProjects = z.output<typeof ListProjects>

/** each is given or not; its value does not matter */
const present = z.string().optional()
export const ShowProject = z.object({
  parents_as_list: present,
  parents_as_ids: present,
  subtree_as_list: present,
  subtree_as_ids: present,
  include_limits: present,
})
export type ShowProject = z.output<typeof ShowProject>

export const ProjectTag = z.object({ id: idText, tag: Tag })

export const ProjectReply = z.object({
  project: z.object({
    id: z.string(),
    name: z.string(),
    domain_id: z.string().nullable(),
    parent_id: z.string().nullable(),
    is_domain: z.boolean(),
    description: z.string().nullable(),
    enabled: z.boolean(),
    tags: z.array(z.string()),
  }),
})
