/**
 * Makes what is generated and not checked in: the Prisma client of every service. The engine binaries that Prisma's
 * command line would download are not needed for that, so it is told to do without.
 */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const schemas = readdirSync(join(root, 'migrations'))
  .map(service => join(root, 'migrations', service, 'schema.prisma'))
  .filter(existsSync)

const generate = (schema: string) =>
  new Promise<void>((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(root, 'node_modules/prisma/build/index.js'), 'generate', '--schema', schema],
      {
        cwd: root,
        env: {
          ...process.env,
          PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
          CHECKPOINT_DISABLE: '1',
          PRISMA_HIDE_UPDATE_MESSAGE: '1',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let output = ''
    child.stdout.on('data', data => (output += data))
    child.stderr.on('data', data => (output += data))
    child.on('error', reject)
    child.on('close', code =>
      code === 0 ? resolve() : reject(new Error(`prisma generate ${schema}:\n${output}`)),
    )
  })

await Promise.all(schemas.map(generate))
