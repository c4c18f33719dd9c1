import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { nodeArgv, ROOT } from '../cloud/node-program.ts'
import { planCloud } from '../cloud/plan.ts'
import { type Command, CommandError, parseOptions } from '../command.ts'
import { ADMIN_PASSWORD, writeCredentials } from '../instance/credentials.ts'
import { DATA_OPTION, locationFrom } from '../instance/data-option.ts'
import type { Location } from '../instance/location.ts'
import { keptSecret } from '../instance/secrets.ts'
import { readSettings, type Settings } from '../instance/settings.ts'
import { supervisorStatus } from '../supervisor/control-client.ts'

interface Verb {
  /** of services/identity/src */
  program: string
  flags: readonly string[]
  /** what is to be done here before the program runs */
  before?: (location: Location, settings: Settings) => void
}

const VERBS: Readonly<Record<string, Verb>> = {
  bootstrap: { program: 'run-bootstrap.ts', flags: [] },
  'rotate-keys': { program: 'rotate-keys.ts', flags: ['--now'] },
  reseal: { program: 'reseal.ts', flags: ['--new-key', '--forget-old'] },
  'reset-admin': {
    program: 'reset-admin.ts',
    flags: [],
    before: (location, settings) => {
      keptSecret(location, ADMIN_PASSWORD, randomBytes(24).toString('base64url'))
      const { cloudsFile } = writeCredentials(location, settings)
      console.log(`a new password of user admin is in ${cloudsFile}`)
    },
  },
}

/** Runs a tool of the identity service as the service itself is run, beside it. */
export const identity: Command = async args => {
  const { values, positionals, tokens } = parseOptions('identity', args, {
    allowPositionals: true,
    tokens: true,
    options: {
      ...DATA_OPTION,
      now: { type: 'boolean' },
      'new-key': { type: 'boolean' },
      'forget-old': { type: 'boolean' },
    },
  })
  const [name = '', ...rest] = positionals
  const verb = VERBS[name]
  const flags = tokens.flatMap(token =>
    token.kind === 'option' && token.name !== 'data' ? [token.rawName] : [],
  )
  if (!verb || rest.length > 0 || flags.some(flag => !verb.flags.includes(flag)))
    throw new CommandError(
      'the words are: identity bootstrap | rotate-keys [--now] | reseal [--new-key | --forget-old] | reset-admin',
      'caelum identity --help',
      2,
    )
  const location = locationFrom(values.data)
  const settings = readSettings(location)
  if (!settings || !(await supervisorStatus(location.controlSocket)))
    throw new CommandError(`no cloud runs in ${location.dataDir}`, 'caelum up')
  verb.before?.(location, settings)
  const { units } = await planCloud(location, settings)
  const service = await units.find(unit => unit.name === 'identity')?.process?.()
  return run(verb.program, flags, service?.env ?? {})
}

/** Its log is for machines; a person gets what it says. @returns the exit status */
async function run(program: string, flags: readonly string[], env: Record<string, string>): Promise<number> {
  const [node = '', ...argv] = nodeArgv(`services/identity/src/${program}`)
  const child = spawn(node, [...argv, ...flags], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  for await (const line of createInterface({ input: child.stdout })) console.log(saidIn(line))
  const [code] = await ended
  return typeof code === 'number' ? code : 1
}

function saidIn(line: string): string {
  try {
    return (JSON.parse(line) as { msg?: string }).msg ?? line
  } catch {
    return line
  }
}
