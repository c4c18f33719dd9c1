/**
 * The people and groups of one LDAP directory, read only. What a client sends becomes a value of a filter, encoded as
 * one and never read as a filter; a DN is always one that the server has told.
 */
import {
  AndFilter,
  type Client,
  type Entry,
  EqualityFilter,
  type Filter,
  NoSuchObjectError,
  ResultCodeError,
} from 'ldapts'
import { DirectoryAway, DirectoryServer } from './connection.ts'
import { type GroupEntry, groupOf, type Person, personOf, plainDn, valuesOf } from './entry.ts'
import { type DirectoryOptions, enabledDn, groupTree, userTree } from './options.ts'

const equal = (attribute: string, value: string) => new EqualityFilter({ attribute, value })

export class Directory {
  readonly #options: DirectoryOptions
  readonly #server: DirectoryServer

  constructor(options: DirectoryOptions) {
    this.#options = options
    this.#server = new DirectoryServer(options)
  }

  people(name?: string): Promise<Person[]> {
    return this.#people(name === undefined ? [] : [equal(this.#options.user_name_attribute, name)])
  }

  /** Null: there is none, or more than one. */
  async person(localId: string): Promise<Person | null> {
    return only(await this.#people([equal(this.#options.user_id_attribute, localId)]))
  }

  async personByName(name: string): Promise<Person | null> {
    return only(await this.people(name))
  }

  /** Takes as long for nobody as for somebody. */
  async isPassword(person: Person | null, password: string): Promise<boolean> {
    const right = await this.#server.isPassword(
      person?.dn ?? `cn=nobody,${userTree(this.#options)}`,
      password,
    )
    return right && person !== null
  }

  groups(name?: string): Promise<GroupEntry[]> {
    return this.#groups(name === undefined ? [] : [equal(this.#options.group_name_attribute, name)])
  }

  async group(localId: string): Promise<GroupEntry | null> {
    return only(await this.#groups([equal(this.#options.group_id_attribute, localId)]))
  }

  groupsOf({ dn, localId }: Person): Promise<GroupEntry[]> {
    const { group_member_attribute, group_members_are_ids } = this.#options
    return this.#groups([equal(group_member_attribute, group_members_are_ids ? localId : dn)])
  }

  async membersOf({ members }: GroupEntry): Promise<Person[]> {
    const plain = (text: string) => (this.#options.group_members_are_ids ? text : plainDn(text))
    const named = new Set(members.map(plain))
    const people = await this.people()
    return people.filter(it => named.has(plain(this.#options.group_members_are_ids ? it.localId : it.dn)))
  }

  async #people(filters: Filter[]): Promise<Person[]> {
    const { user_objectclass, user_filter, user_enabled_emulation } = this.#options
    const all = [equal('objectClass', user_objectclass), ...(user_filter ? [user_filter] : []), ...filters]
    const emulated = user_enabled_emulation ? await this.#enabledDns() : null
    const entries = await this.#search(userTree(this.#options), all)
    return entries.flatMap(entry => personOf(entry, this.#options, emulated) ?? [])
  }

  async #groups(filters: Filter[]): Promise<GroupEntry[]> {
    const { group_objectclass, group_filter } = this.#options
    const all = [equal('objectClass', group_objectclass), ...(group_filter ? [group_filter] : []), ...filters]
    const entries = await this.#search(groupTree(this.#options), all)
    return entries.flatMap(entry => groupOf(entry, this.#options) ?? [])
  }

  #search(base: string, filters: Filter[]): Promise<Entry[]> {
    const { query_scope: scope, page_size } = this.#options
    const paged = page_size > 0 ? { paged: { pageSize: page_size } } : {}
    return this.#asked(async client => {
      const found = await client.search(base, { scope, filter: new AndFilter({ filters }), ...paged })
      return found.searchEntries
    })
  }

  async #enabledDns(): Promise<Set<string>> {
    const entries = await this.#asked(async client => {
      try {
        return (await client.search(enabledDn(this.#options), { scope: 'base' })).searchEntries
      } catch (error) {
        if (error instanceof NoSuchObjectError) return []
        throw error
      }
    })
    const { group_member_attribute } = this.#options
    return new Set(entries.flatMap(entry => valuesOf(entry, group_member_attribute)).map(plainDn))
  }

  /** What the server refuses to tell its own user is a fault of the configuration, and nobody else's. */
  async #asked<T>(work: (client: Client) => Promise<T>): Promise<T> {
    try {
      return await this.#server.talk(work)
    } catch (error) {
      if (error instanceof ResultCodeError) throw new DirectoryAway(error.message, { cause: error })
      throw error
    }
  }
}

function only<T>(found: readonly T[]): T | null {
  const [first, ...others] = found
  return first === undefined || others.length > 0 ? null : first
}
