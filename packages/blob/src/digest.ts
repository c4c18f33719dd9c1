/**
 * Hashing costs more than everything else in an upload (md5 alone keeps a core busy at a few hundred MB/s), so for
 * large streams each algorithm runs in a worker thread: the event loop stays free, and md5 and sha512 of one upload
 * run side by side. Slices are in shared memory; nothing is copied. Small streams are hashed where they are.
 */
import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { DigestMessage } from './digest-worker.ts'

export interface Digest {
  /** resolves when the bytes have been read and may be overwritten */
  update(bytes: Uint8Array): Promise<void>
  /** hexadecimal; ends the digest */
  digest(): Promise<string>
  /** ends it without a result; safe after `digest` */
  forget(): void
}

export function inlineDigest(algorithm: string): Digest {
  const hash = createHash(algorithm)
  return {
    update: async bytes => void hash.update(bytes),
    digest: async () => hash.digest('hex'),
    forget: () => undefined,
  }
}

class DigestWorker {
  /** streams that use it; while there are any it keeps the process alive */
  open = 0
  readonly #worker = new Worker(new URL('./digest-worker.ts', import.meta.url), { execArgv: [] })
  readonly #waiting: { resolve(answer: string): void; reject(error: Error): void }[] = []
  #failed: Error | undefined

  constructor(onFailure: (which: DigestWorker) => void) {
    const fail = (error: Error) => {
      this.#failed = error
      onFailure(this)
      for (const { reject } of this.#waiting.splice(0)) reject(error)
    }
    this.#worker.on('message', (answer: string) => this.#waiting.shift()?.resolve(answer))
    this.#worker.on('error', fail)
    this.#worker.on('exit', code => fail(new Error(`the hash thread ended with ${code}`)))
    this.#worker.unref()
  }

  begin(): void {
    this.open += 1
    if (this.open === 1) this.#worker.ref()
  }

  end(): void {
    this.open -= 1
    if (this.open === 0) this.#worker.unref()
  }

  ask(message: DigestMessage): Promise<string> {
    if (this.#failed) return Promise.reject(this.#failed)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#worker.postMessage(message)
    })
  }
}

const workers = new Set<DigestWorker>()
let streams = 0

function leastBusy(): DigestWorker {
  const [first] = [...workers].sort((a, b) => a.open - b.open)
  if (first && (first.open === 0 || workers.size >= Math.max(2, availableParallelism()))) return first
  const started = new DigestWorker(which => workers.delete(which))
  workers.add(started)
  return started
}

/** Bytes given to it must be backed by a SharedArrayBuffer. */
export function threadDigest(algorithm: string): Digest {
  const worker = leastBusy()
  const stream = ++streams
  let live = true
  const end = () => {
    if (live) worker.end()
    live = false
  }
  worker.begin()
  const quietly = (message: DigestMessage) => void worker.ask(message).catch(() => undefined)
  quietly({ kind: 'open', stream, algorithm })
  return {
    update: async bytes => void (await worker.ask({ kind: 'update', stream, bytes })),
    digest: () => worker.ask({ kind: 'digest', stream }).finally(end),
    forget: () => {
      if (live) quietly({ kind: 'forget', stream })
      end()
    },
  }
}
