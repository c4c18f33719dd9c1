/**
 * Images of this host, each a read-only file under its id and the SHA-512 it must have.
 *
 * A file is in the cache when it has its final name. It gets that name by rename, after every byte was hashed on the
 * way in and the file was made durable, so there is never a half file under a final name; what a killed agent leaves
 * behind is a `.part` file, swept at the next start. Overlays refer to the final path, so a file stays while a disk
 * of this host reads it, and while a wanted vm names it (its overlay may be made in the next moment).
 *
 * Vms that want the same image share one download. It is ended when the last of them gives up.
 *
 * The cache is bounded: before a download the least recently used files that nobody needs make room. The bound is a
 * wish, not a law: with nothing to evict the image is still fetched, because a guest waits for it.
 */
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { WantedDisk } from '@caelum/agent-protocol'
import type { Logger } from '@caelum/kernel'
import { point } from '@caelum/reconcile/crash'
import type { CachedImage } from '../hypervisor/driver.ts'
import { ImageFault } from './fault.ts'
import { receive } from './receive.ts'

export type Image = NonNullable<WantedDisk['image']>

export interface ImageCacheOptions {
  dir: string
  max_bytes: number
  log: Logger
  /** @throws ImageFault */
  download(id: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
  /** paths that disks of this host read */
  inUse(): Promise<Set<string>>
  /** images that vms of this host want */
  wanted(): Image[]
}

interface Download {
  done: Promise<CachedImage>
  waiting: number
  abort: AbortController
}

const PART = '.part'

export class ImageCache {
  #options: ImageCacheOptions
  #downloads = new Map<string, Download>()
  #parts = 0

  constructor(options: ImageCacheOptions) {
    this.#options = options
  }

  /** Makes the folder and sweeps what a killed agent left behind. */
  async open(): Promise<void> {
    const { dir } = this.#options
    await mkdir(dir, { recursive: true, mode: 0o711 })
    for (const name of await readdir(dir)) if (name.endsWith(PART)) await rm(join(dir, name), { force: true })
  }

  /**
   * After: the image is complete at the returned path.
   * @throws ImageFault; the signal's reason when the caller gives up
   */
  async ensure(image: Image, signal: AbortSignal): Promise<CachedImage> {
    signal.throwIfAborted()
    const path = this.#pathOf(image)
    const download = this.#downloads.get(path) ?? (await this.#have(image)) ?? this.#begin(image)
    if ('path' in download) return download
    download.waiting += 1
    try {
      return await orAborted(download.done, signal)
    } finally {
      download.waiting -= 1
      if (download.waiting === 0) this.#end(path, download)
    }
  }

  #pathOf(image: Image): string {
    return join(this.#options.dir, `${image.id}-${image.sha512.slice(0, 32)}.${image.format}`)
  }

  async #have(image: Image): Promise<CachedImage | undefined> {
    const path = this.#pathOf(image)
    const found = await stat(path).catch(() => null)
    if (found?.size !== image.size_bytes) return undefined
    const now = new Date()
    await utimes(path, now, now).catch(() => undefined)
    return { path, format: image.format }
  }

  #begin(image: Image): Download {
    const path = this.#pathOf(image)
    const running = this.#downloads.get(path)
    if (running) return running
    const abort = new AbortController()
    const download = { done: this.#fetch(image, path, abort.signal), waiting: 0, abort }
    this.#downloads.set(path, download)
    return download
  }

  /** It is over, or nobody is left who waits for it. */
  #end(path: string, download: Download): void {
    if (this.#downloads.get(path) === download) this.#downloads.delete(path)
    download.abort.abort(new ImageFault('image-download', 'nobody waits for it'))
  }

  async #fetch(image: Image, path: string, signal: AbortSignal): Promise<CachedImage> {
    const { dir, log, download } = this.#options
    const part = join(dir, `${image.id}-${process.pid}-${this.#parts++}${PART}`)
    const begun = performance.now()
    try {
      await this.#makeRoom(image.size_bytes)
      await writeDurably(part, async file => {
        const bytes = await download(image.id, signal)
        await receive(bytes, file, image)
        point('agent.image.downloaded')
      })
      await rename(part, path)
      await syncDir(dir)
      point('agent.image.kept')
    } catch (error) {
      await rm(part, { force: true })
      throw asFault(error)
    }
    const ms = Math.round(performance.now() - begun)
    log.info({ image: image.id, bytes: image.size_bytes, ms }, 'image cached')
    return { path, format: image.format }
  }

  async #makeRoom(bytes: number): Promise<void> {
    const { dir, max_bytes, inUse, wanted, log } = this.#options
    const files = await Promise.all(
      (await readdir(dir)).map(async name => {
        const path = join(dir, name)
        const found = await stat(path).catch(() => null)
        return { path, size: found?.size ?? 0, usedAt: found?.mtimeMs ?? 0 }
      }),
    )
    let total = files.reduce((sum, { size }) => sum + size, bytes)
    if (total <= max_bytes) return
    const needed = await inUse()
    for (const image of wanted()) needed.add(this.#pathOf(image))
    for (const { path, size } of files.toSorted((a, b) => a.usedAt - b.usedAt)) {
      if (total <= max_bytes) return
      if (needed.has(path) || path.endsWith(PART)) continue
      await rm(path, { force: true })
      total -= size
      log.info({ path, bytes: size }, 'image evicted')
    }
  }
}

async function writeDurably(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'wx', 0o644)
  try {
    await write(file)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function asFault(error: unknown): unknown {
  if (error instanceof ImageFault) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new ImageFault('disk-full', 'there is no space left for the image', { cause: error })
  return new ImageFault('image-download', `the image could not be fetched: ${message}`, { cause: error })
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const give = () => reject(signal.reason)
    signal.addEventListener('abort', give, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', give))
  })
}
