import type { DomainOption, PrismaClient } from '../../generated/client.ts'
import { Prisma } from '../../generated/client.ts'
import type { SealedTable } from '../../signing/reseal.ts'

export type DomainConfigStore = ReturnType<typeof domainConfigStore>

export interface Option {
  id: string
  group: string
  name: string
  /** JSON of a value that may be shown */
  value?: Prisma.InputJsonValue | null
  /** of one that may not */
  sealed?: Uint8Array<ArrayBuffer>
}

/** Which options: of the domain, of a group in it, or one. */
export interface Which {
  domainId: string
  group?: string | undefined
  name?: string | undefined
}

export const domainConfigStore = (db: PrismaClient) => ({
  list: ({ domainId, group, name }: Which): Promise<DomainOption[]> =>
    db.domainOption.findMany({
      where: {
        domain_id: domainId,
        ...(group === undefined ? {} : { group }),
        ...(name === undefined ? {} : { name }),
      },
      orderBy: [{ group: 'asc' }, { name: 'asc' }],
    }),

  /** These and no others. */
  replace: (domainId: string, options: readonly Option[]): Promise<'made' | 'replaced'> =>
    db.$transaction(async tx => {
      await tx.$queryRaw`select 1 from projects where id = ${domainId} for no key update`
      const { count } = await tx.domainOption.deleteMany({ where: { domain_id: domainId } })
      await tx.domainOption.createMany({ data: options.map(option => rowOf(domainId, option)) })
      return count > 0 ? 'replaced' : 'made'
    }),

  /** @param onlyIn what must be there already, or nothing changes */
  merge: (domainId: string, options: readonly Option[], onlyIn: Which): Promise<'merged' | 'not-found'> =>
    db.$transaction(async tx => {
      await tx.$queryRaw`select 1 from projects where id = ${domainId} for no key update`
      const there = await domainConfigStore(tx as PrismaClient).list(onlyIn)
      if (there.length === 0 && onlyIn.group !== undefined) return 'not-found'
      for (const { group, name } of options)
        await tx.domainOption.deleteMany({ where: { domain_id: domainId, group, name } })
      await tx.domainOption.createMany({ data: options.map(option => rowOf(domainId, option)) })
      return 'merged'
    }),

  async remove({ domainId, group, name }: Which): Promise<boolean> {
    const { count } = await db.domainOption.deleteMany({
      where: {
        domain_id: domainId,
        ...(group === undefined ? {} : { group }),
        ...(name === undefined ? {} : { name }),
      },
    })
    return count > 0
  },
})

const rowOf = (domain_id: string, { id, group, name, value, sealed }: Option) => ({
  id,
  domain_id,
  group,
  name,
  value: value === undefined ? Prisma.DbNull : (value ?? Prisma.JsonNull),
  sealed: sealed ?? null,
})

export const sealName = (id: string): string => `domain-option:${id}`

export const sealedDomainOptions = (db: PrismaClient): SealedTable => ({
  async page(after, limit) {
    const rows = await db.domainOption.findMany({
      where: { id: { gt: after }, sealed: { not: null } },
      orderBy: { id: 'asc' },
      take: limit,
      select: { id: true, sealed: true },
    })
    return rows.flatMap(({ id, sealed }) => (sealed ? [{ id, name: sealName(id), sealed }] : []))
  },
  async replace(id, before, after) {
    await db.$executeRaw`update domain_options set sealed = ${after} where id = ${id} and sealed = ${before}`
  },
})
