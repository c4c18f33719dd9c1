/**
 * People and groups of a directory have rows like others, so that roles, trusts and all else can name them. The rows
 * follow the directory whenever it is asked, and are written here only. What is no longer in the directory keeps its
 * row without `outside_id`, so that it is itself again if it comes back; nobody is shown it.
 */
import { createHash } from 'node:crypto'
import { subject } from '@caelum/token'
import type { PrismaClient } from '../generated/client.ts'
import { replaceOutsideMemberships } from '../outside-memberships.ts'
import { type Lost, subjectsLosing, type Transact } from '../revocation/store.ts'
import type { GroupEntry, Person } from './entry.ts'

export type DirectoryStore = ReturnType<typeof directoryStore>
type Kind = 'user' | 'group'

/** keystone/identity/id_generators/sha256.py: who comes from a Keystone keeps their ids. */
export const publicId = (domainId: string, kind: Kind, localId: string): string =>
  createHash('sha256').update(`${domainId}${kind}${localId}`).digest('hex')

/** What of a domain was asked for: all there is, those of a name, or one; `found`: nothing but what was found. */
export type Extent = { all: true } | { name: string } | { id: string } | { found: true }

export interface Known {
  domain_id: string
  source: string
  outside_id: string | null
}

export const directoryStore = (db: PrismaClient, transact: Transact) => ({
  /** Domains that have a directory; `version` changes with their configuration. */
  domains: (): Promise<{ id: string; name: string; version: string }[]> => db.$queryRaw`
    select d.id, d.name, string_agg(o.id, ' ' order by o.id) as version
    from domain_options o join projects d on d.id = o.domain_id
    where exists (select from domain_options driver where driver.domain_id = d.id
      and driver."group" = 'identity' and driver.name = 'driver' and driver.value = '"ldap"')
    group by d.id`,

  user: (id: string): Promise<Known | null> => db.user.findUnique({ where: { id } }),
  group: (id: string): Promise<Known | null> => db.group.findUnique({ where: { id } }),

  /** Whoever is disabled there, or gone, loses their tokens. @returns ids, in the order given */
  putUsers(domainId: string, people: readonly Person[], extent: Extent): Promise<string[]> {
    const rows = people.map(person => ({
      id: publicId(domainId, 'user', person.localId),
      name: person.name,
      description: person.description,
      enabled: person.enabled,
      outside_id: person.localId,
      default_project_id: person.defaultProjectId,
      extra: person.email === null ? {} : { email: person.email },
    }))
    const ids = rows.map(row => row.id)
    return transact(async tx => {
      const disabled = await tx.user.findMany({
        where: { id: { in: rows.filter(row => !row.enabled).map(row => row.id) }, enabled: true },
        select: { id: true },
      })
      const gone = await tx.user.updateManyAndReturn({
        where: { AND: [unseen(domainId, extent), { id: { notIn: ids } }] },
        data: { outside_id: null, enabled: false },
        select: { id: true },
      })
      await tx.$executeRaw`
        insert into users as u (id, domain_id, name, description, enabled, outside_id, default_project_id, extra,
          source, created_at)
        select r.id, ${domainId}, r.name, r.description, r.enabled, r.outside_id, r.default_project_id, r.extra,
          'directory', now()
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r (id text, name text, description text,
          enabled boolean, outside_id text, default_project_id text, extra jsonb)
        order by r.id
        on conflict (id) do update set name = excluded.name, description = excluded.description,
          enabled = excluded.enabled, outside_id = excluded.outside_id,
          default_project_id = excluded.default_project_id, extra = excluded.extra
        where (u.name, u.description, u.enabled, u.outside_id, u.default_project_id, u.extra) is distinct from
          (excluded.name, excluded.description, excluded.enabled, excluded.outside_id,
            excluded.default_project_id, excluded.extra)`
      return { value: ids, revoked: [...disabled, ...gone].map(user => subject.user(user.id)) }
    })
  },

  /** @returns ids, in the order given */
  putGroups(domainId: string, groups: readonly GroupEntry[], extent: Extent): Promise<string[]> {
    const rows = groups.map(({ localId, name, description }) => ({
      ...{ id: publicId(domainId, 'group', localId), name, description, outside_id: localId },
    }))
    const ids = rows.map(row => row.id)
    return transact(async tx => {
      const gone = await tx.group.updateManyAndReturn({
        where: { AND: [unseen(domainId, extent), { id: { notIn: ids } }] },
        data: { outside_id: null },
        select: { id: true },
      })
      const left = await tx.outsideMembership.findMany({
        where: { group_id: { in: gone.map(it => it.id) } },
      })
      await tx.outsideMembership.deleteMany({ where: { group_id: { in: gone.map(it => it.id) } } })
      await tx.$executeRaw`
        insert into groups as g (id, domain_id, name, description, outside_id, source, created_at)
        select r.id, ${domainId}, r.name, r.description, r.outside_id, 'directory', now()
        from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
          as r (id text, name text, description text, outside_id text)
        order by r.id
        on conflict (id) do update set name = excluded.name, description = excluded.description,
          outside_id = excluded.outside_id
        where (g.name, g.description, g.outside_id) is distinct from
          (excluded.name, excluded.description, excluded.outside_id)`
      return { value: ids, revoked: left.length === 0 ? [] : subjectsLosing(await lostBy(tx, left)) }
    })
  },

  /** @param ttlS how long they count, seconds */
  putGroupsOf: (userId: string, groupIds: readonly string[], ttlS: number): Promise<void> =>
    transact(async tx => {
      const lost = await replaceOutsideMemberships(tx, userId, { groupIds, ttlS })
      return { value: undefined, revoked: lost.length === 0 ? [] : subjectsLosing(lost) }
    }),

  /** @param ttlS how long they count, seconds */
  putMembersOf: (groupId: string, userIds: readonly string[], ttlS: number): Promise<void> =>
    transact(async tx => {
      const ids = [...userIds]
      const left = await tx.$queryRaw<{ user_id: string; group_id: string }[]>`
        delete from outside_memberships where group_id = ${groupId} and not user_id = any(${ids})
        returning user_id, group_id`
      await tx.$executeRaw`
        insert into outside_memberships (user_id, group_id, expires_at)
        select id, ${groupId}, clock_timestamp() + ${ttlS} * interval '1 second' from users where id = any(${ids})
        order by id on conflict (user_id, group_id) do update set expires_at = excluded.expires_at`
      return { value: undefined, revoked: left.length === 0 ? [] : subjectsLosing(await lostBy(tx, left)) }
    }),
})

/** Those that should have been found. */
const unseen = (domainId: string, extent: Extent) => ({
  domain_id: domainId,
  source: 'directory',
  outside_id: { not: null },
  ...('name' in extent ? { name: extent.name } : {}),
  ...('id' in extent ? { id: extent.id } : {}),
  ...('found' in extent ? { id: { in: [] } } : {}),
})

async function lostBy(
  tx: Pick<PrismaClient, 'assignment'>,
  left: readonly { user_id: string; group_id: string }[],
): Promise<Lost[]> {
  const assigned = await tx.assignment.findMany({ where: { group_id: { in: left.map(it => it.group_id) } } })
  return assigned.flatMap(row =>
    left
      .filter(it => it.group_id === row.group_id)
      .map(({ user_id }) => ({ ...row, user_id, group_id: null })),
  )
}
