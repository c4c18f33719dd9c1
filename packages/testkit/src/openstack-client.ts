import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface Outcome {
  code: number
  out: string
  err: string
}

/** Debian's own `openstack` client (python3-openstackclient), kept running; one command at a time. */
export function openstackClient(env: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'caelum-client-'))
  const child = spawn('/usr/bin/python3', [join(import.meta.dirname, 'openstack-client.py')], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin', HOME: folder, PYTHONWARNINGS: 'ignore', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    /** where it finds and leaves the files that commands name; its own, gone after `close` */
    folder,
    async run(argv: string[]): Promise<Outcome> {
      child.stdin.write(`${JSON.stringify(argv)}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error('the openstack client ended: is python3-openstackclient installed?')
      return JSON.parse(value)
    },
    async close(): Promise<void> {
      child.stdin.end()
      if (child.exitCode === null) await new Promise(resolve => child.once('exit', resolve))
      rmSync(folder, { recursive: true })
    },
  }
}

export type OpenstackClient = ReturnType<typeof openstackClient>
