import { isForeignKeyViolation, isUniqueViolation } from '@caelum/db'
import { subject } from '@caelum/token'
import type { FederationProtocol, Prisma, PrismaClient } from '../../generated/client.ts'
import type { Transact } from '../../revocation/store.ts'

export type { FederationProtocol }
export type ProtocolStore = ReturnType<typeof protocolStore>

/** ids of the identity provider and of its protocol */
export interface Which {
  providerId: string
  id: string
}

const at = ({ providerId, id }: Which) => ({
  identity_provider_id_id: { identity_provider_id: providerId, id },
})

export const protocolStore = (db: PrismaClient, transact: Transact) => ({
  async insert(
    row: Prisma.FederationProtocolUncheckedCreateInput,
  ): Promise<FederationProtocol | 'id-taken' | 'no-provider'> {
    try {
      return await db.federationProtocol.create({ data: row })
    } catch (error) {
      if (isUniqueViolation(error)) return 'id-taken'
      if (isForeignKeyViolation(error)) return 'no-provider'
      throw error
    }
  },

  get: (which: Which): Promise<FederationProtocol | null> =>
    db.federationProtocol.findUnique({ where: at(which) }),

  list: (providerId: string): Promise<FederationProtocol[]> =>
    db.federationProtocol.findMany({ where: { identity_provider_id: providerId }, orderBy: { id: 'asc' } }),

  /** Whoever logged in by it logs in again: what its mapping gave is taken back. */
  update: (
    which: Which,
    data: Pick<Prisma.FederationProtocolUncheckedUpdateInput, 'mapping_id' | 'remote_id_attribute'>,
  ): Promise<FederationProtocol | 'not-found'> =>
    transact<FederationProtocol | 'not-found'>(async tx => {
      const { providerId, id } = which
      await tx.$queryRaw`
        select 1 from federation_protocols where identity_provider_id = ${providerId} and id = ${id} for update`
      if (!(await tx.federationProtocol.findUnique({ where: at(which) })))
        return { value: 'not-found', revoked: [] }
      const value = await tx.federationProtocol.update({ where: at(which), data })
      await tx.outsideMembership.deleteMany({
        where: { user: { federated: { identity_provider_id: providerId, protocol_id: id } } },
      })
      return { value, revoked: [subject.protocol(providerId, id)] }
    }),

  /** With the users who came by it, and all that is theirs. */
  remove: (which: Which): Promise<boolean> =>
    transact(async tx => {
      const { providerId, id } = which
      await tx.$queryRaw`
        select 1 from federation_protocols where identity_provider_id = ${providerId} and id = ${id} for update`
      const gone = await tx.$queryRaw<{ id: string }[]>`
        delete from users where id in (select user_id from federated_users
          where identity_provider_id = ${providerId} and protocol_id = ${id}) returning id`
      const { count } = await tx.federationProtocol.deleteMany({
        where: { identity_provider_id: providerId, id },
      })
      const revoked = [subject.protocol(providerId, id), ...gone.map(user => subject.user(user.id))]
      return { value: count > 0, revoked: count > 0 ? revoked : [] }
    }),
})
