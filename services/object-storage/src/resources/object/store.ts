import { Prisma, type PrismaClient } from '../../generated/client.ts'
import type { Bounds } from '../../listing/roll-up.ts'
import { within } from '../../listing/store.ts'
import type { Metadata } from '../../metadata.ts'

export interface StoredObject {
  blob_id: string
  bytes: bigint
  md5: string
  content_type: string
  headers: Metadata
  metadata: Metadata
  delete_at: Date | null
  updated_at: Date
}

export interface ListedObject {
  name: string
  md5: string
  bytes: bigint
  content_type: string
  updated_at: Date
}

export type PutOutcome = { replaced: string | null } | 'exists' | 'no-container'
export type ObjectStore = ReturnType<typeof objectStore>

/**
 * Counts and bytes of a container change in the same statement as its objects, each computed from the row that was
 * really inserted, replaced or deleted, so they are exact whatever happens at the same time. Locks are taken in the
 * order object, container.
 */
export const objectStore = (db: PrismaClient) => ({
  async get(containerId: string, name: string, now: Date): Promise<StoredObject | null> {
    const [row] = await db.$queryRaw<StoredObject[]>`
      select blob_id, bytes, md5, content_type, headers, metadata, delete_at, updated_at from objects
      where container_id = ${containerId}::uuid and name = ${name}
        and (delete_at is null or delete_at > ${now}::timestamptz)`
    return row ?? null
  },

  list: (containerId: string, bounds: Bounds, now: Date, reverse: boolean, limit: number) =>
    db.$queryRaw<ListedObject[]>`
      select name, md5, bytes, content_type, updated_at from objects
      where container_id = ${containerId}::uuid ${within(bounds)}
        and (delete_at is null or delete_at > ${now}::timestamptz)
      order by name ${reverse ? Prisma.sql`desc` : Prisma.empty} limit ${limit}`,

  /** Inserts or, when `replace` is set or the old one has expired, replaces. @returns the bytes that were replaced */
  async put(
    containerId: string,
    name: string,
    object: StoredObject,
    options: { replace: boolean },
  ): Promise<PutOutcome> {
    const rows = await db.$queryRaw<{ found: boolean; put: boolean; replaced: string | null }[]>`
      with place as (select id from containers where id = ${containerId}::uuid for key share),
      up as (
        insert into objects
          (container_id, name, blob_id, bytes, md5, content_type, headers, metadata, delete_at, updated_at)
        select id, ${name}, ${object.blob_id}::uuid, ${object.bytes}::bigint, ${object.md5}, ${object.content_type},
          ${JSON.stringify(object.headers)}::jsonb, ${JSON.stringify(object.metadata)}::jsonb,
          ${object.delete_at}::timestamptz, ${object.updated_at}::timestamptz
        from place
        on conflict (container_id, name) do update set
          old_blob_id = objects.blob_id, old_bytes = objects.bytes,
          blob_id = excluded.blob_id, bytes = excluded.bytes, md5 = excluded.md5,
          content_type = excluded.content_type, headers = excluded.headers, metadata = excluded.metadata,
          delete_at = excluded.delete_at, updated_at = excluded.updated_at
        where ${options.replace} or objects.delete_at <= excluded.updated_at
        returning container_id, bytes, old_blob_id, old_bytes),
      counted as (
        update containers set
          object_count = object_count + (up.old_blob_id is null)::int,
          bytes_used = bytes_used + up.bytes - coalesce(up.old_bytes, 0)
        from up where containers.id = up.container_id)
      select exists(select from place) as found, exists(select from up) as put,
        (select old_blob_id from up) as replaced`
    const [row] = rows
    if (row?.put) return { replaced: row.replaced }
    return row?.found ? 'exists' : 'no-container'
  },

  /** Replaces what is said of an object; its content type only when a new one is given. */
  async update(
    containerId: string,
    name: string,
    words: Pick<StoredObject, 'headers' | 'metadata' | 'delete_at'> & { content_type: string | undefined },
    now: Date,
  ): Promise<boolean> {
    const changed = await db.$executeRaw`
      update objects set headers = ${JSON.stringify(words.headers)}::jsonb,
        metadata = ${JSON.stringify(words.metadata)}::jsonb, delete_at = ${words.delete_at}::timestamptz,
        content_type = coalesce(${words.content_type ?? null}, content_type), updated_at = ${now}::timestamptz
      where container_id = ${containerId}::uuid and name = ${name}
        and (delete_at is null or delete_at > ${now}::timestamptz)`
    return changed > 0
  },

  /** @returns the bytes that nobody needs any more, and whether the object was still there for its users */
  async remove(
    containerId: string,
    name: string,
    now: Date,
  ): Promise<{ blob_id: string; expired: boolean } | null> {
    const [row] = await removing(db, Prisma.sql`container_id = ${containerId}::uuid and name = ${name}`, now)
    return row ?? null
  },

  /** Removes up to `limit` objects whose time has come, everywhere or in one container. @returns their bytes */
  async removeExpired(now: Date, limit: number, containerId?: string): Promise<string[]> {
    const place = containerId ? Prisma.sql`and container_id = ${containerId}::uuid` : Prisma.empty
    const due = await db.$queryRaw<{ container_id: string; name: string }[]>`
      select container_id, name from objects where delete_at <= ${now}::timestamptz ${place}
      order by delete_at limit ${limit}`
    const blobs: string[] = []
    for (const { container_id, name } of due) {
      const where = Prisma.sql`container_id = ${container_id}::uuid and name = ${name} and delete_at <= ${now}::timestamptz`
      for (const row of await removing(db, where, now)) blobs.push(row.blob_id)
    }
    return blobs
  },

  async namedBlobs(blobIds: string[]): Promise<ReadonlySet<string>> {
    const rows = await db.object.findMany({ where: { blob_id: { in: blobIds } }, select: { blob_id: true } })
    return new Set(rows.map(row => row.blob_id))
  },
})

const removing = (db: PrismaClient, where: Prisma.Sql, now: Date) =>
  db.$queryRaw<{ blob_id: string; expired: boolean }[]>`
    with gone as (delete from objects where ${where} returning container_id, blob_id, bytes, delete_at),
    counted as (
      update containers set object_count = object_count - 1, bytes_used = bytes_used - gone.bytes
      from gone where containers.id = gone.container_id)
    select blob_id, coalesce(delete_at <= ${now}::timestamptz, false) as expired from gone`
