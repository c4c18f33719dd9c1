/** `caelum COMMAND ...`: finds the command's file and runs it. `--help` is answered by the shell part, from help/. */
import { type Command, CommandError } from './command.ts'

const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('./commands/up.ts')).up,
  down: async () => (await import('./commands/down.ts')).down,
  status: async () => (await import('./commands/status.ts')).status,
  demo: async () => (await import('./commands/demo.ts')).demo,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  image: async () => (await import('./commands/image.ts')).image,
  ssh: async () => (await import('./commands/ssh.ts')).ssh,
  identity: async () => (await import('./commands/identity.ts')).identity,
  ops: async () => (await import('./commands/ops.ts')).ops,
  test: async () => (await import('./commands/test.ts')).test,
  bench: async () => (await import('./commands/bench.ts')).bench,
  logs: async () => (await import('./commands/logs.ts')).logs,
}

const [name = '', ...args] = process.argv.slice(2)

// a reader that closes the pipe early (`caelum logs | head`) is no error
process.stdout.on('error', () => process.exit(0))

try {
  const load = COMMANDS[name]
  if (!load) throw new CommandError(`there is no command '${name}'`, 'caelum --help', 2)
  process.exitCode = await (await load())(args)
} catch (error) {
  if (!(error instanceof CommandError)) throw error
  console.error(`caelum: ${error.message}`)
  if (error.next) console.error(`        next: ${error.next}`)
  process.exitCode = error.exitCode
}
