import { type Command, parseOptions } from '../command.ts'
import { type Finding, MARKS } from '../doctor/finding.ts'
import {
  guests,
  namespaces,
  openVSwitch,
  packages,
  ports,
  room,
  system,
  tunDevice,
} from '../doctor/machine.ts'

export const doctor: Command = async args => {
  const { values } = parseOptions('doctor', args, { options: { json: { type: 'boolean' } } })
  const findings: Finding[] = await Promise.all([
    system(),
    room(),
    packages(),
    namespaces(),
    guests(),
    tunDevice(),
    openVSwitch(),
    ports(),
  ])
  const able = findings.every(finding => finding.verdict !== 'missing')
  if (values.json) console.log(JSON.stringify({ able, findings }, null, 2))
  else {
    for (const { what, verdict, detail, next } of findings) {
      console.log(`${MARKS[verdict]} ${what.padEnd(16)} ${detail}`)
      if (next) console.log(`${' '.repeat(19)}→ ${next}`)
    }
    console.log(
      able ? '\nThe cloud can run here.' : '\nThe cloud cannot run here yet: see the lines marked ✗.',
    )
  }
  return able ? 0 : 1
}
