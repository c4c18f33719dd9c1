/**
 * The life of one supervisor process: lock, control socket, units, end.
 *
 * If it is killed, its processes go on; the next one takes them over (`unit-runner.ts`). It writes nothing but the
 * records of processes and, on standard error, its log.
 */
import { type Location, makeFolders } from '../instance/location.ts'
import { logFiles } from '../instance/log-files.ts'
import type { ControlAnswer, ControlRequest } from './control-protocol.ts'
import { serveControl } from './control-server.ts'
import { takeInstanceLock } from './instance-lock.ts'
import { limitLogs } from './log-limit.ts'
import { SUPERVISOR_UNIT } from './process-table.ts'
import { Supervisor } from './supervisor.ts'
import { sweepProcesses } from './sweep.ts'
import type { Plan } from './unit.ts'

const LOG_LOOK_MS = 30_000

function log(event: string, fields: object = {}): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`)
}

/** @param plan what is to run now; asked at the start and whenever a client says `apply` */
export async function serve(location: Location, plan: () => Promise<Plan>): Promise<void> {
  if (!(await takeInstanceLock(location.id))) {
    log('another supervisor runs for this data folder', { data: location.dataDir })
    process.exit(0)
  }
  await makeFolders(location)
  // what a killed supervisor was just preparing units with
  await sweepProcesses(location.id, 5_000, ({ unit }) => unit !== SUPERVISOR_UNIT)
  const supervisor = new Supervisor(location, (unit, event, detail) => log(event, { unit, detail }))
  let hosts: Plan['hosts'] = new Map()

  const apply = async () => {
    const wanted = await plan()
    hosts = wanted.hosts
    await supervisor.apply(wanted.units)
  }
  const stop = async () => {
    log('stopping')
    await supervisor.stop()
    log('stopped')
  }
  const handle = async (request: ControlRequest): Promise<ControlAnswer> => {
    switch (request.op) {
      case 'status':
        return { ok: true, status: { pid: process.pid, units: supervisor.status() } }
      case 'apply':
        await apply()
        return { ok: true }
      case 'restart':
        return (await supervisor.restart(request.unit)) ? { ok: true } : unknown(request.unit)
      case 'host': {
        const host = hosts.get(request.host)
        await host?.[request.action]()
        return host ? { ok: true } : unknown(request.host)
      }
      case 'stop':
        await stop()
        // after the answer is out
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
}

const unknown = (name: string): ControlAnswer => ({
  ok: false,
  error: `there is no '${name}'; see: caelum status`,
})
