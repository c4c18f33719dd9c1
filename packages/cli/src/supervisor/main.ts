/**
 * The supervisor of one instance: `node main.ts DATA_DIR`. It is started by `caelum up` and detached from it.
 *
 * If it is killed, its processes go on; the next one takes them over (`unit-runner.ts`). It writes nothing but the
 * records of processes and, on standard error, its log.
 */
import { type Plan, planCloud } from '../cloud/plan.ts'
import { locate, makeFolders } from '../instance/location.ts'
import { logFiles } from '../instance/log-files.ts'
import { readSettings } from '../instance/settings.ts'
import type { ControlAnswer, ControlRequest } from './control-protocol.ts'
import { serveControl } from './control-server.ts'
import { takeInstanceLock } from './instance-lock.ts'
import { limitLogs } from './log-limit.ts'
import { Supervisor } from './supervisor.ts'

const LOG_LOOK_MS = 30_000

const location = locate(process.argv[2] ?? '')

function log(event: string, fields: object = {}): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`)
}

if (!(await takeInstanceLock(location.id))) {
  log('another supervisor runs for this data folder', { data: location.dataDir })
  process.exit(0)
}
await makeFolders(location)
const supervisor = new Supervisor(location, (unit, event, detail) => log(event, { unit, detail }))

let hosts: Plan['hosts'] = new Map()

async function apply(): Promise<void> {
  const settings = readSettings(location)
  if (!settings) throw new Error(`${location.settingsFile} is missing; run: caelum up`)
  const plan = await planCloud(location, settings)
  hosts = plan.hosts
  await supervisor.apply(plan.units)
}

async function actOnHost(name: string, action: 'kill' | 'cut' | 'join'): Promise<ControlAnswer> {
  const host = hosts.get(name)
  if (!host)
    return { ok: false, error: `there is no host '${name}'; there are: ${[...hosts.keys()].join(', ')}` }
  await host[action]()
  return { ok: true }
}

async function stop(): Promise<void> {
  log('stopping')
  await supervisor.stop()
  log('stopped')
}

async function handle(request: ControlRequest): Promise<ControlAnswer> {
  switch (request.op) {
    case 'status':
      return {
        ok: true,
        status: { pid: process.pid, units: supervisor.status() },
      }
    case 'apply':
      await apply()
      return { ok: true }
    case 'restart':
      return (await supervisor.restart(request.unit))
        ? { ok: true }
        : { ok: false, error: `there is no '${request.unit}'; see: caelum status` }
    case 'host':
      return actOnHost(request.host, request.action)
    case 'stop':
      await stop()
      setImmediate(() => process.exit(0))
      return { ok: true }
  }
}

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => void stop().then(() => process.exit(0)))
setInterval(() => limitLogs(logFiles(location).values()), LOG_LOOK_MS)
await serveControl(location.controlSocket, handle)
log('started', { pid: process.pid })
await apply()
