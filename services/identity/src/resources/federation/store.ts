/**
 * Somebody whom an identity provider vouches for becomes a user here, in one transaction: the user is made or renamed,
 * and the groups that the mapping gave replace those of the login before. It holds the rows of provider, protocol and
 * mapping shared, as they were when the mapping was asked, so whoever changes one of them comes before it, and it gives
 * up, or after it, and takes back what it wrote. The token is made later and asks again (`resources/token/store.ts`).
 */
import { isUniqueViolation } from '@caelum/db'
import { newHexId, newId } from '@caelum/kernel'
import { Prisma, type PrismaClient } from '../../generated/client.ts'
import { replaceOutsideMemberships } from '../../outside-memberships.ts'
import { subjectsLosing, type Transact, type Transaction } from '../../revocation/store.ts'
import type { DomainRef, Mapped } from '../mapping/evaluate.ts'
import type { Mapping } from '../mapping/schema.ts'

export type FederationStore = ReturnType<typeof federationStore>

/** A protocol of an identity provider, with all that a login by it needs. */
export interface Door {
  provider_id: string
  protocol_id: string
  enabled: boolean
  domain_id: string
  authorization_ttl_min: number | null
  remote_ids: string[]
  remote_id_attribute: string | null
  oidc_issuer: string | null
  oidc_client_id: string | null
  oidc_client_secret_sealed: Uint8Array | null
  oidc_audiences: string[]
  oidc_scope: string | null
  /** null: it is gone */
  mapping: Mapping | null
  /** of the three rows; changes with any of them */
  version: string
}

export interface Person {
  uniqueId: string
  name: string
  email: string | undefined
  domainId: string
}

export const federationStore = (db: PrismaClient, transact: Transact) => ({
  /** null: there is no such protocol */
  async door(providerId: string, protocolId: string): Promise<Door | null> {
    const [row] = await db.$queryRaw<Door[]>`
      select i.id as provider_id, p.id as protocol_id, i.enabled, i.domain_id, i.authorization_ttl_min,
        array(select remote_id from identity_provider_remote_ids where identity_provider_id = i.id) as remote_ids,
        p.remote_id_attribute, i.oidc_issuer, i.oidc_client_id, i.oidc_client_secret_sealed, i.oidc_audiences,
        i.oidc_scope,
        case when m.id is not null then
          jsonb_build_object('rules', m.rules, 'schema_version', m.schema_version) end as mapping,
        ${VERSION} as version
      from identity_providers i join federation_protocols p on p.identity_provider_id = i.id
      left join mappings m on m.id = p.mapping_id
      where i.id = ${providerId} and p.id = ${protocolId}`
    return row ?? null
  },

  /** Enabled identity providers that have this protocol and are asked by ourselves, by id. */
  async doorsOf(protocolId: string): Promise<string[]> {
    const rows = await db.$queryRaw<{ id: string }[]>`
      select i.id from identity_providers i join federation_protocols p on p.identity_provider_id = i.id
      where p.id = ${protocolId} and i.enabled and i.oidc_issuer is not null order by i.id`
    return rows.map(row => row.id)
  },

  async domainId(domain: DomainRef): Promise<string | null> {
    const where = { is_domain: true, ...domain }
    return (await db.project.findFirst({ where, select: { id: true } }))?.id ?? null
  },

  /** A user of our own, whom the mapping names. */
  async localUserId({ id, name, domainId }: LocalUser): Promise<string | null> {
    const where = {
      source: 'local',
      ...(id === undefined ? { name: name ?? '', domain_id: domainId } : { id }),
    }
    return (await db.user.findFirst({ where, select: { id: true } }))?.id ?? null
  },

  /** Those that there are, by ids and by names; others are left out. */
  async groupIds({ groupIds, groupNames }: Mapped): Promise<string[]> {
    const named = groupNames.map(({ name, domain }) => ({ name, domain }))
    const rows = await db.group.findMany({
      where: { OR: [{ id: { in: groupIds } }, ...named] },
      select: { id: true },
      orderBy: { id: 'asc' },
    })
    return rows.map(row => row.id)
  },

  /**
   * @param ttlS how long the memberships last, seconds
   * @returns the user
   */
  async admit(
    door: Pick<Door, 'provider_id' | 'protocol_id' | 'version'>,
    person: Person,
    given: { groupIds: readonly string[]; projects: readonly Provided[]; ttlS: number },
  ): Promise<{ id: string } | Refused> {
    const once = () =>
      transact<{ id: string } | Refused>(async tx => {
        if (!(await isAsItWas(tx, door))) return none('provider, protocol or mapping changed meanwhile')
        if (!(await isDomain(tx, person.domainId))) return none('the domain is not there')
        const userId = await ensureUser(tx, door, person)
        await provide(tx, userId, given.projects)
        const lost = await replaceOutsideMemberships(tx, userId, given)
        return { value: { id: userId }, revoked: lost.length === 0 ? [] : subjectsLosing(lost) }
      })
    try {
      return await once()
    } catch (error) {
      if (isUniqueViolation(error)) return once()
      throw error
    }
  },

  /** Ids of global roles by name, and those of the domain. */
  async roleIds(names: readonly string[], domainId: string): Promise<Map<string, string>> {
    const rows = await db.role.findMany({
      where: { name: { in: [...names] }, domain_id: { in: ['', domainId] } },
      orderBy: { domain_id: 'desc' },
    })
    return new Map(rows.map(({ name, id }) => [name, id]))
  },

  /** @returns false when it was used before */
  async useOnce(state: string, expiresAt: Date): Promise<boolean> {
    await db.usedLogin.deleteMany({ where: { expires_at: { lt: new Date() } } })
    const data = [{ state, expires_at: expiresAt }]
    return (await db.usedLogin.createMany({ data, skipDuplicates: true })).count === 1
  },
})

