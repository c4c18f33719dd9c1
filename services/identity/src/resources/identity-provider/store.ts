import { isForeignKeyViolation, isUniqueViolation } from '@caelum/db'
import { newHexId } from '@caelum/kernel'
import { subject } from '@caelum/token'
import { pageOf } from '../../collection.ts'
import type { Prisma, PrismaClient } from '../../generated/client.ts'
import type { Transact, Transaction } from '../../revocation/store.ts'
import type { SealedTable } from '../../signing/reseal.ts'
import type { ListIdentityProviders } from './schema.ts'
import { sealName } from './secret.ts'

const include = { remote_ids: { orderBy: { place: 'asc' } } } as const
export type IdentityProvider = Prisma.IdentityProviderGetPayload<{ include: typeof include }>
export type IdentityProviderStore = ReturnType<typeof identityProviderStore>
export type IdentityProviderFields = Omit<Prisma.IdentityProviderUncheckedCreateInput, 'domain_id'>
export type IdentityProviderChange = Omit<Prisma.IdentityProviderUncheckedUpdateInput, 'id' | 'domain_id'>

export const identityProviderStore = (db: PrismaClient, transact: Transact) => ({
  /** @param domainId null: a domain is made for its people, as in Keystone */
  async insert(
    fields: IdentityProviderFields,
    domainId: string | null,
    remoteIds: readonly string[],
  ): Promise<IdentityProvider | 'taken' | 'no-domain'> {
    try {
      return await db.$transaction(async tx => {
        const domain_id = domainId ?? (await ownDomain(tx, fields))
        await tx.identityProvider.create({ data: { ...fields, domain_id } })
        return writeRemoteIds(tx, fields.id, remoteIds)
      })
    } catch (error) {
      if (isUniqueViolation(error)) return 'taken'
      if (isForeignKeyViolation(error)) return 'no-domain'
      throw error
    }
  },

  get: (id: string): Promise<IdentityProvider | null> =>
    db.identityProvider.findUnique({ where: { id }, include }),

  list(query: ListIdentityProviders): Promise<IdentityProvider[]> {
    const { page, ...order } = pageOf(query)
    const conditions: Prisma.IdentityProviderWhereInput[] = [page]
    if (query.id !== undefined) conditions.push({ id: query.id })
    if (query.enabled !== undefined) conditions.push({ enabled: query.enabled })
    return db.identityProvider.findMany({ where: { AND: conditions }, include, ...order })
  },

  /**
   * Disabled, or asking another issuer, it no longer vouches for those who came by it: their tokens end.
   *
   * @param remoteIds those it has from now on; undefined: as before
   */
  async update(
    id: string,
    decide: (row: IdentityProvider) => IdentityProviderChange,
    remoteIds: readonly string[] | undefined,
  ): Promise<IdentityProvider | 'not-found' | 'taken'> {
    try {
      return await transact<IdentityProvider | 'not-found'>(async tx => {
        await tx.$queryRaw`select 1 from identity_providers where id = ${id} for update`
        const row = await tx.identityProvider.findUnique({ where: { id }, include })
        if (!row) return { value: 'not-found', revoked: [] }
        let value = await tx.identityProvider.update({ where: { id }, data: decide(row), include })
        if (remoteIds) value = await writeRemoteIds(tx, id, remoteIds)
        const lost = (row.enabled && !value.enabled) || row.oidc_issuer !== value.oidc_issuer
        if (lost)
          await tx.outsideMembership.deleteMany({
            where: { user: { federated: { identity_provider_id: id } } },
          })
        return { value, revoked: lost ? [subject.identityProvider(id)] : [] }
      })
    } catch (error) {
      if (isUniqueViolation(error)) return 'taken'
      throw error
    }
  },

  /** With the users who came by it, and all that is theirs. */
  remove: (id: string): Promise<boolean> =>
    transact(async tx => {
      await tx.$queryRaw`select 1 from identity_providers where id = ${id} for update`
      const gone = await tx.$queryRaw<{ id: string }[]>`
        delete from users
        where id in (select user_id from federated_users where identity_provider_id = ${id}) returning id`
      const { count } = await tx.identityProvider.deleteMany({ where: { id } })
      const revoked = [subject.identityProvider(id), ...gone.map(user => subject.user(user.id))]
      return { value: count > 0, revoked: count > 0 ? revoked : [] }
    }),
})

/** keystone/federation/core.py, _create_idp_domain */
async function ownDomain(tx: Transaction, { id: providerId, created_at }: IdentityProviderFields) {
  const id = newHexId()
  const description = `Auto generated federated domain for Identity Provider: ${providerId}`
  await tx.project.create({ data: { id, name: id, description, is_domain: true, created_at } })
  return id
}

async function writeRemoteIds(tx: Transaction, id: string, remoteIds: readonly string[]) {
  await tx.identityProviderRemoteId.deleteMany({ where: { identity_provider_id: id } })
  await tx.identityProviderRemoteId.createMany({
    data: remoteIds.map((remote_id, place) => ({ remote_id, place, identity_provider_id: id })),
  })
  return tx.identityProvider.findUniqueOrThrow({ where: { id }, include })
}

export const sealedClientSecrets = (db: PrismaClient): SealedTable => ({
  async page(after, limit) {
    const rows = await db.identityProvider.findMany({
      where: { id: { gt: after }, oidc_client_secret_sealed: { not: null } },
      orderBy: { id: 'asc' },
      take: limit,
    })
    return rows.flatMap(({ id, oidc_client_secret_sealed: sealed }) =>
      sealed ? [{ id, name: sealName(id), sealed }] : [],
    )
  },
  async replace(id, before, after) {
    await db.$executeRaw`
      update identity_providers set oidc_client_secret_sealed = ${after}
      where id = ${id} and oidc_client_secret_sealed = ${before}`
  },
})
