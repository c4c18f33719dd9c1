import { type Command, parseOptions } from '../command.ts'
import { baseUrl } from '../instance/credentials.ts'
import { DATA_OPTION, locationFrom } from '../instance/data-option.ts'
import { API_SERVICES } from '../instance/services.ts'
import { readSettings } from '../instance/settings.ts'
import { mebibytes, seconds, table } from '../setup/terminal.ts'
import { supervisorStatus } from '../supervisor/control-client.ts'
import { markedProcesses } from '../supervisor/process-table.ts'

/** Exit status 0: all is healthy; 3: something is not; 4: nothing runs. */
export const status: Command = async args => {
  const { values } = parseOptions('status', args, { options: { ...DATA_OPTION, json: { type: 'boolean' } } })
  const location = locationFrom(values.data)
  const settings = readSettings(location)
  const supervisor = settings && (await supervisorStatus(location.controlSocket))
  const orphans = supervisor ? [] : markedProcesses(location.id)
  const units = supervisor?.units ?? []
  const healthy = units.length > 0 && units.every(unit => unit.state === 'ready')
  const endpoints = settings
    ? Object.fromEntries(API_SERVICES.map(s => [s.catalogType, baseUrl(settings, s.name)]))
    : {}
  const exitCode = supervisor ? (healthy ? 0 : 3) : 4
  if (values.json) {
    console.log(
      JSON.stringify({ data_dir: location.dataDir, healthy, supervisor, endpoints, orphans }, null, 2),
    )
    return exitCode
  }
  if (!supervisor) {
    console.log(
      orphans.length > 0
        ? `The supervisor does not run, but ${orphans.length} of its processes do. Take them over: caelum up. End them: caelum down.`
        : `No cloud runs for ${location.dataDir}. Start it: caelum up`,
    )
    return exitCode
  }
  const rows = units.map(unit => [
    unit.name,
    unit.state,
    unit.pid === null ? '' : String(unit.pid),
    unit.pid === null ? '' : mebibytes(unit.resident_bytes),
    unit.started_at ? seconds(Date.now() - Date.parse(unit.started_at)) : '',
    String(unit.restarts || ''),
    unit.state === 'ready' ? '' : (unit.last_error ?? ''),
  ])
  console.log(table([['PROCESS', 'STATE', 'PID', 'MEMORY', 'UP', 'RESTARTS', ''], ...rows]))
  const total = units.reduce((sum, unit) => sum + unit.resident_bytes, supervisor.resident_bytes)
  console.log(
    `\nsupervisor pid ${supervisor.pid}, ${mebibytes(supervisor.resident_bytes)}; all together ${mebibytes(total)}\n`,
  )
  console.log(table(Object.entries(endpoints)))
  return exitCode
}
