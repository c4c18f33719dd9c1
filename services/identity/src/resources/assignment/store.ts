import { allColumns, isForeignKeyViolation } from '@caelum/db'
import { newId } from '@caelum/kernel'
import { pageOf, whereName } from '../../collection.ts'
import {
  type Assignment,
  Prisma,
  type PrismaClient,
  type Project,
  type Role,
} from '../../generated/client.ts'
import { subjectsLosing, type Transact } from '../../revocation/store.ts'
import { POWERFUL } from '../role/infer.ts'
import type { ListScopes } from './schema.ts'

export type { Project, Role }
export type AssignmentStore = ReturnType<typeof assignmentStore>

/** To whom, on what, and whether for what is below it. */
export interface Place {
  actor: { kind: 'user' | 'group'; id: string }
  target: { kind: 'project' | 'domain'; id: string } | { kind: 'system' }
  inherited: boolean
}

/** A named thing and its domain, as `include_names` shows it. */
export interface Named {
  id: string
  name: string
  domain_id: string | null
  domain_name: string | null
}

/** An assignment with the names of everything in it. */
export interface AssignmentView {
  user: Named | null
  group: Named | null
  target: (Named & { is_domain: boolean }) | null
  role: Named
  inherited: boolean
  /** where it comes from, when it is not assigned to this user on this target */
  via_group_id: string | null
  from: { id: string; is_domain: boolean } | null
}

export interface AssignmentFilter {
  userId?: string | undefined
  groupId?: string | undefined
  roleId?: string | undefined
  /** a project or a domain; with everything below it if `subtree` */
  targetId?: string | undefined
  subtree?: boolean
  system?: boolean
  inherited?: boolean | undefined
  /** only targets in this domain, and the domain itself */
  within?: string | undefined
}

/** More are never answered. */
const LONGEST_LIST = 10_000

const ALL_OF_PROJECT = Prisma.raw(allColumns(Prisma.ProjectScalarFieldEnum, 'p'))

