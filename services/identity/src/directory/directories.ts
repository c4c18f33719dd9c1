/**
 * Domains whose people and groups are in a directory (LDAP), read only. Before anybody looks at rows of such a domain
 * they are made to be as the directory has them (`refresh...`), and whoever gets a token has been asked for there within
 * FRESH_MS (`freshen`). While a directory is away all that needs it is 503, for its domain only.
 *
 * Which domains have one, and how it is read, is in the domains' configuration, and counts within CONFIG_MS.
 */
import { type Logger, problems } from '@caelum/kernel'
import { DirectoryAway } from './connection.ts'
import { Directory } from './directory.ts'
import type { GroupEntry, Person } from './entry.ts'
import { directoryOptions } from './options.ts'
import type { DirectoryStore, Extent } from './store.ts'

const CONFIG_MS = 1_000
const FRESH_MS = 60_000
/** more are forgotten, oldest first: forgetting one has it asked for again */
const MOST_FRESH = 10_000

interface Dependencies {
  store: DirectoryStore
  /** group `ldap` of a domain's configuration, with what is never shown */
  ldapOptionsOf: (domainId: string) => Promise<Readonly<Record<string, unknown>>>
  /** seconds a token lives, and so a membership counts */
  ttlS: number
  log: Logger
}

/** A user as a login names them. */
interface UserRef {
  id?: string | undefined
  name?: string | undefined
  domain?: { id?: string | undefined; name?: string | undefined } | undefined
}

interface Domain {
  id: string
  name: string
  version: string
}

export class Directories {
  readonly #store: DirectoryStore
  readonly #ldapOptionsOf: Dependencies['ldapOptionsOf']
  readonly #ttlS: number
  readonly #log: Logger
  #domains: Promise<Domain[]> = Promise.resolve([])
  #readAt = Number.NEGATIVE_INFINITY
  readonly #open = new Map<string, { version: string; directory: Directory }>()
  /** id of a user → ms since 1970, when the directory was asked for them */
  readonly #fresh = new Map<string, number>()

  constructor({ store, ldapOptionsOf, ttlS, log }: Dependencies) {
    this.#store = store
    this.#ldapOptionsOf = ldapOptionsOf
    this.#ttlS = ttlS
    this.#log = log
  }

