import { keyset } from '@caelum/db'
import type { PrismaClient } from '../../generated/client.ts'
import type { Condition, ListQuery } from './filter.ts'

export interface Image {
  id: string
  name: string | null
  owner: string | null
  visibility: string
  is_hidden: boolean
  is_protected: boolean
  is_deactivated: boolean
  container_format: string | null
  disk_format: string | null
  min_disk_gb: number
  min_ram_mb: number
  properties: Record<string, string>
  tags: string[]
  blob_id: string | null
  size_bytes: bigint | null
  virtual_size_bytes: bigint | null
  md5: string | null
  sha512: string | null
  status: string
  created_at: Date
  updated_at: Date
}

/** What users say of an image; the rest is written by the upload. */
export type ImageWords = Omit<
  Image,
  | 'id'
  | 'blob_id'
  | 'size_bytes'
  | 'virtual_size_bytes'
  | 'md5'
  | 'sha512'
  | 'status'
  | 'created_at'
  | 'updated_at'
>

/** Who looks: `everything` for administrators and services. */
export interface Viewer {
  projectId: string | undefined
  everything: boolean
}

/** What an upload says of an image. */
export interface UploadedFile {
  blob_id: string
  size_bytes: bigint
  virtual_size_bytes: bigint | null
  md5: string
  sha512: string
}

export type ImageStore = ReturnType<typeof imageStore>

