import { type Ctx, problems } from '@caelum/kernel'
import { isVisible, mustBeAllowed } from '../../collection/access.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import type { Limits, QuotaStore } from './store.ts'

export type QuotaService = ReturnType<typeof quotaService>

export const quotaService = (store: QuotaStore) => {
  const mustSee = (ctx: Ctx, projectId: string): void => {
    if (!isVisible(ctx, projectId)) throw problems.notFound(`Quota of project ${projectId}`)
    mustBeAllowed(ctx, 'network:quotas:show', projectId)
  }
  return {
    async list(): Promise<(Limits & { project_id: string })[]> {
      const projects = await store.projects()
      return Promise.all(
        projects.map(async project_id => ({ ...(await store.limits(project_id)), project_id })),
      )
    },

    async show(ctx: Ctx, projectId: string): Promise<Limits> {
      mustSee(ctx, projectId)
      return store.limits(projectId)
    },

    defaults(ctx: Ctx, projectId: string): Limits {
      mustSee(ctx, projectId)
      return { ...DEFAULT_LIMITS }
    },

    async details(ctx: Ctx, projectId: string): Promise<Record<string, object>> {
      mustSee(ctx, projectId)
      const [limits, used] = await Promise.all([store.limits(projectId), store.used(projectId)])
      return Object.fromEntries(
        Object.entries(limits).map(([name, limit]) => [
          name,
          { limit, used: used[name as keyof Limits], reserved: 0 },
        ]),
      )
    },

    async set(projectId: string, limits: Partial<Limits>): Promise<Limits> {
      await store.set(projectId, limits)
      return store.limits(projectId)
    },

    reset: (projectId: string): Promise<void> => store.reset(projectId),
  }
}
