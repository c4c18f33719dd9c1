import { type ComputeService, computeServices } from '../client/compute-hosts.ts'
import { type Queue, queues } from '../cloud/queues.ts'
import { redis } from '../cloud/redis.ts'
import { type Command, parseOptions } from '../command.ts'
import { adminSession } from '../instance/admin-session.ts'
import { baseUrl } from '../instance/credentials.ts'
import { DATA_OPTION, locationFrom } from '../instance/data-option.ts'
import type { Location } from '../instance/location.ts'
import { API_SERVICES, type ApiService } from '../instance/services.ts'
import { readSettings, type Settings } from '../instance/settings.ts'
import { mebibytes, seconds, table } from '../setup/terminal.ts'
import { supervisorStatus } from '../supervisor/control-client.ts'
import { memoryOfTrees, proportionalBytes } from '../supervisor/process-memory.ts'
import { markedProcesses } from '../supervisor/process-table.ts'
import type { UnitStatus } from '../supervisor/unit.ts'

type Process = UnitStatus & { memory_bytes: number }
type Endpoint = { service: string; url: string; health: unknown }

type Report = {
  data_dir: string
  healthy: boolean
  supervisor: { pid: number; memory_bytes: number } | null
  processes: Process[]
  endpoints: Endpoint[]
  hosts: ComputeService[]
  queues: Queue[]
  /** ours, but without a supervisor */
  orphans: { pid: number; unit: string }[]
}

/** Exit status 0: all is healthy; 3: something is not; 4: nothing runs. */
export const status: Command = async args => {
  const { values } = parseOptions('status', args, { options: { ...DATA_OPTION, json: { type: 'boolean' } } })
  const report = await look(locationFrom(values.data))
  if (values.json) console.log(JSON.stringify(report, null, 2))
  else console.log(report.supervisor ? tables(report) : withoutSupervisor(report))
  if (!report.supervisor) return 4
  return report.healthy ? 0 : 3
}

async function look(location: Location): Promise<Report> {
  const settings = readSettings(location)
  const supervisor = settings && (await supervisorStatus(location.controlSocket))
  if (!supervisor) {
    const orphans = markedProcesses(location.id).map(({ pid, unit }) => ({ pid, unit }))
    const nothing = { healthy: false, supervisor: null, processes: [], endpoints: [], hosts: [], queues: [] }
    return { data_dir: location.dataDir, ...nothing, orphans }
  }
  const memory = memoryOfTrees(supervisor.units.flatMap(unit => unit.pid ?? []))
  const [endpoints, hosts, bells] = await Promise.all([
    Promise.all(API_SERVICES.map(service => endpoint(settings, service))),
    adminSession(location)
      .then(computeServices)
      .catch(() => []),
    queues(redis(location).url).catch(() => []),
  ])
  const ready = supervisor.units.every(unit => unit.state === 'ready')
  return {
    data_dir: location.dataDir,
    healthy: ready && hosts.filter(host => host.state === 'up').length >= settings.hosts,
    supervisor: { pid: supervisor.pid, memory_bytes: proportionalBytes(supervisor.pid) },
    processes: supervisor.units.map(unit => ({ ...unit, memory_bytes: memory.get(unit.pid ?? 0) ?? 0 })),
    endpoints,
    hosts,
    queues: bells,
    orphans: [],
  }
}

/** What the service says of itself; its silence is told as an error. */
async function endpoint(settings: Settings, { name, catalogType }: ApiService): Promise<Endpoint> {
  const url = baseUrl(settings, name)
  const health = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) })
    .then(answer => answer.json())
    .catch(error => ({ status: 'unreachable', error: (error as Error).message }))
  return { service: catalogType, url, health }
}

const withoutSupervisor = ({ data_dir, orphans }: Report): string =>
  orphans.length > 0
    ? `The supervisor does not run, but ${orphans.length} of its processes do.
Take them over: caelum up. End them: caelum down.`
    : `No cloud runs for ${data_dir}. Start it: caelum up`

function tables({ supervisor, processes, endpoints, hosts, queues: bells }: Report): string {
  const processRows = processes.map(unit => [
    unit.name,
    unit.state,
    unit.pid === null ? '' : String(unit.pid),
    unit.pid === null ? '' : mebibytes(unit.memory_bytes),
    unit.started_at ? seconds(Date.now() - Date.parse(unit.started_at)) : '',
    String(unit.restarts || ''),
    remarkOn(unit),
  ])
  const total = processes.reduce((sum, unit) => sum + unit.memory_bytes, supervisor!.memory_bytes)
  return [
    table([['PROCESS', 'STATE', 'PID', 'MEMORY', 'UP', 'RESTARTS', ''], ...processRows]),
    `supervisor pid ${supervisor!.pid}, ${mebibytes(supervisor!.memory_bytes)}; everything ${mebibytes(total)}`,
    table([
      ['ENDPOINT', 'URL', 'HEALTH'],
      ...endpoints.map(({ service, url, health }) => [service, url, brief(health)]),
    ]),
    table([['HOST', 'STATE', 'STATUS'], ...hosts.map(({ host, state, status }) => [host, state, status])]),
    table([
      ['QUEUE', 'WAITING', 'ACTIVE', 'DELAYED'],
      ...bells.map(({ name, waiting, active, delayed }) => [name, ...[waiting, active, delayed].map(String)]),
    ]),
  ].join('\n\n')
}

/** What is wrong; when nothing is, why it was started anew the last time. */
const remarkOn = ({ state, last_error }: UnitStatus): string => {
  if (last_error === null) return ''
  return state === 'ready' ? `before: ${last_error}` : last_error
}

/** `{"status": "ok", "queue": {"waiting": 0}}` → `ok, queue: {"waiting":0}` */
const brief = (health: unknown): string =>
  Object.entries(health as Record<string, unknown>)
    .filter(([key]) => key !== 'service')
    .map(([key, value]) => (key === 'status' ? String(value) : `${key}: ${JSON.stringify(value)}`))
    .join(', ')