interface Refused {
  refused: string
}
const none = (refused: string) => ({ value: { refused }, revoked: [] })

interface LocalUser {
  id: string | undefined
  name: string | undefined
  domainId: string
}

/** A project that the mapping gives roles in; made where it is missing. */
export interface Provided {
  name: string
  domainId: string
  roleIds: readonly string[]
}

const VERSION = Prisma.raw(`concat_ws('/', i.xmin, p.xmin, m.xmin)`)

async function isAsItWas(tx: Transaction, door: Pick<Door, 'provider_id' | 'protocol_id' | 'version'>) {
  const rows = await tx.$queryRaw<unknown[]>`
    select 1 as there from identity_providers i join federation_protocols p on p.identity_provider_id = i.id
    join mappings m on m.id = p.mapping_id
    where i.id = ${door.provider_id} and p.id = ${door.protocol_id} and i.enabled and ${VERSION} = ${door.version}
    for share`
  return rows.length > 0
}

const isDomain = async (tx: Transaction, id: string) =>
  (await tx.project.count({ where: { id, is_domain: true } })) > 0

async function ensureUser(
  tx: Transaction,
  { provider_id, protocol_id }: Pick<Door, 'provider_id' | 'protocol_id'>,
  { uniqueId, name, email, domainId }: Person,
): Promise<string> {
  const of = { identity_provider_id: provider_id, protocol_id, unique_id: uniqueId }
  const known = await tx.federatedUser.findUnique({
    where: { identity_provider_id_protocol_id_unique_id: of },
    include: { user: true },
  })
  const extra = email === undefined ? {} : { email }
  if (!known) {
    const id = newHexId()
    const row = { id, name, domain_id: domainId, source: 'federated', extra, created_at: new Date() }
    await tx.user.create({ data: { ...row, federated: { create: of } } })
    return id
  }
  const merged = { ...(known.user.extra as object), ...extra }
  if (known.user.name !== name || JSON.stringify(merged) !== JSON.stringify(known.user.extra))
    await tx.user.update({ where: { id: known.user_id }, data: { name, extra: merged } })
  return known.user_id
}

async function provide(tx: Transaction, userId: string, projects: readonly Provided[]): Promise<void> {
  for (const { name, domainId, roleIds } of projects) {
    const row = { id: newHexId(), name, domain_id: domainId, parent_id: domainId, created_at: new Date() }
    await tx.project.createMany({ data: [row], skipDuplicates: true })
    const { id } = await tx.project.findUniqueOrThrow({
      where: { domain_id_name: { domain_id: domainId, name } },
    })
    await tx.assignment.createMany({
      data: roleIds.map(role_id => ({ id: newId(), user_id: userId, target_id: id, role_id })),
      skipDuplicates: true,
    })
  }
}
