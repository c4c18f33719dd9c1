import type { Readable } from 'node:stream'
import type { ByteRange } from './range.ts'

export type Algorithm = 'md5' | 'sha256' | 'sha512'

export interface Written<A extends Algorithm = Algorithm> {
  /** made by the store; the row that owns the bytes carries it */
  id: string
  bytes: number
  /** lower-case hexadecimal */
  digests: Readonly<Record<A, string>>
  /** the first bytes, up to `HEAD_BYTES` */
  head: Buffer
}

export interface WriteOptions<A extends Algorithm> {
  algorithms: readonly A[]
  /** bytes; more are refused with `BlobError('too-large')` as soon as they come */
  limit: number
  /** bytes announced by the sender, when it did: saves memory for small ones */
  expected?: number | undefined
  /** looks at the first bytes before the rest is read; throwing ends the write */
  inspect?: (head: Buffer) => void
  /** the write fails with `BlobError('idle')` when nothing comes for so long */
  idleMs?: number
}

/** Why bytes could not be taken. Anything else that is thrown is a fault of ours. */
export class BlobError extends Error {
  readonly reason: 'too-large' | 'no-space' | 'idle' | 'aborted'
  constructor(reason: BlobError['reason'], message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'BlobError'
    this.reason = reason
  }
}

/** The first bytes that are kept for a look at the format. */
export const HEAD_BYTES = 65_536

/**
 * Where bytes are kept. The rows of the service are the truth: bytes that no row names do not exist for anybody and
 * are swept; a row is committed only after its bytes are durable.
 */
export interface BlobStore {
  /**
   * Takes all of `source`, makes it durable, then calls `commit`, whose transaction makes a row name the bytes.
   *
   * When `commit` throws a `Problem`, no row names them and they are removed at once. When it throws anything else
   * the outcome is unknown (a connection may break after the commit took effect): they are left to the sweep.
   *
   * @throws BlobError when the bytes could not be taken; nothing is left behind
   */
  write<A extends Algorithm, T>(
    source: Readable,
    options: WriteOptions<A>,
    commit: (written: Written<A>) => Promise<T>,
  ): Promise<T>

  /**
   * The bytes of `part`, which must lie within what was written: a few at once, more as a stream. Undefined when
   * there are none of that id. Removing them meanwhile does not disturb it.
   */
  read(id: string, part: ByteRange): Promise<Buffer | Readable | undefined>

  /** Call after the commit that made the rows forget them. Never throws: the sweep finds what is left. */
  remove(ids: readonly string[]): Promise<void>

  /** Removes bytes that no row names, and what a dead process left half written. @returns how many were removed */
  sweep(): Promise<number>

  close(): Promise<void>
}
