/** The few fields of a qcow2 header that we look at (QEMU: docs/interop/qcow2.txt). */
import { open } from 'node:fs/promises'

const MAGIC = 0x514649fb
const HEADER_BYTES = 32
const MAX_BACKING_BYTES = 1023

export interface Qcow2Header {
  virtual_size_bytes: number
  /** as it stands in the file; null for a disk of its own */
  backing_path: string | null
}

/** null when the file is no qcow2. Rejects with ENOENT when there is no file. */
export const readQcow2Header = async (path: string): Promise<Qcow2Header | null> => {
  const file = await open(path, 'r')
  try {
    const header = Buffer.alloc(HEADER_BYTES)
    const { bytesRead } = await file.read(header, 0, HEADER_BYTES, 0)
    if (bytesRead < HEADER_BYTES || header.readUInt32BE(0) !== MAGIC) return null
    const backingOffset = Number(header.readBigUInt64BE(8))
    const backingLength = header.readUInt32BE(16)
    const virtual_size_bytes = Number(header.readBigUInt64BE(24))
    if (backingOffset === 0) return { virtual_size_bytes, backing_path: null }
    if (backingLength > MAX_BACKING_BYTES) return null
    const name = Buffer.alloc(backingLength)
    await file.read(name, 0, backingLength, backingOffset)
    return { virtual_size_bytes, backing_path: name.toString('utf8') }
  } finally {
    await file.close()
  }
}
