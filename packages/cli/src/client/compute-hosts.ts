import { eventually } from './eventually.ts'
import type { Session } from './session.ts'

export type ComputeService = { host: string; binary: string; state: 'up' | 'down'; status: string }

export async function computeServices(admin: Session): Promise<ComputeService[]> {
  const { services } = await admin.call<{ services: ComputeService[] }>('compute', 'GET', '/os-services')
  return services.filter(service => service.binary === 'nova-compute')
}

/** Waits until compute has heard from the agents of so many hosts. */
export async function waitForHosts(admin: Session, count: number, timeoutMs: number): Promise<void> {
  let seen: ComputeService[] = []
  await eventually(
    `${count} hosts to report to compute`,
    timeoutMs,
    async () => {
      seen = await computeServices(admin)
      return seen.filter(service => service.state === 'up').length >= count || undefined
    },
    () => `(seen: ${seen.map(service => `${service.host} ${service.state}`).join(', ') || 'none'})`,
  )
}
