/**
 * A tenant who makes and removes servers while the cloud is being killed under its hands. An answer that was lost says
 * nothing about what happened: a create is looked up by its name before it is asked for again, a delete is repeated.
 */
import { createHash, randomBytes } from 'node:crypto'
import { eventually } from '../../packages/cli/src/client/eventually.ts'
import type { Session } from '../../packages/cli/src/client/session.ts'
import { ApiError } from '../../packages/cli/src/client/session.ts'
import type { Cloud } from '../support/cloud.ts'
import { isAway, patiently } from '../support/patience.ts'

export const FLAVOR = { vcpus: 1, ram: 128, disk: 1 }

export interface Server {
  id: string
  name: string
  status: string
}

export interface Workload {
  tenant: Session
  /** a new image of a few bytes, which no host has in its cache */
  newImage(): Promise<string>
  /** a port of the tenant's own, for one server at a time */
  ownPort: string
  /** makes servers of these names from one image, all at once; the first one gets the port, if one is given */
  create(names: readonly string[], image: string, port?: string): Promise<Server[]>
  act(servers: readonly Server[], action: object): Promise<void>
  remove(servers: readonly Server[]): Promise<void>
  /** removes every server there is, and waits until there is none */
  removeAll(): Promise<void>
  list(): Promise<Server[]>
}

export async function startWorkload(cloud: Cloud, name: string): Promise<Workload> {
  const tenant = await cloud.tenant(name)
  const { flavor } = await cloud.admin.call<{ flavor: { id: string } }>('compute', 'POST', '/flavors', {
    flavor: { name, ...FLAVOR },
  })
  const { network } = await tenant.call<{ network: { id: string } }>('network', 'POST', '/v2.0/networks', {
    network: { name },
  })
  await tenant.call('network', 'POST', '/v2.0/subnets', {
    subnet: { name, network_id: network.id, ip_version: 4, cidr: '10.20.0.0/16' },
  })

  const { port } = await tenant.call<{ port: { id: string } }>('network', 'POST', '/v2.0/ports', {
    port: { name, network_id: network.id },
  })

  const list = async () =>
    (await patiently(() => tenant.call<{ servers: Server[] }>('compute', 'GET', '/servers/detail'))).servers

  const createOne = async (name: string, image: string, port: string | undefined): Promise<Server> => {
    const networks = [port ? { port } : { uuid: network.id }]
    const server = { name, imageRef: image, flavorRef: flavor.id, networks }
    for (;;) {
      try {
        const made = await tenant.call<{ server: { id: string } }>('compute', 'POST', '/servers', { server })
        return { id: made.server.id, name, status: 'BUILD' }
      } catch (error) {
        if (!isAway(error)) throw error
        const found = (await list()).find(one => one.name === name)
        if (found) return found
      }
    }
  }

  const onEach = async (servers: readonly Server[], work: (server: Server) => Promise<unknown>) => {
    await Promise.all(servers.map(server => patiently(() => work(server))))
  }

  const remove = (servers: readonly Server[]) =>
    onEach(servers, ({ id }) => tenant.remove('compute', `/servers/${id}`))

  return {
    tenant,
    list,
    remove,
    async removeAll() {
      await remove(await list())
      await eventually('no server to be left', 30_000, async () => ((await list()).length ? undefined : true))
    },
    async newImage() {
      const bytes = randomBytes(512)
      const { id } = await tenant.call<{ id: string }>('image', 'POST', '/v2/images', {
        name: createHash('sha1').update(bytes).digest('hex'),
        disk_format: 'raw',
        container_format: 'bare',
      })
      const answer = await tenant.send('image', 'PUT', `/v2/images/${id}/file`, {
        body: bytes,
        headers: { 'content-type': 'application/octet-stream' },
      })
      await answer.body?.cancel()
      return id
    },
    ownPort: port.id,
    create: (names, image, given) =>
      Promise.all(names.map((one, n) => createOne(one, image, n === 0 ? given : undefined))),
    act: (servers, action) =>
      onEach(servers, async ({ id }) => {
        try {
          await tenant.call('compute', 'POST', `/servers/${id}/action`, action)
        } catch (error) {
          // the try before this one was carried out, and its answer was lost
          if (!(error instanceof ApiError && error.status === 409)) throw error
        }
      }),
  }
}

export const namesOf = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n + 1}`)
