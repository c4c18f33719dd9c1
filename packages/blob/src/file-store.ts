/**
 * Bytes as files in a folder, safe against dying anywhere.
 *
 *   incoming/<id>     being received
 *   blobs/<xx>/<id>   complete and durable; xx are the last two digits of the id
 *
 * A write goes: create in incoming → write → fdatasync → rename into blobs → fsync that folder → the caller commits
 * its row. Dying before the rename leaves a file in incoming, which the next start removes; dying between the rename
 * and the commit leaves bytes that no row names, which the sweep removes. There is no point at which a row names
 * bytes that a power failure could take back.
 *
 * Removing is the other way round: the row goes first, then the file; dying between leaves it to the sweep. A reader
 * that has the file open keeps it until it closes it.
 *
 * The sweep lists the files and asks the caller which of them the rows name. It leaves alone what this process has
 * not committed yet, and everything whose last change is younger than `graceMs`: the transaction of a process that
 * died a moment ago may still be landing.
 *
 * Names come from ids only, never from a client. One process owns the folder (see `lock.ts`).
 */
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { type Logger, newId, Problem } from '@caelum/kernel'
import type { Algorithm, BlobStore, WriteOptions, Written } from './blob-store.ts'
import { type FolderLock, lockFolder } from './lock.ts'
import { type ByteRange, lengthOf } from './range.ts'
import { receive } from './receive.ts'

export interface FileStoreOptions {
  /** made if missing; all of it belongs to the store */
  folder: string
  log: Logger
  /** which of these ids do rows name? At most 1000 at a time */
  named: (ids: string[]) => Promise<ReadonlySet<string>>
  graceMs?: number
  sweepMs?: number
}

const READ_BYTES = 1 << 20
/** Up to here a stream costs more than it saves. */
const AT_ONCE_BYTES = 256 << 10
const BATCH = 1_000
const shardOf = (id: string) => id.slice(-2)
const SHARDS = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, '0'))

/** @throws when the folder cannot be made, or another process keeps it */
export async function openFileStore(options: FileStoreOptions): Promise<BlobStore> {
  const { folder } = options
  await mkdir(join(folder, 'incoming'), { recursive: true, mode: 0o700 })
  for (const shard of SHARDS) await mkdir(join(folder, 'blobs', shard), { recursive: true, mode: 0o700 })
  const lock = await lockFolder(folder)
  await syncFolder(join(folder, 'blobs'))
  await syncFolder(folder)
  for (const name of await readdir(join(folder, 'incoming'))) await rm(join(folder, 'incoming', name))
  return new FileStore(options, lock)
}

class FileStore implements BlobStore {
  readonly #options: FileStoreOptions
  readonly #lock: FolderLock
  readonly #graceMs: number
  /** ids between their creation and the end of `commit` */
  readonly #inFlight = new Set<string>()
  #timer: NodeJS.Timeout
  #closed = false
  #sweeping: Promise<unknown> = Promise.resolve()

  constructor(options: FileStoreOptions, lock: FolderLock) {
    this.#options = options
    this.#lock = lock
    this.#graceMs = options.graceMs ?? 60_000
    this.#timer = setTimeout(() => this.#sweepAgain(this.#graceMs + 1_000), 0)
  }

  async write<A extends Algorithm, T>(
    source: Readable,
    options: WriteOptions<A>,
    commit: (written: Written<A>) => Promise<T>,
  ): Promise<T> {
    const id = newId()
    this.#inFlight.add(id)
    try {
      const received = await this.#receive(id, source, options)
      return await commit({ id, ...received })
    } catch (error) {
      if (error instanceof Problem) await this.remove([id])
      throw error
    } finally {
      this.#inFlight.delete(id)
    }
  }

  async #receive<A extends Algorithm>(id: string, source: Readable, options: WriteOptions<A>) {
    const path = join(this.#options.folder, 'incoming', id)
    const file = await open(path, 'wx', 0o600)
    try {
      const received = await receive(source, file, options)
      await file.datasync()
      await file.close()
      await rename(path, this.#path(id))
      await syncFolder(join(this.#options.folder, 'blobs', shardOf(id)))
      return received
    } catch (error) {
      await file.close().catch(() => undefined)
      await rm(path, { force: true })
      throw error
    }
  }

  async read(id: string, part: ByteRange): Promise<Buffer | Readable | undefined> {
    const file = await open(this.#path(id), constants.O_RDONLY).catch(error => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (!file) return undefined
    return lengthOf(part) <= AT_ONCE_BYTES
      ? readAtOnce(file, part)
      : file.createReadStream({ ...part, highWaterMark: READ_BYTES })
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids)
      await unlink(this.#path(id)).catch(error => {
        if (error.code !== 'ENOENT')
          this.#options.log.warn(
            { blob: id, error: error.message },
            'bytes could not be removed; the sweep will',
          )
      })
  }

  async sweep(): Promise<number> {
    let removed = 0
    for (const shard of SHARDS) {
      if (this.#closed) break
      const folder = join(this.#options.folder, 'blobs', shard)
      const listed = await readdir(folder)
      const candidates = listed.filter(id => !this.#inFlight.has(id))
      for (let from = 0; from < candidates.length; from += BATCH) {
        const ids = candidates.slice(from, from + BATCH)
        const named = await this.#options.named(ids)
        for (const id of ids) if (!named.has(id) && (await this.#removeIfOld(join(folder, id)))) removed += 1
      }
    }
    if (removed > 0) this.#options.log.info({ removed }, 'swept bytes that no row names')
    return removed
  }

  /** The rename into place counts as a change, so the age is that of the complete file. */
  async #removeIfOld(path: string): Promise<boolean> {
    const { ctimeMs } = await stat(path).catch(() => ({ ctimeMs: Number.POSITIVE_INFINITY }))
    if (Date.now() - ctimeMs < this.#graceMs) return false
    return unlink(path).then(
      () => true,
      () => false,
    )
  }

  #sweepAgain(nextMs: number): void {
    this.#sweeping = this.sweep()
      .catch(error => this.#options.log.warn({ error: error.message }, 'the sweep of bytes failed'))
      .then(() => {
        if (!this.#closed)
          this.#timer = setTimeout(() => this.#sweepAgain(this.#options.sweepMs ?? 3_600_000), nextMs)
      })
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#sweeping
    await this.#lock.release()
  }

  #path(id: string): string {
    return join(this.#options.folder, 'blobs', shardOf(id), id)
  }
}

async function readAtOnce(file: FileHandle, part: ByteRange): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(lengthOf(part))
  try {
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, done, bytes.length - done, part.start + done)
      if (bytesRead === 0) throw new Error(`a file ends ${bytes.length - done} bytes too early`)
      done += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