export const assignmentStore = (db: PrismaClient, transact: Transact) => ({
  /** 'not-found': an actor, target or role that is not there */
  async grant(place: Place, roleId: string): Promise<'granted' | 'not-found'> {
    try {
      const data = { id: newId(), role_id: roleId, ...columnsOf(place) }
      await db.assignment.createMany({ data: [data], skipDuplicates: true })
      return 'granted'
    } catch (error) {
      if (isForeignKeyViolation(error)) return 'not-found'
      throw error
    }
  },

  async has(place: Place, roleId: string): Promise<boolean> {
    const found = await db.assignment.findFirst({ where: { role_id: roleId, ...columnsOf(place) } })
    return found !== null
  },

  remove: (place: Place, roleId: string): Promise<boolean> =>
    transact(async tx => {
      const columns = columnsOf(place)
      const { count } = await tx.assignment.deleteMany({ where: { role_id: roleId, ...columns } })
      return { value: count > 0, revoked: subjectsLosing(count > 0 ? [columns] : []) }
    }),

  roles: (place: Place): Promise<Role[]> =>
    db.role.findMany({ where: { assignments: { some: columnsOf(place) } }, orderBy: { id: 'asc' } }),

  /** undefined: there is no such user or group */
  async domainOfActor({ kind, id }: Place['actor']): Promise<string | undefined> {
    const select = { domain_id: true }
    const row = await (kind === 'user'
      ? db.user.findUnique({ where: { id }, select })
      : db.group.findUnique({ where: { id }, select }))
    return row?.domain_id
  },

  /** undefined: there is no such project or domain */
  async domainOfTarget({
    kind,
    id,
  }: {
    kind: 'project' | 'domain'
    id: string
  }): Promise<string | undefined> {
    const row = await db.project.findUnique({ where: { id, is_domain: kind === 'domain' } })
    return row?.domain_id ?? row?.id
  },

  /** Does it hold, itself or by a group, a role that gives admin or service, or any role on the system? */
  async isPowerful({ id }: Place['actor']): Promise<boolean> {
    const found = await db.$queryRaw<unknown[]>`
      with recursive powerful (id) as (
        select id from roles where domain_id = '' and name = any(${POWERFUL})
        union
        select i.prior_id from powerful p join implications i on i.implied_id = p.id
      )
      select 1 from assignments
      where (user_id = ${id} or group_id = ${id}
          or group_id in (select group_id from current_memberships where user_id = ${id}))
        and (target_id is null or role_id in (select id from powerful))
      limit 1`
    return found.length > 0
  },

  list: (filter: AssignmentFilter): Promise<AssignmentView[]> =>
    db.$queryRaw<AssignmentView[]>`
      with recursive scope (id) as (${scopeOf(filter)}),
      rows (user_id, group_id, target_id, role_id, inherited, via_group_id, from_id) as (
        select user_id, group_id, target_id, role_id, inherited, null, null from assignments
      )
      ${namedRows(filter)}`,

  /**
   * Groups replaced by their users, inherited ones by what they give to each project below. `offset 0` keeps PostgreSQL
   * looking children up by their index, however few parents it expects.
   */
  listEffective: (filter: AssignmentFilter): Promise<AssignmentView[]> =>
    db.$queryRaw<AssignmentView[]>`
      with recursive scope (id) as (${scopeOf(filter)}),
      held as materialized (${heldIn(filter)}),
      below (user_id, group_id, target_id, role_id, from_id) as (
        select h.user_id, h.group_id, p.id, h.role_id, h.target_id
        from held h, lateral (select id from projects where parent_id = h.target_id offset 0) p where h.inherited
        union all
        select b.user_id, b.group_id, p.id, b.role_id, b.from_id
        from below b, lateral (select id from projects where parent_id = b.target_id offset 0) p
      ),
      rows (user_id, group_id, target_id, role_id, inherited, via_group_id, from_id) as (
        select user_id, null, target_id, role_id, false, group_id, null from held where not inherited
        union all
        select user_id, null, target_id, role_id, true, group_id, from_id from below
      )
      ${namedRows(filter)}`,

  project: (id: string): Promise<Project | null> =>
    db.project.findUnique({ where: { id, is_domain: false } }),

  /** projects where the user has a role, by any way */
  projects: (userId: string): Promise<Project[]> => db.$queryRaw<Project[]>`
    with recursive held as (${heldBy(userId)}), below (id) as (
      select p.id from held join projects p on p.parent_id = held.target_id where held.inherited
      union
      select p.id from below join projects p on p.parent_id = below.id
    )
    select ${ALL_OF_PROJECT} from projects p
    where not is_domain and id in (select target_id from held where not inherited union select id from below)
    order by id`,

  /** @param within those of this domain only */
  async projectsWhere(userId: string, query: ListScopes, within: string | undefined): Promise<Project[]> {
    const { page, ...order } = pageOf(query)
    const ids = (await this.projects(userId)).map(row => row.id)
    const conditions: Prisma.ProjectWhereInput[] = [...whereName(query).AND, page, { id: { in: ids } }]
    if (query.enabled !== undefined) conditions.push({ enabled: query.enabled })
    if (query.domain_id !== undefined) conditions.push({ domain_id: query.domain_id })
    if (within !== undefined) conditions.push({ domain_id: within })
    return db.project.findMany({ where: { AND: conditions }, ...order })
  },

  domains: (userId: string): Promise<Project[]> => db.$queryRaw<Project[]>`
    with held as (${heldBy(userId)})
    select ${ALL_OF_PROJECT} from projects p
    where is_domain and id in (select target_id from held where not inherited) order by id`,

  async hasSystemRole(userId: string): Promise<boolean> {
    const rows = await db.$queryRaw<unknown[]>`
      with held as (${heldBy(userId)}) select 1 from held where target_id is null limit 1`
    return rows.length > 0
  },
})

