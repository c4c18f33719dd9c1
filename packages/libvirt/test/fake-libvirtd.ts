import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  encodeFrame,
  type Frame,
  FrameSplitter,
  MESSAGE_CALL,
  MESSAGE_EVENT,
  MESSAGE_REPLY,
  PROGRAM_KEEPALIVE,
  PROGRAM_REMOTE,
  STATUS_ERROR,
  STATUS_OK,
} from '../src/frame.ts'
import { PROCEDURE, type ProcedureName } from '../src/procedure.ts'
import { XdrWriter } from '../src/xdr.ts'

/** What the server does with a call: answer with a payload, refuse with an error, or stay silent. */
export type Behaviour = (
  frame: Frame,
) => { payload: XdrWriter } | { error: [number, number, string] } | 'silent'

/** A server that speaks the frames and nothing else; `behave` is asked per procedure. */
export class FakeLibvirtd {
  readonly received: Frame[] = []
  readonly socketPath: string
  answersPings = true
  private readonly server: Server
  private readonly dir: string
  private readonly sockets = new Set<Socket>()
  private readonly behaviours = new Map<number, Behaviour>()

  private constructor(dir: string) {
    this.dir = dir
    this.socketPath = join(dir, 'sock')
    this.server = createServer(socket => this.serve(socket))
    this.behave('AUTH_LIST', () => ({ payload: new XdrWriter().u32(1).i32(0) }))
    this.behave('CONNECT_OPEN', () => ({ payload: new XdrWriter() }))
    this.behave('CONNECT_CLOSE', () => ({ payload: new XdrWriter() }))
  }

  static async start(): Promise<FakeLibvirtd> {
    const fake = new FakeLibvirtd(await mkdtemp(join(tmpdir(), 'caelum-fake-libvirtd-')))
    await new Promise<void>(resolve => fake.server.listen(fake.socketPath, resolve))
    return fake
  }

  behave(procedure: ProcedureName, behaviour: Behaviour): void {
    this.behaviours.set(PROCEDURE[procedure], behaviour)
  }

  calls(procedure: ProcedureName): Frame[] {
    return this.received.filter(f => f.type === MESSAGE_CALL && f.procedure === PROCEDURE[procedure])
  }

  pings(): number {
    return this.received.filter(f => f.program === PROGRAM_KEEPALIVE && f.procedure === 1).length
  }

  pongs(): number {
    return this.received.filter(f => f.program === PROGRAM_KEEPALIVE && f.procedure === 2).length
  }

  sendRaw(bytes: Buffer): void {
    for (const socket of this.sockets) socket.write(bytes)
  }

  event(procedure: ProcedureName, payload: XdrWriter): void {
    this.sendRaw(
      encodeFrame({
        program: PROGRAM_REMOTE,
        procedure: PROCEDURE[procedure],
        type: MESSAGE_EVENT,
        serial: 0,
        status: STATUS_OK,
        payload: payload.bytes(),
      }),
    )
  }

  ping(): void {
    this.sendRaw(this.keepalive(1))
  }

  hangUp(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  reply(to: Frame, payload: XdrWriter, status = STATUS_OK): Buffer {
    return encodeFrame({ ...to, type: MESSAGE_REPLY, status, payload: payload.bytes() })
  }

  async stop(): Promise<void> {
    this.hangUp()
    await new Promise(resolve => this.server.close(resolve))
    await rm(this.dir, { recursive: true, force: true })
  }

  private keepalive(procedure: number): Buffer {
    const payload = Buffer.alloc(0)
    return encodeFrame({
      program: PROGRAM_KEEPALIVE,
      procedure,
      type: MESSAGE_EVENT,
      serial: 0,
      status: STATUS_OK,
      payload,
    })
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket)
    const splitter = new FrameSplitter()
    socket.on('error', () => this.sockets.delete(socket))
    socket.on('close', () => this.sockets.delete(socket))
    socket.on('data', chunk => {
      for (const frame of splitter.push(chunk)) {
        this.received.push(frame)
        if (frame.program === PROGRAM_KEEPALIVE) {
          if (frame.procedure === 1 && this.answersPings) socket.write(this.keepalive(2))
          continue
        }
        const answer = this.behaviours.get(frame.procedure)?.(frame) ?? 'silent'
        if (answer === 'silent') continue
        if ('payload' in answer) socket.write(this.reply(frame, answer.payload))
        else {
          const [code, domain, message] = answer.error
          const body = new XdrWriter()
            .i32(code)
            .i32(domain)
            .optional(message, (w, text) => w.string(text))
          socket.write(this.reply(frame, body, STATUS_ERROR))
        }
      }
    })
  }
}