  async isDirectory(domainId: string): Promise<boolean> {
    return (await this.#all()).some(it => it.id === domainId)
  }

  /** @param name only those called so */
  async refreshUsers(domainId: string | undefined, name?: string): Promise<void> {
    await this.#within(domainId, async (directory, id) => {
      await this.#store.putUsers(id, await directory.people(name), extentOf(name))
    })
  }

  /** @param name only those called so */
  async refreshGroups(domainId: string | undefined, name?: string): Promise<void> {
    await this.#within(domainId, async (directory, id) => {
      await this.#store.putGroups(id, await directory.groups(name), extentOf(name))
    })
  }

  /** Them, and the groups they are in. */
  async refreshUser(id: string): Promise<void> {
    const known = (await this.#any()) ? await this.#store.user(id) : null
    if (known?.source !== 'directory' || known.outside_id === null) return
    const localId = known.outside_id
    await this.#within(known.domain_id, async (directory, domainId) => {
      const person = await directory.person(localId)
      if (person) await this.#admit(directory, domainId, person)
      else await this.#lose(domainId, id)
    })
  }

  async refreshGroup(id: string, { members = false } = {}): Promise<void> {
    const known = (await this.#any()) ? await this.#store.group(id) : null
    if (known?.source !== 'directory' || known.outside_id === null) return
    const localId = known.outside_id
    await this.#within(known.domain_id, async (directory, domainId) => {
      const group = await directory.group(localId)
      const found = group ? [group] : []
      await this.#store.putGroups(domainId, found, group ? { found: true } : { id })
      if (group && members) await this.#putMembers(directory, domainId, group, id)
    })
  }

  /** As `refreshUser`, unless that was done within FRESH_MS. */
  async freshen(ids: readonly string[]): Promise<void> {
    if (!(await this.#any())) return
    for (const id of new Set(ids))
      if ((this.#fresh.get(id) ?? 0) < Date.now() - FRESH_MS) {
        await this.refreshUser(id)
        this.#isFresh(id)
      }
  }

  /**
   * Whether this is the password of somebody in a directory.
   *
   * @returns id of the user; `userId` null: it is not. Null: no directory is asked for such a user
   */
  async prove(user: UserRef & { password: string }): Promise<{ userId: string | null } | null> {
    const domains = await this.#all()
    if (domains.length === 0) return null
    const known = user.id === undefined ? null : await this.#store.user(user.id)
    const domain = domains.find(it =>
      user.id === undefined
        ? it.id === user.domain?.id || it.name === user.domain?.name
        : known?.source === 'directory' && it.id === known.domain_id,
    )
    if (!domain) return null
    return this.#within(domain.id, async directory => {
      const person =
        user.id === undefined
          ? await directory.personByName(user.name ?? '')
          : known?.outside_id
            ? await directory.person(known.outside_id)
            : null
      if (!(await directory.isPassword(person, user.password)) || !person) return { userId: null }
      const userId = await this.#admit(directory, domain.id, person)
      this.#isFresh(userId)
      return { userId }
    })
  }

  async #admit(directory: Directory, domainId: string, person: Person): Promise<string> {
    const groups = await directory.groupsOf(person)
    const [userId = ''] = await this.#store.putUsers(domainId, [person], { found: true })
    const groupIds = await this.#store.putGroups(domainId, groups, { found: true })
    await this.#store.putGroupsOf(userId, groupIds, this.#ttlS)
    return userId
  }

  async #lose(domainId: string, id: string): Promise<void> {
    await this.#store.putUsers(domainId, [], { id })
    await this.#store.putGroupsOf(id, [], this.#ttlS)
  }

  async #putMembers(directory: Directory, domainId: string, group: GroupEntry, id: string): Promise<void> {
    const people = await directory.membersOf(group)
    const userIds = await this.#store.putUsers(domainId, people, { found: true })
    await this.#store.putMembersOf(id, userIds, this.#ttlS)
  }

  /** @throws Problem 503 when the directory is away. @returns null: the domain has none */
  async #within<T>(
    domainId: string | undefined,
    work: (directory: Directory, domainId: string) => Promise<T>,
  ): Promise<T | null> {
    const domain = (await this.#all()).find(it => it.id === domainId)
    if (!domain) return null
    try {
      return await work(await this.#directory(domain), domain.id)
    } catch (error) {
      if (!(error instanceof DirectoryAway)) throw error
      this.#log.warn({ domain: domain.id, error: error.message }, 'the directory of a domain is away')
      throw problems.unavailable(
        `The directory of domain ${domain.name} does not answer; please try again.`,
        5,
      )
    }
  }

  async #directory({ id, version }: Domain): Promise<Directory> {
    const open = this.#open.get(id)
    if (open?.version === version) return open.directory
    const directory = new Directory(await this.#options(id))
    this.#open.set(id, { version, directory })
    return directory
  }

  /** @throws DirectoryAway when the configuration says nothing usable */
  async #options(domainId: string) {
    const given = await this.#ldapOptionsOf(domainId)
    try {
      return directoryOptions(given)
    } catch (error) {
      throw new DirectoryAway((error as Error).message)
    }
  }

  async #any(): Promise<boolean> {
    return (await this.#all()).length > 0
  }

  #all(): Promise<Domain[]> {
    if (performance.now() - this.#readAt < CONFIG_MS) return this.#domains
    this.#readAt = performance.now()
    this.#domains = this.#store.domains()
    this.#domains.catch(() => {
      this.#readAt = Number.NEGATIVE_INFINITY
    })
    return this.#domains
  }

  #isFresh(id: string): void {
    const oldest = this.#fresh.size < MOST_FRESH ? undefined : this.#fresh.keys().next().value
    if (oldest !== undefined) this.#fresh.delete(oldest)
    this.#fresh.delete(id)
    this.#fresh.set(id, Date.now())
  }
}

const extentOf = (name: string | undefined): Extent => (name === undefined ? { all: true } : { name })
