import { waitForHosts } from '../client/compute-hosts.ts'
import { EXTERNAL_DATABASE } from '../cloud/postgres.ts'
import { EXTERNAL_REDIS } from '../cloud/redis.ts'
import { CommandError } from '../command.ts'
import { whileDeciding } from '../supervisor/instance-lock.ts'
import { markedProcesses } from '../supervisor/process-table.ts'
import type { UnitStatus } from '../supervisor/unit.ts'
import { adminSession } from './admin-session.ts'
import { writeCredentials } from './credentials.ts'
import { type Location, makeFolders } from './location.ts'
import { choosePorts } from './ports.ts'
import { keptSecret } from './secrets.ts'
import { serviceSettings } from './service-settings.ts'
import { readSettings, type Settings, writeSettings } from './settings.ts'
import { ensureSupervisor, waitHealthy } from './supervised.ts'

export type Wishes = {
  hypervisor: Settings['hypervisor'] | undefined
  hosts: number | undefined
  /** false: leave the usual ports to a cloud beside this one */
  usualPorts: boolean
}

const DEFAULT_HOSTS = 2

/**
 * Decides what the instance is to be: what was asked now, else what it was, else the default. Ports are only chosen
 * while nothing of the instance runs, because its own listeners would make them look taken.
 */
async function settle(location: Location, wishes: Wishes): Promise<Settings> {
  await makeFolders(location)
  // a mistake in it is told now, and not by services that do not start
  serviceSettings(location)
  const before = readSettings(location)
  if (before && wishes.hypervisor && wishes.hypervisor !== before.hypervisor)
    throw new CommandError(
      `the cloud in ${location.dataDir} has ${before.hypervisor} hosts; its servers cannot move to ${wishes.hypervisor}`,
      `choose another folder with --data, or remove this cloud: caelum down --purge --data ${location.dataDir}`,
    )
  const running = markedProcesses(location.id).length > 0
  const settings: Settings = {
    version: 1,
    hypervisor: wishes.hypervisor ?? before?.hypervisor ?? 'libvirt',
    hosts: wishes.hosts ?? before?.hosts ?? DEFAULT_HOSTS,
    ports: running && before ? before.ports : await choosePorts(before?.ports ?? {}, wishes.usualPorts),
  }
  for (const [variable, name] of [
    ['DATABASE_URL', EXTERNAL_DATABASE],
    ['REDIS_URL', EXTERNAL_REDIS],
  ] as const) {
    const value = process.env[variable]
    if (value) keptSecret(location, name, value)
  }
  writeSettings(location, settings)
  return settings
}

const HEALTHY_MS = 180_000
const HOSTS_MS = 60_000

export type Up = { settings: Settings; cloudsFile: string; rcFile: string }

/**
 * Brings the instance to what the wishes say. When it returns, every process is ready, the administrator can log in,
 * and compute has heard from every host.
 *
 * @param onReady is told each unit that becomes ready while we wait
 */
export async function bringUp(
  location: Location,
  wishes: Wishes,
  onReady: (unit: UnitStatus) => void,
): Promise<Up> {
  const { settings, files } = await whileDeciding(location.id, async () => {
    const settings = await settle(location, wishes)
    const files = writeCredentials(location, settings)
    await ensureSupervisor(location)
    return { settings, files }
  })
  await waitHealthy(location, HEALTHY_MS, onReady)
  await waitForHosts(await adminSession(location), settings.hosts, HOSTS_MS)
  return { settings, ...files }
}
