import type { Answer, Ask } from '@caelum/agent-protocol'
import type { Logger } from '@caelum/kernel'
import type { HypervisorDriver } from '../hypervisor/driver.ts'
import type { ComputeApi } from './client.ts'

/** bound of an answer, bytes of UTF-8 */
const MAX_OUTPUT_BYTES = 1 << 20

export interface AsksOptions {
  api: Pick<ComputeApi, 'answer'>
  driver: Pick<HypervisorDriver, 'console'>
  log: Logger
  /** is this a vm of this host? */
  knows(id: string): boolean
}

/**
 * Answers questions. One that is repeated while its answer is under way is not answered twice; an answer that does not
 * arrive is dropped: compute asks again for as long as somebody waits.
 */
export function answerAsks(options: AsksOptions, signal: AbortSignal): (asks: readonly Ask[]) => void {
  const { api, driver, log, knows } = options
  const open = new Set<string>()

  const answer = async ({ vm_id, lines }: Ask): Promise<Answer> => {
    if (!knows(vm_id)) return { output: null, error: `vm ${vm_id} is not on this host` }
    try {
      return { output: lastBytes(await driver.console(vm_id, lines)), error: null }
    } catch (error) {
      return { output: null, error: (error as Error).message }
    }
  }
  const handle = async (ask: Ask): Promise<void> => {
    if (open.has(ask.id)) return
    open.add(ask.id)
    try {
      await api.answer(ask.id, await answer(ask), signal)
      log.info({ ask: ask.id, kind: ask.kind, vm: ask.vm_id }, 'answered')
    } catch (error) {
      log.warn({ ask: ask.id, error: (error as Error).message }, 'an answer did not arrive')
    } finally {
      open.delete(ask.id)
    }
  }
  return asks => {
    for (const ask of asks) void handle(ask)
  }
}

function lastBytes(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.byteLength <= MAX_OUTPUT_BYTES) return text
  let from = bytes.byteLength - MAX_OUTPUT_BYTES
  // not in the middle of a character
  while ((bytes[from]! & 0xc0) === 0x80) from += 1
  return bytes.toString('utf8', from)
}
