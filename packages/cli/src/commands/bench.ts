import { spawn } from 'node:child_process'
import { nodeArgv, ROOT } from '../cloud/node-program.ts'
import { type Command, parseOptions } from '../command.ts'
import { ensureSystemPackages, PACKAGES_FOR } from '../setup/system-packages.ts'

export const bench: Command = async args => {
  const { positionals } = parseOptions('bench', args, { options: {}, allowPositionals: true })
  await ensureSystemPackages(PACKAGES_FOR.demo)
  const [program = '', ...rest] = [...nodeArgv('bench/main.ts'), ...positionals]
  return new Promise(resolve => {
    spawn(program, rest, { cwd: ROOT, stdio: 'inherit' }).once('close', code => resolve(code ?? 1))
  })
}
