/** Runs in a worker thread: keeps the hashes of several streams and answers every message in order. */
import { createHash, type Hash } from 'node:crypto'
import { parentPort } from 'node:worker_threads'

export type DigestMessage =
  | { kind: 'open'; stream: number; algorithm: string }
  | { kind: 'update'; stream: number; bytes: Uint8Array }
  | { kind: 'digest'; stream: number }
  | { kind: 'forget'; stream: number }

const hashes = new Map<number, Hash>()

parentPort?.on('message', (message: DigestMessage) => {
  parentPort?.postMessage(answer(message))
})

function answer(message: DigestMessage): string {
  const hash = hashes.get(message.stream)
  if (message.kind === 'open') hashes.set(message.stream, createHash(message.algorithm))
  if (message.kind === 'update') hash?.update(message.bytes)
  if (message.kind === 'forget') hashes.delete(message.stream)
  if (message.kind !== 'digest') return ''
  hashes.delete(message.stream)
  return hash?.digest('hex') ?? ''
}
