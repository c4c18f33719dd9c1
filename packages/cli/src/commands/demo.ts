import { type Command, CommandError, parseOptions } from '../command.ts'
import { runDemo } from '../demo/demo.ts'
import { Steps } from '../demo/steps.ts'
import { DATA_OPTION, locationFrom } from '../instance/data-option.ts'
import { ensureSystemPackages, PACKAGES_FOR } from '../setup/system-packages.ts'
import { say } from '../setup/terminal.ts'

export const demo: Command = async args => {
  const { values } = parseOptions('demo', args, {
    options: { ...DATA_OPTION, 'other-ports': { type: 'boolean' } },
  })
  if (process.getuid?.() !== 0)
    throw new CommandError('hosts are namespaces, which need root', 'sudo ./caelum demo')
  await ensureSystemPackages(PACKAGES_FOR.demo)
  const steps = new Steps()
  let good = false
  try {
    await runDemo(locationFrom(values.data), steps, { usualPorts: !values['other-ports'] })
    good = true
  } finally {
    say()
    console.log(steps.table())
    if (!good) say('\nThe demo failed; the step that did is the last line marked ✗.')
  }
  console.log('\nEvery step was seen to work. The cloud stays up; `caelum down` ends it.')
  return 0
}
