/**
 * Every figure we claim, measured on this machine: `./caelum bench`. One simulated cloud and one with real guests
 * are brought up for it, beside whatever runs, and removed.
 */
import { type Cloud, startCloud } from '../test/support/cloud.ts'
import { bootFigures, memoryFigures } from './boot.ts'
import { identityFigures } from './identity.ts'
import { type Figure, median, number, table } from './measure.ts'
import { createFigures, listFigures, prepareTenant } from './server.ts'
import { tokenFigures } from './token.ts'

async function withCloud(
  options: Parameters<typeof startCloud>[0],
  measure: (cloud: Cloud) => Promise<Figure[]>,
): Promise<Figure[]> {
  const cloud = await startCloud(options)
  try {
    return await measure(cloud)
  } finally {
    await cloud.down()
  }
}

/** A new cloud each time: initdb, migrations and certificates are part of it. */
async function upFigures(): Promise<Figure[]> {
  const seconds: number[] = []
  for (let round = 0; round < 3; round++) {
    const begun = performance.now()
    const cloud = await startCloud({ hypervisor: 'libvirt', hosts: 2 })
    seconds.push((performance.now() - begun) / 1000)
    await cloud.down()
  }
  return [
    {
      claim: '`caelum up`, first time, 2 hosts, to healthy',
      value: `${number(median(seconds))} s`,
      goal: '< 15 s',
    },
  ]
}

const suites: Record<string, () => Promise<Figure[]>> = {
  token: () => withCloud({ hypervisor: 'sim', hosts: 1 }, tokenFigures),
  identity: () => withCloud({ hypervisor: 'sim', hosts: 1 }, identityFigures),
  server: () =>
    withCloud({ hypervisor: 'sim', hosts: 4 }, async cloud => {
      const prepared = await prepareTenant(cloud, 'bench')
      return [
        ...(await memoryFigures(cloud, 'just up')),
        ...(await createFigures(prepared)),
        ...(await listFigures(prepared, () => memoryFigures(cloud, 'with 1,000 servers'))),
        ...(await memoryFigures(cloud, 'after all of this')),
      ]
    }),
  boot: () => withCloud({ hypervisor: 'libvirt', hosts: 2 }, bootFigures),
  up: upFigures,
}

const asked = process.argv.slice(2)
const unknown = asked.filter(name => !(name in suites))
if (unknown.length > 0) {
  console.error(`No such bench: ${unknown.join(', ')}. There are: ${Object.keys(suites).join(', ')}.`)
  process.exit(2)
}
const figures: Figure[] = []
for (const name of asked.length > 0 ? asked : Object.keys(suites)) figures.push(...(await suites[name]!()))
console.log(table(figures))