export const imageStore = (db: PrismaClient) => ({
  /** counts the project's images and inserts in one transaction; projects take turns by themselves only */
  insert: (row: ImageWords & { id: string; created_at: Date }, maxPerProject: number) =>
    db.$transaction(async tx => {
      await lockProject(tx, row.owner)
      if ((await tx.image.count({ where: { owner: row.owner } })) >= maxPerProject) return 'over-quota'
      const used = await tx.$queryRaw<unknown[]>`
        select 1 from deleted_images where id = ${row.id}::uuid union select 1 from images where id = ${row.id}::uuid`
      if (used.length > 0) return 'id-taken'
      return image(await tx.image.create({ data: { ...row, updated_at: row.created_at } }))
    }),

  async get(id: string, viewer: Viewer): Promise<Image | null> {
    const row = await db.image.findFirst({ where: { AND: [{ id }, visibleTo(viewer, 'all')] } })
    return row && image(row)
  },

  /** @returns null when the marker is not among what the viewer sees */
  async list(viewer: Viewer, query: ListQuery): Promise<Image[] | null> {
    const marker = query.marker ? await this.get(query.marker, viewer) : null
    if (query.marker && !marker) return null
    const page = keyset(query.sort, marker && { ...marker })
    const rows = await db.image.findMany({
      where: {
        AND: [
          visibleTo(viewer, query.memberStatus),
          chosenVisibility(viewer, query.visibility),
          ...query.conditions,
          page.where,
        ],
      },
      orderBy: page.orderBy,
      take: query.limit,
    })
    return rows.map(image)
  },

  /** `change` sees the newest row, with nobody changing it meanwhile. @returns null when there is no such image */
  change: (id: string, now: Date, change: (image: Image) => Partial<ImageWords>): Promise<Image | null> =>
    db.$transaction(async tx => {
      await tx.$queryRaw`select 1 from images where id = ${id}::uuid for update`
      const row = await tx.image.findUnique({ where: { id } })
      if (!row) return null
      return image(await tx.image.update({ where: { id }, data: { ...change(image(row)), updated_at: now } }))
    }),

  /** @returns the bytes that nobody needs any more */
  remove: (id: string, now: Date): Promise<{ blob_id: string | null } | 'gone' | 'protected'> =>
    db.$transaction(async tx => {
      const [row] = await tx.$queryRaw<{ blob_id: string | null; is_protected: boolean }[]>`
        select blob_id, is_protected from images where id = ${id}::uuid for update`
      if (!row) return 'gone'
      if (row.is_protected) return 'protected'
      await tx.image.delete({ where: { id } })
      await tx.deletedImage.create({ data: { id, deleted_at: now } })
      return { blob_id: row.blob_id }
    }),

  async usage(projectId: string): Promise<{ images: number; bytes: number; uploading: number }> {
    const [sum] = await db.$queryRaw<{ images: number; bytes: bigint; uploading: number }[]>`
      select count(*)::int as images, coalesce(sum(size_bytes), 0)::bigint as bytes,
        count(upload_id)::int as uploading
      from images where owner = ${projectId}`
    return { images: sum?.images ?? 0, bytes: Number(sum?.bytes ?? 0), uploading: sum?.uploading ?? 0 }
  },

  /** Compare-and-set: one upload at a time, and only while there are no bytes yet. */
  async beginUpload(imageId: string, uploadId: string): Promise<boolean> {
    const { count } = await db.image.updateMany({
      where: { id: imageId, upload_id: null, blob_id: null },
      data: { upload_id: uploadId },
    })
    return count === 1
  },

  /** From saving to active, within the quota of the owner. */
  finishUpload: (imageId: string, uploadId: string, file: UploadedFile, quotaBytes: number, now: Date) =>
    db.$transaction(async tx => {
      const row = await tx.image.findUnique({ where: { id: imageId }, select: { owner: true } })
      if (!row) return 'gone'
      await lockProject(tx, row.owner)
      const [used] = await tx.$queryRaw<{ bytes: bigint }[]>`
        select coalesce(sum(size_bytes), 0)::bigint as bytes from images where owner = ${row.owner}`
      if ((used?.bytes ?? 0n) + file.size_bytes > BigInt(quotaBytes)) return 'over-quota'
      const { count } = await tx.image.updateMany({
        where: { id: imageId, upload_id: uploadId },
        data: { ...file, upload_id: null, updated_at: now },
      })
      return count === 1 ? 'finished' : 'gone'
    }),

  /** Back to queued, unless the upload was finished or the image deleted. */
  async abandonUpload(imageId: string, uploadId: string): Promise<void> {
    await db.image.updateMany({ where: { id: imageId, upload_id: uploadId }, data: { upload_id: null } })
  },

  /** Back to queued: every upload older than `before` (ids sort by time) that is not among `live`. */
  abandonUploads: (before: string, live: string[]): Promise<number> =>
    db.$executeRaw`update images set upload_id = null
      where upload_id < ${before}::uuid and upload_id <> all(${live}::uuid[])`,

  async namedBlobs(blobIds: string[]): Promise<ReadonlySet<string>> {
    const rows = await db.image.findMany({ where: { blob_id: { in: blobIds } }, select: { blob_id: true } })
    return new Set(rows.map(row => row.blob_id ?? ''))
  },
})

/** Makes changes to the usage of one project take turns, until the end of the transaction. */
const lockProject = (tx: Pick<PrismaClient, '$executeRaw'>, projectId: string | null) =>
  tx.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${`image:${projectId ?? ''}`}, 0))`

const image = (row: Omit<Image, 'properties'> & { properties: unknown }): Image => ({
  ...row,
  properties: row.properties as Record<string, string>,
})

/** glance/db/sqlalchemy/api.py, is_image_visible and _select_images_query. */
function visibleTo({ projectId, everything }: Viewer, memberStatus: string): Condition {
  if (everything) return {}
  const membership = {
    project_id: projectId ?? '',
    ...(memberStatus === 'all' ? {} : { status: memberStatus }),
  }
  return {
    OR: [
      { visibility: { in: ['public', 'community'] } },
      ...(projectId ? [{ owner: projectId }, { visibility: 'shared', members: { some: membership } }] : []),
    ],
  }
}

/** Community images of others are listed only when asked for. */
function chosenVisibility({ projectId }: Viewer, visibility: string | undefined): Condition {
  if (visibility === 'all') return {}
  if (visibility) return { visibility }
  return { OR: [{ visibility: { not: 'community' } }, ...(projectId ? [{ owner: projectId }] : [])] }
}
