/**
 * The frames of libvirt's RPC (libvirt: src/rpc/virnetprotocol.x): a length that counts itself, six words of header,
 * the XDR payload.
 */
import { XdrError } from './xdr.ts'

export const PROGRAM_REMOTE = 0x20008086
export const PROGRAM_KEEPALIVE = 0x6b656570
export const PROTOCOL_VERSION = 1

export const MESSAGE_CALL = 0
export const MESSAGE_REPLY = 1
/** from either side, unanswered: events, and all keepalive traffic */
export const MESSAGE_EVENT = 2

export const STATUS_OK = 0
export const STATUS_ERROR = 1

const LENGTH_BYTES = 4
const HEADER_BYTES = 28
/** VIR_NET_MESSAGE_MAX, 32 MiB, and the length word */
const MAX_FRAME_BYTES = 33_554_432 + LENGTH_BYTES

export interface Frame {
  program: number
  procedure: number
  type: number
  serial: number
  status: number
  payload: Buffer
}

export const encodeFrame = (frame: Frame): Buffer => {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + frame.payload.length)
  bytes.writeUInt32BE(bytes.length, 0)
  bytes.writeUInt32BE(frame.program, 4)
  bytes.writeUInt32BE(PROTOCOL_VERSION, 8)
  bytes.writeInt32BE(frame.procedure, 12)
  bytes.writeInt32BE(frame.type, 16)
  bytes.writeUInt32BE(frame.serial, 20)
  bytes.writeInt32BE(frame.status, 24)
  frame.payload.copy(bytes, HEADER_BYTES)
  return bytes
}

const decodeFrame = (bytes: Buffer): Frame => ({
  program: bytes.readUInt32BE(4),
  procedure: bytes.readInt32BE(12),
  type: bytes.readInt32BE(16),
  serial: bytes.readUInt32BE(20),
  status: bytes.readInt32BE(24),
  payload: bytes.subarray(HEADER_BYTES),
})

/** Cuts a byte stream into frames. Throws `XdrError` on a length no libvirt would send; the stream is then lost. */
export class FrameSplitter {
  private chunks: Buffer[] = []
  private buffered = 0
  /** bytes of the frame being received; 0 while its length word is not complete */
  private wanted = 0

  push(chunk: Buffer): Frame[] {
    this.chunks.push(chunk)
    this.buffered += chunk.length
    const frames: Frame[] = []
    for (;;) {
      if (this.wanted === 0 && this.buffered >= LENGTH_BYTES) this.wanted = this.readLength()
      if (this.wanted === 0 || this.buffered < this.wanted) return frames
      frames.push(decodeFrame(this.take(this.wanted)))
      this.wanted = 0
    }
  }

  private readLength(): number {
    const length = this.joined().readUInt32BE(0)
    if (length < HEADER_BYTES || length > MAX_FRAME_BYTES) throw new XdrError(`frame of ${length} bytes`)
    return length
  }

  private take(length: number): Buffer {
    const all = this.joined()
    this.chunks = all.length > length ? [all.subarray(length)] : []
    this.buffered -= length
    return all.subarray(0, length)
  }

  private joined(): Buffer {
    const first = this.chunks[0]
    if (this.chunks.length === 1 && first) return first
    const all = Buffer.concat(this.chunks)
    this.chunks = [all]
    return all
  }
}
