/** Which servers a list answers, in which order, and where its page begins: one statement. */
import { Prisma, type PrismaClient } from '../../generated/client.ts'
import { type Joined, selectFrom } from './read-store.ts'
import type { ServerRow } from './row.ts'

export interface ServerFilter {
  projectId?: string
  id?: string
  name?: string
  userId?: string
  host?: string
  imageId?: string
  flavorId?: string
  keyName?: string
  ip?: string
  reservationId?: string
  changesSince?: Date
  changesBefore?: Date
  tags?: string[]
  tagsAny?: string[]
  notTags?: string[]
  notTagsAny?: string[]
  locked?: boolean
}

export type SortField = 'created_at' | 'updated_at' | 'name' | 'id' | 'launched_at'

type Marker = Pick<ServerRow, SortField>

export interface Page {
  limit: number
  sort: { field: SortField; direction: 'asc' | 'desc' }[]
  /** id of the last server of the page before */
  after?: string
}

/** @returns at most `page.limit` rows, after the marker */
export async function listRows(db: PrismaClient, filter: ServerFilter, page: Page): Promise<Joined[]> {
  const marker = page.after
    ? (
        await db.$queryRaw<Marker[]>`
        select id, name, created_at, updated_at, launched_at from servers where id = ${page.after}::uuid`
      )[0]
    : undefined
  const where = [...conditions(filter), ...(marker ? [afterMarker(page, marker)] : [])]
  const order = orderOf(page).map(({ field, direction }) =>
    Prisma.raw(`s."${field}" ${direction} nulls ${direction === 'asc' ? 'last' : 'first'}`),
  )
  return db.$queryRaw<Joined[]>`
    ${Prisma.raw(selectFrom('servers'))}
    ${where.length > 0 ? Prisma.sql`where ${Prisma.join(where, ' and ')}` : Prisma.empty}
    order by ${Prisma.join(order)} limit ${page.limit}`
}

function conditions(filter: ServerFilter): Prisma.Sql[] {
  const all: Prisma.Sql[] = []
  const { tags, tagsAny, notTags, notTagsAny } = filter
  if (filter.projectId) all.push(Prisma.sql`s.project_id = ${filter.projectId}`)
  if (filter.id) all.push(Prisma.sql`s.id::text = ${filter.id}`)
  if (filter.name) all.push(Prisma.sql`s.name ~* ${filter.name}`)
  if (filter.userId) all.push(Prisma.sql`s.user_id = ${filter.userId}`)
  if (filter.host) all.push(Prisma.sql`h.name = ${filter.host}`)
  if (filter.imageId) all.push(Prisma.sql`s.image_id::text = ${filter.imageId}`)
  if (filter.flavorId) all.push(Prisma.sql`s.flavor->>'id' = ${filter.flavorId}`)
  if (filter.keyName) all.push(Prisma.sql`s.key_name = ${filter.keyName}`)
  if (filter.reservationId) all.push(Prisma.sql`s.reservation_id = ${filter.reservationId}`)
  if (filter.locked !== undefined) all.push(Prisma.sql`s.locked = ${filter.locked}`)
  if (filter.changesSince) all.push(Prisma.sql`s.updated_at >= ${filter.changesSince}`)
  if (filter.changesBefore) all.push(Prisma.sql`s.updated_at <= ${filter.changesBefore}`)
  if (filter.ip)
    all.push(Prisma.sql`exists (select 1 from jsonb_path_query(s.seen_ports, '$[*].fixed_ips[*].address') a
      where a #>> '{}' ~* ${filter.ip})`)
  if (tags) all.push(Prisma.sql`s.tags @> ${tags}::text[]`)
  if (tagsAny) all.push(Prisma.sql`s.tags && ${tagsAny}::text[]`)
  if (notTags) all.push(Prisma.sql`not s.tags @> ${notTags}::text[]`)
  if (notTagsAny) all.push(Prisma.sql`not s.tags && ${notTagsAny}::text[]`)
  return all
}

const orderOf = ({ sort }: Page): Page['sort'] =>
  sort.some(({ field }) => field === 'id')
    ? sort
    : [...sort, { field: 'id', direction: sort.at(-1)?.direction ?? 'desc' }]

/** "Comes after the marker" spelled out key by key; a null sorts as PostgreSQL's largest value. */
function afterMarker(page: Page, marker: Marker): Prisma.Sql {
  const keys = orderOf(page)
  const alternatives = keys.map(({ field, direction }, index) => {
    const equal = keys.slice(0, index).map(key => compare(key.field, 'is not distinct from', marker))
    const beyond = direction === 'asc' ? compare(field, '>', marker) : compare(field, '<', marker)
    return Prisma.sql`(${Prisma.join([...equal, beyond], ' and ')})`
  })
  return Prisma.sql`(${Prisma.join(alternatives, ' or ')})`
}

function compare(field: SortField, operator: string, marker: Marker): Prisma.Sql {
  const cast = field === 'id' ? '::uuid' : field === 'name' ? '' : '::timestamptz'
  return Prisma.sql`${Prisma.raw(`s."${field}" ${operator}`)} ${marker[field]}${Prisma.raw(cast)}`
}
