import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** A real ovsdb-server on a unix socket in a folder of its own. */
export class OvsdbServer {
  readonly folder: string
  readonly target: string
  #process: ChildProcess | undefined
  #schema: string

  constructor(schema = '/usr/share/ovn/ovn-nb.ovsschema') {
    this.#schema = schema
    this.folder = mkdtempSync(join(tmpdir(), 'ovsdb-'))
    this.target = `unix:${join(this.folder, 'db.sock')}`
    this.createDatabase()
  }

  createDatabase(): void {
    const file = join(this.folder, 'db')
    rmSync(file, { force: true })
    rmSync(join(this.folder, '.db.~lock~'), { force: true })
    execFileSync('ovsdb-tool', ['create', file, this.#schema])
  }

  async start(...options: string[]): Promise<void> {
    const socket = join(this.folder, 'db.sock')
    rmSync(socket, { force: true })
    this.#process = spawn(
      'ovsdb-server',
      [join(this.folder, 'db'), `--remote=p${this.target}`, '--unixctl=none', '-vconsole:off', ...options],
      { stdio: 'ignore', env: { ...process.env, OVS_RUNDIR: this.folder, OVS_LOGDIR: this.folder } },
    )
    while (!existsSync(socket)) await sleep(5)
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal)
  }

  async stop(): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
