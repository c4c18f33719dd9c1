/**
 * Root disks: qcow2 overlays over the cached image, made by qemu-img.
 *
 * A disk appears under its name whole or not at all: it is made as `disk.qcow2.new`, flushed, renamed. What is found
 * under the name is never replaced, because it may hold a guest's data; if it does not fit, that is a fault.
 */
import { execFile } from 'node:child_process'
import { chmod, open, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { WantedDisk } from '@caelum/agent-protocol'
import type { CachedImage } from '../driver.ts'
import { DriverFault } from '../fault.ts'
import { readQcow2Header } from './qcow2.ts'

const run = promisify(execFile)
const GIB = 2 ** 30
const QEMU_IMG_TIMEOUT_MS = 30_000

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException)?.code === 'ENOENT'

const qemuImg = async (...args: string[]): Promise<void> => {
  try {
    await run('qemu-img', args, { timeout: QEMU_IMG_TIMEOUT_MS })
  } catch (error) {
    const words = (error as { stderr?: string }).stderr?.trim() || String(error)
    if (/No space left on device/.test(words)) throw new DriverFault('disk-full', words, { cause: error })
    if (/Failed to get "write" lock/.test(words)) throw new DriverFault('disk-busy', words, { cause: error })
    throw new DriverFault('failed', words, { cause: error })
  }
}

const flush = async (path: string): Promise<void> => {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

const virtualSizeOf = async (image: CachedImage): Promise<number> => {
  try {
    if (image.format === 'raw') return (await stat(image.path)).size
    const header = await readQcow2Header(image.path)
    if (header) return header.virtual_size_bytes
  } catch (error) {
    if (isMissing(error))
      throw new DriverFault('image-missing', `no image at ${image.path}`, { cause: error })
    throw error
  }
  throw new DriverFault('image-missing', `${image.path} is no qcow2 image`, { permanent: true })
}

const wantedSize = async (disk: WantedDisk, image: CachedImage | null): Promise<number> => {
  const asked = disk.size_gb * GIB
  if (!image) return Math.max(asked, GIB)
  const least = await virtualSizeOf(image)
  if (asked !== 0 && asked < least) {
    const message = `the image needs ${Math.ceil(least / GIB)} GB, the disk shall have ${disk.size_gb} GB`
    throw new DriverFault('disk-too-small', message, { permanent: true })
  }
  return Math.max(asked, least)
}

/** See `HypervisorDriver.ensureDisk`. The folder of `path` is there; nobody else makes this disk meanwhile. */
export const ensureDisk = async (
  path: string,
  disk: WantedDisk,
  image: CachedImage | null,
): Promise<void> => {
  const bytes = await wantedSize(disk, image)
  let found: Awaited<ReturnType<typeof readQcow2Header>> | undefined
  try {
    found = await readQcow2Header(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  if (found === undefined) {
    const draft = `${path}.new`
    const base = image ? ['-b', image.path, '-F', image.format] : []
    await qemuImg('create', '-q', '-f', 'qcow2', ...base, draft, String(bytes))
    await chmod(draft, 0o600)
    await flush(draft)
    await rename(draft, path)
    await flush(dirname(path))
    return
  }
  if (!found || found.backing_path !== (image?.path ?? null)) {
    const over = found ? `over ${found.backing_path ?? 'no image'}` : 'in another format'
    throw new DriverFault('disk-other-image', `a disk ${over} exists`, { permanent: true })
  }
  if (found.virtual_size_bytes < bytes) await qemuImg('resize', '-q', '-f', 'qcow2', path, String(bytes))
}

/** The image that a disk reads; null for a disk of its own, and where there is no disk. */
export const imageUnder = async (path: string): Promise<string | null> => {
  try {
    return (await readQcow2Header(path))?.backing_path ?? null
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}