const columnsOf = ({ actor, target, inherited }: Place): Omit<Assignment, 'id' | 'role_id'> => ({
  user_id: actor.kind === 'user' ? actor.id : null,
  group_id: actor.kind === 'group' ? actor.id : null,
  target_id: target.kind === 'system' ? null : target.id,
  inherited,
})

const heldBy = (userId: string) => Prisma.sql`
  select a.target_id, a.inherited from assignments a
  where a.user_id = ${userId} or a.group_id in (select group_id from current_memberships where user_id = ${userId})`

/** Assignments of users, directly or by a group. Only those of one user where one is asked for: they have an index. */
const heldIn = ({ userId }: AssignmentFilter) =>
  userId === undefined
    ? Prisma.sql`
        select coalesce(a.user_id, m.user_id) as user_id, a.group_id, a.target_id, a.role_id, a.inherited
        from assignments a left join current_memberships m on m.group_id = a.group_id
        where coalesce(a.user_id, m.user_id) is not null`
    : Prisma.sql`
        select user_id, group_id, target_id, role_id, inherited from assignments where user_id = ${userId}
        union all
        select m.user_id, a.group_id, a.target_id, a.role_id, a.inherited
        from current_memberships m join assignments a on a.group_id = m.group_id where m.user_id = ${userId}`

const scopeOf = ({ targetId, subtree = false }: AssignmentFilter) => Prisma.sql`
  select ${targetId ?? null}::text
  union
  select p.id from scope join projects p on p.parent_id = scope.id where ${subtree}`

/** `rows` with the names, filtered. */
const namedRows = (filter: AssignmentFilter) => Prisma.sql`
  select
    ${namedActor('u')} as "user", ${namedActor('g')} as "group",
    case when t.id is null then null else json_build_object('id', t.id, 'name', t.name,
      'is_domain', t.is_domain, 'domain_id', td.id, 'domain_name', td.name) end as target,
    json_build_object('id', r.id, 'name', r.name, 'domain_id', rd.id, 'domain_name', rd.name) as role,
    rows.inherited, rows.via_group_id,
    case when f.id is null then null else json_build_object('id', f.id, 'is_domain', f.is_domain) end as "from"
  from rows
  left join users u on u.id = rows.user_id left join projects ud on ud.id = u.domain_id
  left join groups g on g.id = rows.group_id left join projects gd on gd.id = g.domain_id
  left join projects t on t.id = rows.target_id left join projects td on td.id = t.domain_id
  left join projects f on f.id = rows.from_id
  join roles r on r.id = rows.role_id left join projects rd on rd.id = r.domain_id
  where ${conditionsOf(filter)}
  order by rows.user_id, rows.group_id, rows.target_id, rows.role_id
  limit ${LONGEST_LIST + 1}`

function conditionsOf({ userId, groupId, roleId, targetId, system, inherited, within }: AssignmentFilter) {
  const all = [Prisma.sql`true`]
  if (userId !== undefined) all.push(Prisma.sql`rows.user_id = ${userId}`)
  if (groupId !== undefined) all.push(Prisma.sql`rows.group_id = ${groupId}`)
  if (roleId !== undefined) all.push(Prisma.sql`rows.role_id = ${roleId}`)
  if (targetId !== undefined) all.push(Prisma.sql`rows.target_id in (select id from scope)`)
  if (system) all.push(Prisma.sql`rows.target_id is null`)
  if (within !== undefined) all.push(Prisma.sql`(t.domain_id = ${within} or t.id = ${within})`)
  if (inherited !== undefined) all.push(Prisma.sql`rows.inherited = ${inherited}`)
  return Prisma.join(all, ' and ')
}

function namedActor(alias: 'u' | 'g') {
  const [it, domain] = [Prisma.raw(alias), Prisma.raw(`${alias}d`)]
  return Prisma.sql`case when ${it}.id is null then null else json_build_object('id', ${it}.id,
    'name', ${it}.name, 'domain_id', ${domain}.id, 'domain_name', ${domain}.name) end`
}
