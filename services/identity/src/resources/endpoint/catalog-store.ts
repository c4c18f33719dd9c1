import type { PrismaClient } from '../../generated/client.ts'

export interface CatalogService {
  id: string
  type: string
  name: string | null
  endpoints: { id: string; interface: string; region_id: string | null; url: string }[]
}

export type CatalogStore = ReturnType<typeof catalogStore>

export const catalogStore = (db: PrismaClient) => ({
  /** what is enabled, in a stable order */
  enabled: (): Promise<CatalogService[]> =>
    db.service.findMany({
      where: { enabled: true },
      select: {
        id: true,
        type: true,
        name: true,
        endpoints: {
          where: { enabled: true },
          select: { id: true, interface: true, region_id: true, url: true },
          orderBy: { id: 'asc' },
        },
      },
      orderBy: { id: 'asc' },
    }),
})
