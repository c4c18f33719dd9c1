/**
 * Takes a stream into an open file: gathered into slices of 1 MiB, each written and hashed at the same time while the
 * next one fills. Three slices are all the memory a stream of any length costs; when none is free the sender waits.
 */
import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { type Algorithm, BlobError, HEAD_BYTES, type WriteOptions } from './blob-store.ts'
import { type Digest, inlineDigest, threadDigest } from './digest.ts'

const SLICE_BYTES = 1 << 20
const SLICES = 3

export interface Received<A extends Algorithm> {
  bytes: number
  digests: Record<A, string>
  head: Buffer
}

interface Slice {
  memory: Uint8Array
  filled: number
  /** settles when the file and the hashes have taken it */
  busy: Promise<unknown>
}

/** @throws BlobError, or what `inspect` throws */
export async function receive<A extends Algorithm>(
  source: Readable,
  file: FileHandle,
  options: WriteOptions<A>,
): Promise<Received<A>> {
  const intake = new Intake(file, options)
  const timer = options.idleMs
    ? setTimeout(
        () => source.destroy(new BlobError('idle', 'nothing was received for too long')),
        options.idleMs,
      )
    : undefined
  try {
    // Leaving the loop must not destroy the source: a refusal is still to be answered over its connection.
    for await (const chunk of source.iterator({ destroyOnReturn: false })) {
      timer?.refresh()
      await intake.take(chunk as Uint8Array)
    }
    return await intake.end()
  } catch (error) {
    throw reasonOf(error)
  } finally {
    clearTimeout(timer)
    await intake.close()
  }
}

class Intake<A extends Algorithm> {
  readonly #file: FileHandle
  readonly #options: WriteOptions<A>
  readonly #sliceBytes: number
  readonly #slices: Slice[] = []
  #current = 0
  #received = 0
  #written = 0
  #head: Buffer | undefined
  #digests: Map<A, Digest> | undefined

  constructor(file: FileHandle, options: WriteOptions<A>) {
    this.#file = file
    this.#options = options
    this.#sliceBytes = Math.min(SLICE_BYTES, Math.max(1, options.expected ?? SLICE_BYTES))
  }

  async take(chunk: Uint8Array): Promise<void> {
    this.#received += chunk.length
    if (this.#received > this.#options.limit)
      throw new BlobError('too-large', `more than ${this.#options.limit} bytes`)
    for (let offset = 0; offset < chunk.length; ) {
      const slice = this.#slice()
      if (slice.filled === 0) await slice.busy
      const part = chunk.subarray(offset, offset + slice.memory.length - slice.filled)
      slice.memory.set(part, slice.filled)
      slice.filled += part.length
      offset += part.length
      if (slice.filled === slice.memory.length)
        this.#flush(slice, this.#sliceBytes < SLICE_BYTES ? inlineDigest : threadDigest)
    }
  }

  async end(): Promise<Received<A>> {
    const rest = this.#slices[this.#current]?.filled ?? 0
    if (rest > 0 || !this.#head) this.#flush(this.#slice(), inlineDigest)
    for (const { busy } of this.#slices) await busy
    const digests = {} as Record<A, string>
    for (const [algorithm, digest] of this.#digests ?? []) digests[algorithm] = await digest.digest()
    return { bytes: this.#received, digests, head: this.#head ?? Buffer.alloc(0) }
  }

  /** Waits until nobody uses the file or the slices any more. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#slices.map(slice => slice.busy))
    for (const digest of this.#digests?.values() ?? []) digest.forget()
  }

  #slice(): Slice {
    const slice = this.#slices[this.#current]
    if (slice) return slice
    const memory = new Uint8Array(new SharedArrayBuffer(this.#sliceBytes))
    const made = { memory, filled: 0, busy: Promise.resolve() }
    this.#slices.push(made)
    return made
  }

  #flush(slice: Slice, makeDigest: (algorithm: string) => Digest): void {
    const bytes = slice.memory.subarray(0, slice.filled)
    if (!this.#head) {
      this.#head = Buffer.from(bytes.slice(0, HEAD_BYTES))
      this.#options.inspect?.(this.#head)
    }
    this.#digests ??= new Map(this.#options.algorithms.map(algorithm => [algorithm, makeDigest(algorithm)]))
    const updates = [...this.#digests.values()].map(digest => digest.update(bytes))
    slice.busy = Promise.all([writeFully(this.#file, bytes, this.#written), ...updates])
    slice.busy.catch(() => undefined)
    this.#written += slice.filled
    slice.filled = 0
    this.#current = (this.#current + 1) % SLICES
  }
}

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
    done += bytesWritten
  }
}

function reasonOf(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return new BlobError('no-space', 'the disk is full', error)
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ABORT_ERR')
    return new BlobError('aborted', 'the sender went away', error)
  return error
}
