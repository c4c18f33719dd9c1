import { z } from 'zod'
import { idText, nonBlank, page } from '../../collection.ts'
import { compile, directOf, placeholdersOf } from './pattern.ts'

const text = z.string().max(4_096)
const texts = z.array(text).max(1_000)
const regex = z.boolean().optional()

/** What is asked of an attribute that the identity provider tells; a plain one goes into the local side. */
const Requirement = z
  .union([
    z.strictObject({ type: nonBlank(255) }),
    z.strictObject({ type: nonBlank(255), any_one_of: texts, regex }),
    z.strictObject({ type: nonBlank(255), not_any_of: texts, regex }),
    z.strictObject({ type: nonBlank(255), blacklist: texts, regex }),
    z.strictObject({ type: nonBlank(255), whitelist: texts, regex }),
  ])
  .refine(it => wordsOf(it).every(word => compile(word) !== null), 'a regular expression is not valid')
export type Requirement = z.output<typeof Requirement>

function wordsOf(it: object): string[] {
  if (!('regex' in it) || it.regex !== true) return []
  return Object.values(it)
    .flat()
    .filter(word => typeof word === 'string')
}

const Domain = z.strictObject({ id: text.optional(), name: text.optional() })
export type DomainText = z.output<typeof Domain>

const Project = z.strictObject({
  name: text,
  domain: Domain.optional(),
  roles: z.array(z.strictObject({ name: text })).max(100),
})

const Local = z.strictObject({
  user: z
    .strictObject({
      id: text.optional(),
      name: text.optional(),
      email: text.optional(),
      domain: Domain.optional(),
      type: z.enum(['ephemeral', 'local']).optional(),
    })
    .optional(),
  group: z.union([z.strictObject({ id: text }), z.strictObject({ name: text, domain: Domain })]).optional(),
  groups: text.optional(),
  group_ids: text.optional(),
  domain: Domain.optional(),
  projects: z.array(Project).max(100).optional(),
})
export type Local = z.output<typeof Local>

const Rule = z
  .strictObject({ local: z.array(Local).max(100), remote: z.array(Requirement).min(1).max(100) })
  .refine(
    ({ local, remote }) => placeholdersOf(local).every(index => index < directOf(remote).length),
    'a {placeholder} has no attribute in "remote": only those without any_one_of and not_any_of count, from 0',
  )
  .refine(
    ({ local }) => local.every(it => it.groups === undefined || it.domain !== undefined),
    'groups need a domain beside them',
  )
export type Rule = z.output<typeof Rule>

/** keystone/federation/utils.py, IDP_ATTRIBUTE_MAPPING_SCHEMA_1_0 and _2_0. */
const Mapping = z.strictObject({
  rules: z.array(Rule).min(1).max(1_000),
  schema_version: z.enum(['1.0', '2.0']).default('1.0'),
})
export type Mapping = z.output<typeof Mapping>

export const MappingBody = z.object({ mapping: Mapping })
export const ListMappings = z.object(page)
export type ListMappings = z.output<typeof ListMappings>

export const MappingReply = z.object({
  mapping: z.object({ id: idText, rules: z.array(z.object({})), schema_version: z.string() }),
})
