/**
 * The end of a serial console. virtlogd keeps `console.log` and rotates it, when it is full, to `.0`, `.1`, ... (its
 * own `max_size` and `max_backups` bound the whole); a rotation between two of our reads can only lose or repeat old
 * lines, so the newest file is read first.
 */
import { open } from 'node:fs/promises'

const MAX_BYTES = 1_048_576
const NEWLINE = 0x0a

/** The last `most` bytes; null where there is no file. */
const readEnd = async (path: string, most: number): Promise<Buffer | null> => {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (!file) return null
  try {
    const { size } = await file.stat()
    const wanted = Math.min(size, most)
    const { bytesRead, buffer } = await file.read(Buffer.alloc(wanted), 0, wanted, size - wanted)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

/** @returns where the last `lines` lines begin; a newline at the very end closes its line and begins none */
const startOfLastLines = (bytes: Buffer, lines: number): number => {
  let at = bytes.length - 1
  for (let left = lines; left > 0; left--) {
    at = at > 0 ? bytes.lastIndexOf(NEWLINE, at - 1) : -1
    if (at < 0) return 0
  }
  return at + 1
}

/** See `HypervisorDriver.console`. */
export const readConsole = async (path: string, lines: number | null): Promise<string> => {
  let bytes = Buffer.alloc(0)
  for (let backup = -1; bytes.length < MAX_BYTES; backup++) {
    const part = await readEnd(backup < 0 ? path : `${path}.${backup}`, MAX_BYTES - bytes.length)
    if (!part && backup >= 0) break
    bytes = Buffer.concat([part ?? Buffer.alloc(0), bytes])
  }
  const start = lines === null ? 0 : startOfLastLines(bytes, lines)
  return bytes.subarray(start).toString('utf8')
}
