import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'

/** One bash session, as somebody would have it open: what a command sets or sources is there for the next. */
export class Shell {
  readonly #bash: ChildProcessWithoutNullStreams
  #said = ''
  #heard: () => void = () => undefined

  /** Nothing of the caller's environment but the search path comes in. */
  constructor(folder: string, env: Record<string, string>) {
    const { PATH = '' } = process.env
    this.#bash = spawn('/bin/bash', ['--noprofile', '--norc'], {
      cwd: folder,
      env: { PATH, HOME: folder, LANG: 'C.UTF-8', ...env },
    })
    this.#bash.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text
      this.#heard()
    })
    this.#bash.once('close', () => this.#heard())
    this.#bash.stdin.write('exec 2>&1\n')
  }

  /** @returns exit status, and what it said on either output */
  async run(command: string): Promise<{ status: number; output: string }> {
    const mark = randomUUID()
    const end = new RegExp(`${mark} (\\d+)\\n$`)
    const quoted = `'${command.replaceAll("'", `'\\''`)}'`
    this.#said = ''
    // the command's own input is empty: ours is the session's script
    this.#bash.stdin.write(`eval ${quoted} </dev/null; printf '%s %d\\n' ${mark} $?\n`)
    for (;;) {
      const ended = end.exec(this.#said)
      if (ended) return { status: Number(ended[1]), output: this.#said.slice(0, ended.index) }
      if (this.#bash.exitCode !== null) throw new Error(`the shell ended: ${this.#said}`)
      await new Promise<void>(resolve => {
        this.#heard = resolve
      })
    }
  }

  close(): Promise<void> {
    this.#bash.stdin.end()
    if (this.#bash.exitCode !== null) return Promise.resolve()
    return new Promise(resolve => this.#bash.once('close', () => resolve()))
  }
}
