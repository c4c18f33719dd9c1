/**
 * OVSDB's JSON-RPC has no framing: messages are JSON objects written one after the other (RFC 7047, section 4).
 * This cuts a byte stream into such objects by counting braces outside of strings, looking at each byte once.
 * Bytes are enough: in UTF-8 no part of a longer character equals a brace, a quote or a backslash.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d
const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

export class ProtocolError extends Error {
  override name = 'ProtocolError'
}

export class JsonSplitter {
  #parts: Buffer[] = []
  #held = 0
  #depth = 0
  #inString = false
  #escaped = false
  #limit: number

  /** `limit_bytes`: a longer message is a ProtocolError, so that garbage cannot eat the memory. */
  constructor(limit_bytes = 512 * 1024 * 1024) {
    this.#limit = limit_bytes
  }

  /** The messages completed by this chunk, parsed. Throws ProtocolError for anything but JSON objects. */
  push(chunk: Buffer): unknown[] {
    const messages: unknown[] = []
    let start = 0
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (byte === BACKSLASH) this.#escaped = true
        else if (byte === QUOTE) this.#inString = false
      } else if (byte === OPEN) {
        if (this.#depth++ === 0) start = at
      } else if (this.#depth === 0) {
        if (!isSpace(byte)) throw new ProtocolError(`expected a JSON object, got byte 0x${byte.toString(16)}`)
        start = at + 1
      } else if (byte === QUOTE) {
        this.#inString = true
      } else if (byte === CLOSE && --this.#depth === 0) {
        messages.push(this.#parse(chunk.subarray(start, at + 1)))
        start = at + 1
      }
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start))
    return messages
  }

  #hold(part: Buffer): void {
    this.#held += part.length
    if (this.#held > this.#limit) throw new ProtocolError(`message longer than ${this.#limit} bytes`)
    this.#parts.push(part)
  }

  #parse(last: Buffer): unknown {
    const text = Buffer.concat([...this.#parts, last]).toString('utf8')
    this.#parts = []
    this.#held = 0
    try {
      return JSON.parse(text)
    } catch (cause) {
      throw new ProtocolError('malformed JSON', { cause })
    }
  }
}
