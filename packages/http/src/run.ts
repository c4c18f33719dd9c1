import type { Logger } from '@caelum/kernel'
import type { FastifyInstance } from 'fastify'
import { serveMetrics } from './metrics.ts'

/**
 * Listens until SIGTERM or SIGINT, then calls `stopping`, answers what is under way, calls `close` and ends the process
 * with 0. A second signal, or 10 s, ends it at once.
 */
export async function runService(options: {
  app: FastifyInstance
  listen: { host: string; port: number }
  /** where metrics are served; nowhere when not given */
  metricsListen?: { host: string; port: number } | undefined
  log: Logger
  /** ends the waiting of requests that wait for something to happen */
  stopping?: () => void
  /** loops and connections, closed after the last request */
  close?: () => Promise<void>
}): Promise<void> {
  const { app, listen, metricsListen, log, close } = options
  let stopping = false
  const stop = async (signal: string) => {
    if (stopping) process.exit(1)
    stopping = true
    log.info({ signal }, 'stopping')
    setTimeout(() => process.exit(1), 10_000).unref()
    metrics?.close()
    options.stopping?.()
    await app.close()
    await close?.()
    process.exit(0)
  }
  process.on('SIGTERM', () => void stop('SIGTERM'))
  process.on('SIGINT', () => void stop('SIGINT'))
  const metrics = metricsListen && (await serveMetrics(app, metricsListen))
  const address = await app.listen({ host: listen.host, port: listen.port })
  log.info({ address }, 'ready')
}
