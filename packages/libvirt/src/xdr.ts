/**
 * XDR (RFC 4506), as far as libvirt's protocol uses it: everything is big-endian and padded to four bytes. Small C
 * types (`char`, `short`) travel as whole words.
 */

/** The bytes do not have the promised form: the other side speaks something else, or we do. */
export class XdrError extends Error {
  override readonly name = 'XdrError'
}

const padding = (length: number): number => (4 - (length % 4)) % 4

export class XdrWriter {
  private readonly parts: Buffer[] = []

  i32(value: number): this {
    const word = Buffer.allocUnsafe(4)
    word.writeInt32BE(value)
    this.parts.push(word)
    return this
  }

  u32(value: number): this {
    const word = Buffer.allocUnsafe(4)
    word.writeUInt32BE(value)
    this.parts.push(word)
    return this
  }

  u64(value: bigint): this {
    const word = Buffer.allocUnsafe(8)
    word.writeBigUInt64BE(value)
    this.parts.push(word)
    return this
  }

  /** Fixed-length opaque data: the length is known to both sides. */
  opaque(bytes: Uint8Array): this {
    this.parts.push(Buffer.from(bytes), Buffer.alloc(padding(bytes.length)))
    return this
  }

  string(value: string): this {
    const bytes = Buffer.from(value, 'utf8')
    return this.u32(bytes.length).opaque(bytes)
  }

  optional<T>(value: T | null, write: (writer: this, value: T) => void): this {
    this.u32(value === null ? 0 : 1)
    if (value !== null) write(this, value)
    return this
  }

  bytes(): Buffer {
    return Buffer.concat(this.parts)
  }
}

export class XdrReader {
  private offset = 0
  private readonly buffer: Buffer

  constructor(buffer: Buffer) {
    this.buffer = buffer
  }

  get remaining(): number {
    return this.buffer.length - this.offset
  }

  i32(): number {
    return this.buffer.readInt32BE(this.advance(4))
  }

  u32(): number {
    return this.buffer.readUInt32BE(this.advance(4))
  }

  u64(): bigint {
    return this.buffer.readBigUInt64BE(this.advance(8))
  }

  opaque(length: number): Buffer {
    const start = this.advance(length + padding(length))
    return this.buffer.subarray(start, start + length)
  }

  string(): string {
    return this.opaque(this.u32()).toString('utf8')
  }

  optional<T>(read: (reader: this) => T): T | null {
    return this.u32() === 0 ? null : read(this)
  }

  /** Every element takes at least one word, so a garbled count is refused before anything is allocated. */
  array<T>(read: (reader: this) => T): T[] {
    const length = this.u32()
    if (length * 4 > this.remaining) throw new XdrError(`array of ${length} in ${this.remaining} bytes`)
    return Array.from({ length }, () => read(this))
  }

  private advance(length: number): number {
    if (length > this.remaining) throw new XdrError(`${length} bytes wanted, ${this.remaining} left`)
    const start = this.offset
    this.offset += length
    return start
  }
}
