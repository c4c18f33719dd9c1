import { randomUUID } from 'node:crypto'
import type { Ctx } from '@caelum/kernel'
import { errors } from '../../errors.ts'
import type { AggregateAction, CreateAggregate, UpdateAggregate } from './schema.ts'
import { type Aggregate, type AggregateStore, ZoneConflict } from './store.ts'

export type AggregateService = ReturnType<typeof aggregateService>

/** What is refused because of zones is a conflict for hosts, and a bad request for the rest, as in Nova. */
interface Words {
  verb: string
  status: 400 | 409
}

/** nova/api/openstack/compute/aggregates.py; the rules: nova/compute/api.py, AggregateAPI. */
export const aggregateService = (store: AggregateStore) => {
  const change = async (
    ctx: Ctx,
    id: number,
    words: Words,
    edit: Parameters<AggregateStore['change']>[1],
  ): Promise<Aggregate> => {
    const outcome = await store.change(id, edit, ctx.clock.now())
    if (outcome === 'not-found') throw errors.aggregateNotFound(id)
    if (outcome === 'name-taken') throw errors.aggregateNameExists()
    if (outcome instanceof ZoneConflict) {
      const refuse = words.status === 409 ? errors.conflict : errors.badRequest
      throw refuse(`Cannot ${words.verb} aggregate ${id}. Reason: ${outcome.message}.`)
    }
    return outcome
  }

  /** A zone can be changed and not taken away: servers may have asked for it. */
  const withZone = (row: Aggregate, zone: string | null | undefined): Partial<Aggregate> => {
    if (zone === undefined) return {}
    if (!zone)
      throw errors.badRequest(
        `Cannot update aggregate ${row.id}. Reason: Aggregate ${row.name} does not support empty named availability zone.`,
      )
    return { availability_zone: zone }
  }

  return {
    list: (): Promise<Aggregate[]> => store.list(),

    async get(id: number): Promise<Aggregate> {
      const row = await store.get(id)
      if (!row) throw errors.aggregateNotFound(id)
      return row
    },

    async create(ctx: Ctx, wanted: CreateAggregate): Promise<Aggregate> {
      const row = await store.insert({
        uuid: randomUUID(),
        name: wanted.name,
        availability_zone: wanted.availability_zone ?? null,
        metadata: {},
        hosts: [],
        created_at: ctx.clock.now(),
        updated_at: null,
      })
      if (row === 'name-taken') throw errors.aggregateNameExists()
      return row
    },

    update: (ctx: Ctx, id: number, wanted: UpdateAggregate): Promise<Aggregate> =>
      change(ctx, id, { verb: 'update', status: 400 }, async row => ({
        ...(wanted.name === undefined ? {} : { name: wanted.name }),
        ...withZone(row, wanted.availability_zone),
      })),

    async remove(id: number): Promise<void> {
      await this.get(id)
      if (!(await store.remove(id)))
        throw errors.badRequest(
          `Cannot remove host from aggregate ${id}. Reason: Host aggregate is not empty.`,
        )
    },

    act(ctx: Ctx, id: number, action: AggregateAction): Promise<Aggregate> {
      if ('add_host' in action) return addHost(ctx, id, action.add_host.host)
      if ('remove_host' in action) return removeHost(ctx, id, action.remove_host.host)
      return setMetadata(ctx, id, action.set_metadata.metadata)
    },
  }

  function addHost(ctx: Ctx, id: number, host: string): Promise<Aggregate> {
    return change(ctx, id, { verb: 'add host to', status: 409 }, async (row, hostExists) => {
      if (!(await hostExists(host))) throw errors.computeHostNotFound(host)
      if (row.hosts.includes(host)) throw errors.aggregateHostExists(id, host)
      return { hosts: [...row.hosts, host] }
    })
  }

  function removeHost(ctx: Ctx, id: number, host: string): Promise<Aggregate> {
    return change(ctx, id, { verb: 'remove host from', status: 409 }, async row => {
      if (!row.hosts.includes(host)) throw errors.aggregateHostNotFound(id, host)
      return { hosts: row.hosts.filter(name => name !== host) }
    })
  }

  /** null takes a key away; the zone is a key like any other to clients. */
  function setMetadata(ctx: Ctx, id: number, given: Record<string, string | null>): Promise<Aggregate> {
    const { availability_zone, ...rest } = given
    return change(ctx, id, { verb: 'update metadata of', status: 400 }, async row => {
      const merged = Object.entries({ ...row.metadata, ...rest })
      const kept = merged.filter((item): item is [string, string] => item[1] !== null)
      return { metadata: Object.fromEntries(kept), ...withZone(row, availability_zone) }
    })
  }
}
