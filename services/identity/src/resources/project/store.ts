import { allColumns, isForeignKeyViolation, isUniqueViolation } from '@caelum/db'
import { subject } from '@caelum/token'
import { Prisma, type PrismaClient, type Project } from '../../generated/client.ts'
import type { Transact, Transaction } from '../../revocation/store.ts'
import { listProjects } from './list-store.ts'
import type { ListProjects } from './schema.ts'

export type { Project }
export type ProjectStore = ReturnType<typeof projectStore>
export type ProjectChange = Pick<
  Prisma.ProjectUncheckedUpdateInput,
  'name' | 'description' | 'enabled' | 'tags' | 'options' | 'extra'
>

/** What a change of a project must respect, as it is under lock. */
export interface Surroundings {
  parentEnabled: boolean
  enabledBelow: boolean
}

const ALL = Prisma.raw(allColumns(Prisma.ProjectScalarFieldEnum, 'p'))

export const projectStore = (db: PrismaClient, transact: Transact) => ({
  /** @param domainIn the domain, from the parent and those above it (none: there is no parent); it may throw */
  async insert(
    row: Omit<Prisma.ProjectUncheckedCreateInput, 'domain_id'> & { parent_id: string },
    domainIn: (parents: Project[]) => string,
  ): Promise<Project | 'name-taken'> {
    try {
      return await transact(async tx => {
        await tx.$queryRaw`select 1 from projects where id = ${row.parent_id} for share`
        const parent = await tx.project.findUnique({ where: { id: row.parent_id } })
        const domain_id = domainIn(parent ? [parent, ...(await above(tx, parent))] : [])
        return { value: await tx.project.create({ data: { ...row, domain_id } }), revoked: [] }
      })
    } catch (error) {
      if (isUniqueViolation(error)) return 'name-taken'
      throw error
    }
  },

  get: (id: string): Promise<Project | null> => db.project.findUnique({ where: { id } }),

  /** @param within those of this domain only */
  list: (query: ListProjects, within: string | undefined): Promise<Project[]> =>
    listProjects(db, query, within),

  /** the domain of what is made below it; undefined: it is not there */
  async domainBelow(parentId: string): Promise<string | undefined> {
    const parent = await db.project.findUnique({ where: { id: parentId } })
    return parent?.domain_id ?? parent?.id
  },

  /** from its parent up to its domain */
  parents: (row: Project): Promise<Project[]> => above(db, row),

  /** everything below it, nearest first */
  subtree: (id: string): Promise<Project[]> => db.$queryRaw<Project[]>`
    with recursive down (id, depth) as (
      select id, 1 from projects where parent_id = ${id}
      union all
      select p.id, depth + 1 from down join projects p on p.parent_id = down.id
    )
    select ${ALL} from down join projects p using (id) order by depth, p.id`,

  /** @param decide the change, from the row and what is around it as they are under lock; it may throw */
  async update(
    id: string,
    decide: (row: Project, around: Surroundings) => ProjectChange,
  ): Promise<Project | 'not-found' | 'name-taken'> {
    try {
      return await transact<Project | 'not-found'>(async tx => {
        await tx.$queryRaw`select 1 from projects where id = ${id} for update`
        const row = await tx.project.findUnique({ where: { id } })
        if (!row) return { value: 'not-found', revoked: [] }
        const value = await tx.project.update({
          where: { id },
          data: decide(row, await surroundings(tx, row)),
        })
        return { value, revoked: row.enabled && !value.enabled ? [subject.project(id)] : [] }
      })
    } catch (error) {
      if (isUniqueViolation(error)) return 'name-taken'
      throw error
    }
  },

  /** @param check may throw */
  async remove(id: string, check: (row: Project) => void): Promise<'removed' | 'not-found' | 'has-children'> {
    try {
      return await transact<'removed' | 'not-found'>(async tx => {
        await tx.$queryRaw`select 1 from projects where id = ${id} for update`
        const row = await tx.project.findUnique({ where: { id } })
        if (!row) return { value: 'not-found', revoked: [] }
        check(row)
        await tx.project.delete({ where: { id } })
        return { value: 'removed', revoked: [subject.project(id)] }
      })
    } catch (error) {
      if (isForeignKeyViolation(error)) return 'has-children'
      throw error
    }
  },
})

const above = (tx: Transaction, row: Project): Promise<Project[]> => tx.$queryRaw<Project[]>`
  with recursive up (id, parent_id, depth) as (
    select id, parent_id, 1 from projects where id = ${row.parent_id}
    union all
    select p.id, p.parent_id, depth + 1 from up join projects p on p.id = up.parent_id
  )
  select ${ALL} from up join projects p using (id) order by depth`

async function surroundings(tx: Transaction, row: Project): Promise<Surroundings> {
  const parents = await above(tx, row)
  const enabledChild = await tx.project.findFirst({
    where: { parent_id: row.id, enabled: true },
    select: { id: true },
  })
  return { parentEnabled: parents.every(parent => parent.enabled), enabledBelow: enabledChild !== null }
}
