/**
 * Learns what compute wants. A long poll gives changes after `since`; now and then the whole picture is asked for, so
 * that nothing can be missed for long, whatever went wrong with the counting. While compute is away the last known
 * wants stand: guests run on and metadata is served.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ask, WantedReply } from '@caelum/agent-protocol'
import type { Logger } from '@caelum/kernel'
import { point } from '@caelum/reconcile/crash'
import type { ComputeApi } from './client.ts'
import { Patience } from './patience.ts'

export interface PollOptions {
  api: Pick<ComputeApi, 'wanted'>
  log: Logger
  onWanted(reply: WantedReply): void
  onAsks(asks: readonly Ask[]): void
  wait_s?: number
  fullEveryMs?: number
}

/** A poll that brings nothing and does not wait is not repeated sooner than this, ms. */
const MIN_ROUND_MS = 200

/** Polls until `signal` is aborted. */
export async function poll(options: PollOptions, signal: AbortSignal): Promise<void> {
  const { api, log, onWanted, onAsks, wait_s = 25, fullEveryMs = 300_000 } = options
  const patience = new Patience(log, 'wanted')
  let since = 0
  let fullAt = 0
  while (!signal.aborted) {
    const begun = Date.now()
    const full = begun >= fullAt
    try {
      const reply = full ? await api.wanted(0, 0, signal) : await api.wanted(since, wait_s, signal)
      point('agent.wanted.received')
      patience.succeeded()
      since = reply.revision
      if (reply.full) fullAt = begun + fullEveryMs * (0.75 + Math.random() / 2)
      onWanted(reply)
      onAsks(reply.asks)
      const idle = reply.vms.length === 0 && reply.asks.length === 0 && !full
      const left = MIN_ROUND_MS - (Date.now() - begun)
      if (idle && left > 0) await sleep(left, undefined, { signal }).catch(() => undefined)
    } catch (error) {
      await patience.failed(error, signal)
    }
  }
}
