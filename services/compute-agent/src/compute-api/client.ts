/**
 * Compute's agent API, called over mutual TLS: the server shows a certificate of our CA for its address, we show the
 * host's. Nothing is tried again here; the loops that call know what a failure means to them.
 */
import {
  type Answer,
  HelloReply,
  type HostFacts,
  type Report,
  ReportReply,
  WantedReply,
} from '@caelum/agent-protocol'
import { Agent, request } from 'undici'
import type { z } from 'zod'
import { ImageFault } from '../image-cache/fault.ts'
import { connectWith, type TlsFiles } from './tls.ts'

/** Compute answered, but not with what was asked for. */
export class ComputeApiError extends Error {
  override readonly name = 'ComputeApiError'
  /** HTTP status */
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** time for an answer beyond what a long poll asked for, ms */
const PATIENCE_MS = 15_000
/** longest silence in the middle of an image, ms */
const IMAGE_SILENCE_MS = 60_000
/** longest part of an error's body that is kept */
const MAX_ERROR_CHARS = 500

export interface ComputeApi {
  hello(facts: HostFacts, signal: AbortSignal): Promise<HelloReply>
  /** long poll of at most `wait_s` seconds */
  wanted(since: number, wait_s: number, signal: AbortSignal): Promise<WantedReply>
  report(report: Report, signal: AbortSignal): Promise<ReportReply>
  answer(id: string, answer: Answer, signal: AbortSignal): Promise<void>
  /** @throws ImageFault */
  image(id: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
  close(): Promise<void>
}

export function openComputeApi(url: string, files: TlsFiles): ComputeApi {
  const dispatcher = new Agent({
    connect: connectWith(files),
    headersTimeout: 0,
    bodyTimeout: IMAGE_SILENCE_MS,
    keepAliveTimeout: 30_000,
  })
  const base = url.replace(/\/+$/, '')

  const call = async (
    method: 'GET' | 'POST',
    path: string,
    options: { body?: unknown; signal: AbortSignal; patience_ms?: number },
  ) => {
    const late = AbortSignal.timeout(options.patience_ms ?? PATIENCE_MS)
    const { statusCode, body } = await request(`${base}${path}`, {
      dispatcher,
      method,
      signal: AbortSignal.any([options.signal, late]),
      ...(options.body !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(options.body),
      }),
    })
    const text = await body.text()
    if (statusCode < 200 || statusCode > 299)
      throw new ComputeApiError(statusCode, `${method} ${path} answered ${statusCode}: ${brief(text)}`)
    return text
  }
  const read = async <S extends z.ZodType>(schema: S, text: Promise<string>): Promise<z.output<S>> =>
    schema.parse(JSON.parse(await text))

  return {
    hello: (facts, signal) => read(HelloReply, call('POST', '/agent/v1/hello', { body: facts, signal })),
    wanted: (since, wait_s, signal) =>
      read(
        WantedReply,
        call('GET', `/agent/v1/wanted?since=${since}&wait_s=${wait_s}`, {
          signal,
          patience_ms: wait_s * 1000 + PATIENCE_MS,
        }),
      ),
    report: (report, signal) => read(ReportReply, call('POST', '/agent/v1/report', { body: report, signal })),
    answer: async (id, answer, signal) => {
      await call('POST', `/agent/v1/answers/${encodeURIComponent(id)}`, { body: answer, signal })
    },
    image: async (id, signal) => {
      const path = `/agent/v1/images/${encodeURIComponent(id)}/file`
      const { statusCode, body } = await request(`${base}${path}`, { dispatcher, signal })
      if (statusCode === 200) return body
      const why = `compute answered ${statusCode}: ${brief(await body.text())}`
      const permanent = statusCode === 404 || statusCode === 410
      throw new ImageFault(permanent ? 'image-gone' : 'image-download', `image ${id}: ${why}`, { permanent })
    },
    close: () => dispatcher.destroy(),
  }
}

const brief = (text: string): string => text.slice(0, MAX_ERROR_CHARS)
