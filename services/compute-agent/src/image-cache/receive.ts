import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { ImageFault } from './fault.ts'

/** bytes gathered before a write: few large writes cost half the CPU of many small ones */
const GATHER_BYTES = 1 << 20

/**
 * Writes the bytes to the file and hashes them on the way.
 * @throws ImageFault when they end too early, are too many, or are others than the hash names
 */
export async function receive(
  bytes: AsyncIterable<Uint8Array>,
  file: FileHandle,
  expected: { id: string; sha512: string; size_bytes: number },
): Promise<void> {
  const hash = createHash('sha512')
  const { id, size_bytes } = expected
  let gathered: Uint8Array[] = []
  let held = 0
  let total = 0
  const flush = async () => {
    if (held > 0) await writeAll(file, gathered)
    gathered = []
    held = 0
  }
  for await (const chunk of bytes) {
    total += chunk.byteLength
    if (total > size_bytes)
      throw new ImageFault('image-corrupt', `image ${id} is longer than its ${size_bytes} bytes`, {
        permanent: true,
      })
    hash.update(chunk)
    gathered.push(chunk)
    held += chunk.byteLength
    if (held >= GATHER_BYTES) await flush()
  }
  await flush()
  if (total < size_bytes)
    throw new ImageFault('image-download', `image ${id} ended after ${total} of ${size_bytes} bytes`)
  if (hash.digest('hex') !== expected.sha512.toLowerCase())
    throw new ImageFault('image-corrupt', `image ${id} does not have the SHA-512 it should have`, {
      permanent: true,
    })
}

async function writeAll(file: FileHandle, buffers: Uint8Array[]): Promise<void> {
  const bytes = buffers.length === 1 ? buffers[0]! : Buffer.concat(buffers)
  for (let at = 0; at < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, at)
    at += bytesWritten
  }
}
