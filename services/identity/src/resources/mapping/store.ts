import { isUniqueViolation } from '@caelum/db'
import { subject } from '@caelum/token'
import { pageOf } from '../../collection.ts'
import type { Mapping, Prisma, PrismaClient } from '../../generated/client.ts'
import type { Transact, Transaction } from '../../revocation/store.ts'
import type { ListMappings } from './schema.ts'

export type { Mapping }
export type MappingStore = ReturnType<typeof mappingStore>
export type MappingChange = Pick<Prisma.MappingUncheckedUpdateInput, 'rules' | 'schema_version'>

export const mappingStore = (db: PrismaClient, transact: Transact) => ({
  async insert(row: Prisma.MappingUncheckedCreateInput): Promise<Mapping | 'id-taken'> {
    try {
      return await db.mapping.create({ data: row })
    } catch (error) {
      if (isUniqueViolation(error)) return 'id-taken'
      throw error
    }
  },

  get: (id: string): Promise<Mapping | null> => db.mapping.findUnique({ where: { id } }),

  list(query: ListMappings): Promise<Mapping[]> {
    const { page, ...order } = pageOf(query)
    return db.mapping.findMany({ where: page, ...order })
  },

  /** Whoever logged in by the old one logs in again. */
  update: (id: string, data: MappingChange): Promise<Mapping | 'not-found'> =>
    transact<Mapping | 'not-found'>(async tx => {
      await tx.$queryRaw`select 1 from mappings where id = ${id} for update`
      if (!(await tx.mapping.findUnique({ where: { id } }))) return { value: 'not-found', revoked: [] }
      const value = await tx.mapping.update({ where: { id }, data })
      await takeBack(tx, id)
      return { value, revoked: protocolsOf(id) }
    }),

  remove: (id: string): Promise<boolean> =>
    transact(async tx => {
      const { count } = await tx.mapping.deleteMany({ where: { id } })
      if (count > 0) await takeBack(tx, id)
      return { value: count > 0, revoked: count > 0 ? protocolsOf(id) : [] }
    }),
})

/** The memberships that it gave to people at their logins. */
const takeBack = (tx: Transaction, mappingId: string) =>
  tx.outsideMembership.deleteMany({ where: { user: { federated: { protocol: { mapping_id: mappingId } } } } })

const protocolsOf = (mappingId: string) => async (tx: Transaction) => {
  const rows = await tx.federationProtocol.findMany({ where: { mapping_id: mappingId } })
  return rows.map(({ identity_provider_id, id }) => subject.protocol(identity_provider_id, id))
}
