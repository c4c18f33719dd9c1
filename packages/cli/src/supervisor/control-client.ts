import { createConnection } from 'node:net'
import type { ControlAnswer, ControlRequest, SupervisorStatus } from './control-protocol.ts'

/** @returns undefined when no supervisor answers there */
export async function askSupervisor(
  socketPath: string,
  request: ControlRequest,
  timeoutMs = 120_000,
): Promise<ControlAnswer | undefined> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(socketPath)
    let text = ''
    const finish = (answer: ControlAnswer | undefined) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`the supervisor did not answer '${request.op}' within ${timeoutMs / 1000} s`))
    }, timeoutMs)
    socket.once('error', () => finish(undefined))
    socket.once('close', () => finish(undefined))
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part
      if (text.endsWith('\n')) finish(JSON.parse(text) as ControlAnswer)
    })
    socket.write(`${JSON.stringify(request)}\n`)
  })
}

/** a supervisor that takes longer to say how it is hangs */
const STATUS_MS = 5_000

/**
 * @returns undefined when no supervisor runs
 * @throws Error when it hangs
 */
export async function supervisorStatus(socketPath: string): Promise<SupervisorStatus | undefined> {
  const answer = await askSupervisor(socketPath, { op: 'status' }, STATUS_MS)
  return answer?.ok ? answer.status : undefined
}
