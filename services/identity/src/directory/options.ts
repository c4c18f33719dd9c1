/**
 * How the directory of a domain is read: group `ldap` of the domain's configuration, named and meant as in keystone.conf
 * (keystone/conf/ldap.py); what a domain does not say is as there.
 */
import { FilterParser } from 'ldapts'
import { z } from 'zod'
import { SHOWN } from '../resources/domain-config/options.ts'

const text = z.string().min(1)
const maybe = z.string().nullable()
const flag = z.union([z.boolean(), z.stringbool()])
const count = z.coerce.number().int().min(0)
const filter = z
  .string()
  .nullable()
  .transform((written, context) => {
    if (written === null || written === '') return null
    try {
      return FilterParser.parseString(written)
    } catch {
      context.addIssue({ code: 'custom', message: 'is no filter of LDAP' })
      return z.NEVER
    }
  })
const list = z.union([
  z.array(z.string()),
  z.string().transform(it => it.split(',').map(word => word.trim())),
])

const Options = z.object({
  url: text.transform(urls => urls.split(',').map(url => url.trim())),
  user: maybe,
  password: maybe.default(null),
  suffix: z.string(),
  query_scope: z.enum(['one', 'sub']),
  page_size: count,
  user_tree_dn: maybe,
  user_filter: filter,
  user_objectclass: text,
  user_id_attribute: text,
  user_name_attribute: text,
  user_mail_attribute: text,
  user_description_attribute: text,
  user_enabled_attribute: text,
  user_enabled_invert: flag,
  user_enabled_mask: count,
  user_enabled_default: z.coerce.string(),
  user_enabled_emulation: flag,
  user_enabled_emulation_dn: maybe,
  user_attribute_ignore: list,
  user_default_project_id_attribute: maybe,
  group_tree_dn: maybe,
  group_filter: filter,
  group_objectclass: text,
  group_id_attribute: text,
  group_name_attribute: text,
  group_member_attribute: text,
  group_members_are_ids: flag,
  group_desc_attribute: text,
  use_tls: flag,
  tls_cacertfile: maybe,
  tls_req_cert: z.enum(['demand', 'never', 'allow']),
})
export type DirectoryOptions = z.output<typeof Options>

/** @throws Error that names what is wrong */
export function directoryOptions(given: Readonly<Record<string, unknown>>): DirectoryOptions {
  const parsed = Options.safeParse({ ...SHOWN['ldap'], ...given })
  if (parsed.success) return parsed.data
  throw new Error(parsed.error.issues.map(it => `${it.path.join('.')}: ${it.message}`).join('; '))
}

export const userTree = (it: DirectoryOptions): string => it.user_tree_dn ?? `ou=Users,${it.suffix}`
export const groupTree = (it: DirectoryOptions): string => it.group_tree_dn ?? `ou=UserGroups,${it.suffix}`
export const enabledDn = (it: DirectoryOptions): string =>
  it.user_enabled_emulation_dn ?? `cn=enabled_users,${userTree(it)}`
