import type { IncomingHttpHeaders } from 'node:http'
import type { Ctx } from '@caelum/kernel'
import { isOwner, requireAccess } from '../../access.ts'
import { STORAGE_POLICY } from '../../constraints.ts'
import { errors } from '../../errors.ts'
import { changedMetadata, fromHeader, metadataOf } from '../../metadata.ts'
import type { Target } from '../../target.ts'
import { aclAllows, cleanAcl, referrerAllows } from './acl.ts'
import type { Container, ContainerStore, ContainerWords } from './store.ts'

export type { Container } from './store.ts'
export type ContainerService = ReturnType<typeof containerService>

export type Use = 'list' | 'read' | 'write' | 'own'

/** @param expire deletes what has expired in a container: invisible, but still counted */
export const containerService = (store: ContainerStore, expire: (containerId: string) => Promise<void>) => {
  /**
   * The container, when the caller may do `operation` in it: as one of the project, or by its ACL.
   *
   * @throws Problem 401 or 403 whether or not it exists, 404 for those who may know
   */
  const open = async (
    ctx: Ctx,
    operation: string,
    { projectId, container: name }: Target,
    use: Use,
    referrer?: string,
  ): Promise<Container> => {
    const container = projectId && name ? await store.get(projectId, name) : null
    requireAccess(ctx, operation, projectId, container !== null && grants(ctx, container, use, referrer))
    if (!container) throw errors.notFound()
    return container
  }

  return {
    open,

    /** ACLs are for owners (Swift's `swift_owner_headers`) */
    isOwner: (ctx: Ctx, container: Container) => isOwner(ctx, container.project_id),

    /** PUT makes it or changes it, POST changes it. */
    async change(
      ctx: Ctx,
      operation: string,
      { projectId, container: name }: Target,
      headers: IncomingHttpHeaders,
      create: boolean,
    ): Promise<'created' | 'changed'> {
      requireAccess(ctx, operation, projectId)
      const words = changeOf(headers)
      const outcome = await store.change(projectId ?? '', name, { now: ctx.clock.now(), create }, words)
      if (outcome === 'not-found') throw errors.notFound()
      return outcome
    },

    async remove(ctx: Ctx, { projectId, container: name }: Target): Promise<void> {
      requireAccess(ctx, 'object-storage:containers:delete', projectId)
      const container = await store.get(projectId ?? '', name)
      if (!container) throw errors.notFound()
      if ((await store.remove(container.id)) === 'removed') return
      await expire(container.id)
      if ((await store.remove(container.id)) === 'not-empty') throw errors.notEmpty()
    },
  }
}

function grants(ctx: Ctx, container: Container, use: Use, referrer: string | undefined): boolean {
  if (use === 'own') return false
  const acl = use === 'write' ? container.write_acl : container.read_acl
  if (aclAllows(acl, ctx.caller, container.project_id)) return true
  return use !== 'write' && referrerAllows(acl, referrer, use === 'list')
}

/** @throws Problem 400 for metadata, ACLs or quotas that make no sense */
function changeOf(headers: IncomingHttpHeaders): (words: ContainerWords) => ContainerWords {
  const metadata = metadataOf('container', headers)
  const storage = headers['x-storage-policy']
  if (storage !== undefined && storage !== STORAGE_POLICY)
    throw errors.badRequest(`Invalid X-Storage-Policy '${storage}'`)
  for (const name of ['quota-bytes', 'quota-count'])
    if (metadata.set[name] && !/^\d{1,15}$/.test(metadata.set[name]))
      throw errors.badRequest(`Invalid ${name === 'quota-bytes' ? 'bytes' : 'count'} quota.`)
  const read = aclOf('read', headers)
  const write = aclOf('write', headers)
  return words => ({
    metadata: changedMetadata(words.metadata, metadata),
    read_acl: read ?? words.read_acl,
    write_acl: write ?? words.write_acl,
  })
}

function aclOf(kind: 'read' | 'write', headers: IncomingHttpHeaders): string | undefined {
  if (headers[`x-remove-container-${kind}`] !== undefined) return ''
  const value = headers[`x-container-${kind}`]
  return value === undefined ? undefined : cleanAcl(kind, fromHeader(String(value)))
}

/** What a container may hold, as its owner has said in `X-Container-Meta-Quota-*`; undefined: as much as fits. */
export function quotaOf({ metadata }: Container): { bytes: number; count: number } | undefined {
  const [bytes, count] = [metadata['quota-bytes'], metadata['quota-count']]
  if (bytes === undefined && count === undefined) return undefined
  return {
    bytes: Number(bytes ?? Number.POSITIVE_INFINITY),
    count: Number(count ?? Number.POSITIVE_INFINITY),
  }
}
