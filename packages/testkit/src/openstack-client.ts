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

const COMMAND_MS = 90_000

/** Debian's own `openstack` client (python3-openstackclient), kept running; one command at a time. */
export function openstackClient(env: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), 'caelum-client-'))
  const child = spawn('/usr/bin/python3', [join(import.meta.dirname, 'openstack-client.py')], {
    cwd: folder,
    env: { PATH: '/usr/bin:/bin', HOME: folder, PYTHONWARNINGS: 'ignore', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
    // a group of its own, to be ended with the command that it runs
    detached: true,
  })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  return {
    /** where it finds and leaves the files that commands name; its own, gone after `close` */
    folder,
    /** @throws when the client hangs; then it is ended, because nobody knows what it would answer next */
    async run(argv: string[]): Promise<Outcome> {
      child.stdin.write(`${JSON.stringify(argv)}\n`)
      const tooLong = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), COMMAND_MS)
      const { value, done } = await lines.next()
      clearTimeout(tooLong)
      if (done)
        throw new Error(
          `no answer to openstack ${argv.join(' ')}: it hung, or python3-openstackclient is not installed`,
        )
      return JSON.parse(value)
    },
    async close(): Promise<void> {
      child.stdin.end()
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

export type OpenstackClient = ReturnType<typeof openstackClient>
