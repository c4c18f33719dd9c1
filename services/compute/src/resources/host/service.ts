import { type Ctx, isUuid } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import type { VmStore } from '../vm/store.ts'
import { type HostRules, isUp } from './state.ts'
import type { HostLoad, HostStore } from './store.ts'

/** A host as the API shows it, whether as hypervisor, as service or in a zone. */
export interface HostView extends HostLoad {
  up: boolean
}

export interface HostedServer {
  host_id: string
  uuid: string
  name: string
}

export type HostService = ReturnType<typeof hostService>

/** Before 2.53 clients know hosts by a number: 31 bits of the id. */
export const numberOf = (id: string): number => Number.parseInt(id.slice(-8), 16) & 0x7fffffff

/** How a microversion names a host. */
export const apiIdOf = (id: string, microversion: number): string | number =>
  microversion >= 53 ? id : numberOf(id)

export const hostService = (hosts: HostStore, vms: Pick<VmStore, 'serversOn'>, rules: HostRules) => ({
  rules,

  /** in the order of names */
  async list(ctx: Ctx): Promise<HostView[]> {
    const now = ctx.clock.now()
    return (await hosts.load()).map(host => ({ ...host, up: isUp(host, rules, now) }))
  },

  /** The host that a client of this microversion calls `id`. */
  async find(ctx: Ctx, id: string): Promise<HostView | undefined> {
    if (ctx.microversion >= 53 ? !isUuid(id) : !/^\d{1,10}$/.test(id)) return undefined
    const wanted = ctx.microversion >= 53 ? id.toLowerCase() : Number(id)
    return (await this.list(ctx)).find(host => apiIdOf(host.id, ctx.microversion) === wanted)
  },

  /** names of the zones that there are */
  zones: async (): Promise<Set<string>> => new Set((await hosts.load()).map(host => host.zone)),

  servers: (hostIds: readonly string[]): Promise<HostedServer[]> => vms.serversOn(hostIds),

  setEnabled: (id: string, enabled: boolean, reason: string | null): Promise<boolean> =>
    hosts.setEnabled(id, enabled, reason),

  /** @throws Problem 409 while its agent lives or vms are on it */
  async remove(host: HostView): Promise<void> {
    if (host.up) throw errors.hostInUse(host.name, 'its agent is running: stop that first')
    if ((await hosts.remove(host.id)) === 'has-vms')
      throw errors.hostInUse(host.name, 'it is hosting instances: delete those first')
  },
})
