/**
 * The main job, from nothing to a conversation between two guests and back to nothing. Only what was seen counts:
 * each step throws unless the machine itself shows that it worked, and whatever happens the tenant's things are
 * deleted at the end.
 */
import { randomBytes } from 'node:crypto'
import { OvnCentral, openInstance } from '@caelum/lab'
import { eventually } from '../client/eventually.ts'
import { planHosts } from '../cloud/hosts.ts'
import { database } from '../cloud/postgres.ts'
import { CommandError } from '../command.ts'
import { adminSession } from '../instance/admin-session.ts'
import { bringUp } from '../instance/bring-up.ts'
import { identityUrl } from '../instance/credentials.ts'
import type { Location } from '../instance/location.ts'
import { guestImage } from '../setup/guest-image.ts'
import { say, seconds } from '../setup/terminal.ts'
import { added, type Footprint, footprint } from './footprint.ts'
import { uploadImage } from './image.ts'
import { generateKey, removeKey } from './probe.ts'
import { Remains, removeAll } from './remains.ts'
import { rowsMentioning } from './rows.ts'
import type { Steps } from './steps.ts'
import { talk } from './talk.ts'
import { createTenant } from './tenant.ts'

const RAM_MB = 256

export async function runDemo(
  location: Location,
  steps: Steps,
  options: { usualPorts: boolean },
): Promise<void> {
  steps.heading('1. The cloud')
  const { settings } = await steps.step(
    'cloud up, every process healthy, hosts report',
    () =>
      bringUp(location, { hypervisor: 'libvirt', hosts: undefined, ...options }, unit =>
        say(`      ${unit.name.padEnd(16)} ${seconds(unit.ready_after_ms ?? 0)}`),
      ),
    up => `${up.settings.hosts} hosts`,
  )
  if (settings.hosts < 2)
    throw new CommandError('the demo needs two hosts to send a ping across', 'caelum up --hosts 2')
  const instance = await openInstance(location.dataDir)
  const hosts = planHosts(instance, settings).hosts
  const ovn = new OvnCentral(instance)
  const admin = await adminSession(location)
  const name = `demo-${randomBytes(3).toString('hex')}`
  const adminUrl = database(location).adminUrl()
  const look = () => footprint([...hosts.values()], ovn)
  const before = await look()

  steps.heading('2. The image')
  const guest = await steps.step('guest image from Debian packages', guestImage, image =>
    image.built ? 'built' : 'from the cache',
  )
  const tenant = await steps.step('project, user, flavor; login as that user', () =>
    createTenant(admin, identityUrl(settings), name, RAM_MB),
  )
  const key = await generateKey()
  const remains = new Remains(tenant)
  try {
    remains.imageId = await steps.step('image uploaded, size, md5 and sha512 compared', () =>
      uploadImage(tenant.session, name, guest),
    )
    steps.heading('3. Two servers that talk')
    await talk({
      steps,
      tenant,
      admin,
      hosts,
      name,
      key,
      imageId: remains.imageId,
      remains,
      user: guest.user,
    })
    await steps.step(
      'all this is seen on hosts, in OVN, in tables',
      async () => ({
        things: added(before, await look()),
        rows: await rowsMentioning(adminUrl, remains.ids()),
      }),
      ({ things, rows }) => seenNow(things, rows),
    )
  } catch (error) {
    await removeAll(steps, admin, remains).catch(also => say(`    and then: ${(also as Error).message}`))
    throw error
  } finally {
    await removeKey(key)
  }
  steps.heading('4. Nothing left')
  await removeAll(steps, admin, remains)
  await steps.step('no domain, disk, port, flow, namespace, process left', () => nothingAdded(before, look))
  await steps.step('no row left in any table', async () => {
    const rows = await rowsMentioning(adminUrl, remains.ids())
    if (rows.length > 0) throw new CommandError(`rows left behind:\n  ${rows.join('\n  ')}`)
  })
}

/** What two servers must leave as traces. Were one not seen now, its absence later would prove nothing. */
const TRACES = [
  'domain',
  'disk',
  'process',
  'namespace',
  'switch port',
  'flow',
  'Logical_Switch_Port',
  'Port_Binding',
]

function seenNow(things: string[], rows: string[]): string {
  const blind = TRACES.filter(trace => !things.some(thing => thing.includes(` ${trace} `)))
  if (blind.length > 0 || rows.length === 0)
    throw new CommandError(
      `the check for leftovers is blind: it sees no ${blind.join(', ') || 'row'} of running servers`,
    )
  return `${things.length} things, rows in ${rows.length} tables`
}

async function nothingAdded(before: Footprint, look: () => Promise<Footprint>): Promise<void> {
  let left: string[] = []
  await eventually(
    'everything to be gone',
    30_000,
    async () => {
      left = added(before, await look())
      return left.length === 0 || undefined
    },
    () => `; left:\n  ${left.slice(0, 20).join('\n  ')}`,
  )
}
