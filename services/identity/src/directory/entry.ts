/** What is read of an entry: keystone/identity/backends/ldap/core.py. */
import type { Entry } from 'ldapts'
import type { DirectoryOptions } from './options.ts'

export interface Person {
  dn: string
  /** what the directory calls them for ever */
  localId: string
  name: string
  enabled: boolean
  email: string | null
  description: string | null
  defaultProjectId: string | null
}

export interface GroupEntry {
  dn: string
  localId: string
  name: string
  description: string
  /** DNs of members, or their ids: `group_members_are_ids` */
  members: string[]
}

/** @param emulated the DNs that are enabled, where a group tells. Null: it has no id or no name */
export function personOf(
  entry: Entry,
  options: DirectoryOptions,
  emulated: ReadonlySet<string> | null,
): Person | null {
  const [localId, name] = [options.user_id_attribute, options.user_name_attribute].map(it => one(entry, it))
  if (!localId || !name) return null
  const told = (field: string, attribute: string | null) =>
    attribute === null || options.user_attribute_ignore.includes(field) ? null : one(entry, attribute)
  return {
    dn: entry.dn,
    localId,
    name,
    enabled: emulated
      ? emulated.has(plainDn(entry.dn))
      : isEnabled(told('enabled', options.user_enabled_attribute), options),
    email: told('email', options.user_mail_attribute),
    description: told('description', options.user_description_attribute),
    defaultProjectId: told('default_project_id', options.user_default_project_id_attribute),
  }
}

export function groupOf(entry: Entry, options: DirectoryOptions): GroupEntry | null {
  const [localId, name] = [options.group_id_attribute, options.group_name_attribute].map(it => one(entry, it))
  if (!localId || !name) return null
  return {
    dn: entry.dn,
    localId,
    name,
    description: one(entry, options.group_desc_attribute) ?? '',
    members: valuesOf(entry, options.group_member_attribute),
  }
}

/** With a mask the attribute is a number, and the bit means disabled, as in Active Directory. */
export function isEnabled(value: string | null, options: DirectoryOptions): boolean {
  const { user_enabled_mask: mask, user_enabled_default: standard, user_enabled_invert: invert } = options
  if (mask !== 0) return (Number.parseInt(value ?? standard, 10) & mask) !== mask
  const said = /^(true|yes|on|1|t|y)$/i.test(value ?? standard)
  return invert ? !said : said
}

export function valuesOf(entry: Entry, attribute: string): string[] {
  const key = Object.keys(entry).find(it => it.toLowerCase() === attribute.toLowerCase())
  const found = key === undefined ? [] : entry[key]
  return (Array.isArray(found) ? found : [found]).filter(
    it => typeof it === 'string' && it !== '',
  ) as string[]
}

const one = (entry: Entry, attribute: string): string | null => valuesOf(entry, attribute)[0] ?? null

/** One of the ways to write it, to compare by. */
export const plainDn = (dn: string): string => dn.toLowerCase().replace(/\s*([,=+])\s*/g, '$1')
