import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

type Daemon = 'nb' | 'sb' | 'northd'

/** OVN's two databases and, when asked for, northd: real ones, on unix sockets in a folder of their own. */
export class OvnCentral {
  readonly folder = mkdtempSync(join(tmpdir(), 'ovn-'))
  readonly nb = `unix:${this.folder}/nb.sock`
  readonly sb = `unix:${this.folder}/sb.sock`
  #processes = new Map<Daemon, ChildProcess>()

  async start(...daemons: Daemon[]): Promise<void> {
    for (const daemon of daemons) {
      if (daemon === 'northd')
        this.#spawn('northd', 'ovn-northd', `--ovnnb-db=${this.nb}`, `--ovnsb-db=${this.sb}`)
      else await this.#startDatabase(daemon)
    }
  }

  async stop(...daemons: Daemon[]): Promise<void> {
    for (const daemon of daemons) {
      const child = this.#processes.get(daemon)
      this.#processes.delete(daemon)
      if (!child || child.exitCode !== null || child.signalCode !== null) continue
      const ended = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
    }
  }

  /** Stops the database and throws its content away. */
  async wipe(database: 'nb' | 'sb'): Promise<void> {
    await this.stop(database)
    rmSync(join(this.folder, `${database}.db`), { force: true })
    rmSync(join(this.folder, `.${database}.db.~lock~`), { force: true })
  }

  nbctl(...args: string[]): string {
    return execFileSync('ovn-nbctl', [`--db=${this.nb}`, ...args], { encoding: 'utf8' })
  }
  sbctl(...args: string[]): string {
    return execFileSync('ovn-sbctl', [`--db=${this.sb}`, ...args], { encoding: 'utf8' })
  }

  async remove(): Promise<void> {
    await this.stop('northd', 'nb', 'sb')
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #startDatabase(database: 'nb' | 'sb'): Promise<void> {
    const file = join(this.folder, `${database}.db`)
    const socket = join(this.folder, `${database}.sock`)
    if (!existsSync(file))
      execFileSync('ovsdb-tool', ['create', file, `/usr/share/ovn/ovn-${database}.ovsschema`])
    rmSync(socket, { force: true })
    this.#spawn(database, 'ovsdb-server', file, `--remote=punix:${socket}`)
    while (!existsSync(socket)) await sleep(5)
  }

  #spawn(name: Daemon, command: string, ...args: string[]): void {
    const env = { ...process.env, OVS_RUNDIR: this.folder, OVN_RUNDIR: this.folder }
    const control = `--unixctl=${this.folder}/${name}.ctl`
    const child = spawn(command, [...args, control, '-vconsole:off', '-vsyslog:off'], {
      stdio: 'ignore',
      env,
    })
    this.#processes.set(name, child)
  }
}
