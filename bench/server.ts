/** Servers on the simulated hypervisor: creates until ACTIVE, and the list of a thousand. */
import type { Session } from '../packages/cli/src/client/session.ts'
import type { Cloud } from '../test/support/cloud.ts'
import { type Figure, load, median, number, percentile } from './measure.ts'

interface Brief {
  id: string
  status: string
}

/** A network, and an image that the simulated hypervisor never boots. */
export async function prepareTenant(cloud: Cloud, name: string) {
  const tenant = await cloud.tenant(name)
  const { network } = await tenant.call<{ network: { id: string } }>('network', 'POST', '/v2.0/networks', {
    network: { name: 'bench' },
  })
  await tenant.call('network', 'POST', '/v2.0/subnets', {
    subnet: { network_id: network.id, ip_version: 4, cidr: '10.20.0.0/16' },
  })
  const image = await tenant.call<{ id: string }>('image', 'POST', '/v2/images', {
    name: 'bench',
    disk_format: 'raw',
    container_format: 'bare',
  })
  const stored = await tenant.send('image', 'PUT', `/v2/images/${image.id}/file`, {
    body: Buffer.alloc(1_048_576),
    headers: { 'content-type': 'application/octet-stream' },
  })
  await stored.body?.cancel()
  return { tenant, networkId: network.id, imageId: image.id }
}

type Prepared = Awaited<ReturnType<typeof prepareTenant>>

async function create({ tenant, networkId, imageId }: Prepared, count: number): Promise<void> {
  const names = Array.from({ length: count }, (_, n) => `bench-${n}`)[Symbol.iterator]()
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (const name of names)
        await tenant.call('compute', 'POST', '/servers', {
          server: { name, imageRef: imageId, flavorRef: '1', networks: [{ uuid: networkId }] },
        })
    }),
  )
}

async function untilCount(tenant: Session, status: string, count: number): Promise<void> {
  const deadline = Date.now() + 180_000
  for (;;) {
    const { servers } = await tenant.call<{ servers: Brief[] }>('compute', 'GET', `/servers?status=${status}`)
    if (servers.length === count) return
    const failed = await tenant.call<{ servers: Brief[] }>('compute', 'GET', '/servers?status=ERROR&limit=1')
    if (failed.servers[0]) throw new Error(`server ${failed.servers[0].id} failed`)
    if (Date.now() > deadline) throw new Error(`${servers.length} of ${count} servers are ${status}`)
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}

async function removeAll(tenant: Session): Promise<void> {
  const { servers } = await tenant.call<{ servers: Brief[] }>('compute', 'GET', '/servers')
  await Promise.all(servers.map(({ id }) => tenant.remove('compute', `/servers/${id}`)))
  const deadline = Date.now() + 180_000
  while ((await tenant.call<{ servers: Brief[] }>('compute', 'GET', '/servers')).servers.length > 0) {
    if (Date.now() > deadline) throw new Error('the servers of a round were not deleted in time')
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}

export async function createFigures(prepared: Prepared): Promise<Figure[]> {
  const rates: number[] = []
  for (let round = 0; round < 3; round++) {
    const begun = performance.now()
    await create(prepared, 200)
    await untilCount(prepared.tenant, 'ACTIVE', 200)
    rates.push((200 / (performance.now() - begun)) * 1000)
    await removeAll(prepared.tenant)
  }
  return [
    {
      claim: '200 servers until ACTIVE, simulated, 4 hosts',
      value: `${number(median(rates))}/s`,
      goal: '> 50/s',
    },
  ]
}

/** @param withServers what else is to be measured while there are a thousand servers */
export async function listFigures(
  prepared: Prepared,
  withServers: () => Promise<Figure[]>,
): Promise<Figure[]> {
  const { tenant } = prepared
  await create(prepared, 1_000)
  await untilCount(tenant, 'ACTIVE', 1_000)
  const others = await withServers()
  const list = async () => {
    const answer = await tenant.send('compute', 'GET', '/servers/detail')
    await answer.arrayBuffer()
  }
  await load(list, { concurrency: 1, seconds: 3 })
  const single = await load(list, { concurrency: 1, seconds: 10 })
  const busy = await load(list, { concurrency: 4, seconds: 10 })
  await removeAll(tenant)
  return [
    ...others,
    { claim: 'GET /servers/detail of 1000, p50', value: `${number(median(single.ms))} ms`, goal: '< 60 ms' },
    {
      claim: 'GET /servers/detail of 1000, p99',
      value: `${number(percentile(single.ms, 0.99))} ms`,
      goal: '',
    },
    { claim: 'GET /servers/detail of 1000, 4 clients', value: `${number(busy.perSecond)}/s`, goal: '' },
  ]
}
