/** Real guests: how long from POST to ACTIVE and to the first login prompt, and what a cloud costs to have. */
import { randomBytes } from 'node:crypto'

import {
  createServer,
  guestOf,
  untilActive,
  untilConsoleSays,
  untilGone,
} from '../packages/cli/src/demo/guests.ts'
import { uploadImage } from '../packages/cli/src/demo/image.ts'
import { createNetwork } from '../packages/cli/src/demo/network.ts'
import { createTenant } from '../packages/cli/src/demo/tenant.ts'
import { guestImage } from '../packages/cli/src/setup/guest-image.ts'
import { type Cloud, caelum } from '../test/support/cloud.ts'
import { type Figure, median, number } from './measure.ts'

const ROUNDS = 5
const RAM_MB = 256

export async function bootFigures(cloud: Cloud): Promise<Figure[]> {
  const image = await guestImage()
  const { session, flavorId } = await createTenant(
    cloud.admin,
    cloud.admin.urlOf('identity'),
    'bench',
    RAM_MB,
  )
  const imageId = await uploadImage(session, 'bench', image)
  const { networkId } = await createNetwork(session, 'bench')
  await session.call('compute', 'POST', '/os-keypairs', { keypair: { name: 'bench' } })
  const active: number[] = []
  const prompt: number[] = []
  // two before the count begins: each host fetches the image once
  for (let round = -2; round < ROUNDS; round++) {
    const wanted = { imageId, flavorId, networkId, keyName: 'bench', nonce: randomBytes(4).toString('hex') }
    const begun = performance.now()
    const id = await createServer(session, { name: `bench-${round + 2}`, ...wanted })
    await untilActive(session, id, 60_000)
    const toActive = performance.now() - begun
    await untilConsoleSays(session, await guestOf(cloud.admin, id), /login:/, 120_000)
    if (round >= 0) {
      active.push(toActive)
      prompt.push(performance.now() - begun)
    }
    await session.remove('compute', `/servers/${id}`)
    await untilGone(session, id, 60_000)
  }
  const secondsOf = (values: number[]) => `${number(median(values) / 1000)} s`
  return [
    { claim: 'real guest, image cached: POST to ACTIVE', value: secondsOf(active), goal: '< 1.5 s' },
    { claim: 'real guest: POST to login prompt', value: secondsOf(prompt), goal: '' },
  ]
}

interface Status {
  supervisor: { memory_bytes: number }
  processes: { name: string; memory_bytes: number }[]
}

/** Everything but the hosts and what runs on them; a page shared by several processes is counted once among them. */
export async function memoryFigures(cloud: Cloud, when: string): Promise<Figure[]> {
  const status = JSON.parse(await caelum(['status', '--json', '--data', cloud.dataDir])) as Status
  const ours = status.processes.filter(({ name }) => !/^(agent-)?host-/.test(name))
  const bytes = ours.reduce((sum, process) => sum + process.memory_bytes, status.supervisor.memory_bytes)
  return [
    {
      claim: `control plane, resident, ${when}`,
      value: `${number(bytes / 2 ** 20)} MiB`,
      goal: '< 1,024 MiB',
    },
  ]
}
