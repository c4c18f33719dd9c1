import { ERROR_DOMAINS, ERROR_NAMES } from './error-codes.ts'
import type { XdrReader } from './xdr.ts'

export type LibvirtErrorName = (typeof ERROR_NAMES)[keyof typeof ERROR_NAMES]

/** libvirt answered with an error. */
export class LibvirtError extends Error {
  override readonly name = 'LibvirtError'
  readonly code: LibvirtErrorName | `UNKNOWN_${number}`
  /** the part of libvirt that it comes from, e.g. `QEMU` */
  readonly domain: string

  constructor(code: number, domain: number, message: string) {
    super(message)
    this.code = ERROR_NAMES[code as keyof typeof ERROR_NAMES] ?? `UNKNOWN_${code}`
    this.domain = ERROR_DOMAINS[domain as keyof typeof ERROR_DOMAINS] ?? `UNKNOWN_${domain}`
  }

  /** `remote_error` (libvirt: src/rpc/virnetprotocol.x); the fields after the message tell nothing we use. */
  static read(reader: XdrReader): LibvirtError {
    const code = reader.i32()
    const domain = reader.i32()
    return new LibvirtError(code, domain, reader.optional(r => r.string()) ?? 'no message')
  }
}

/** The connection ended before the answer came: nothing is known about the call's effect. */
export class LibvirtClosed extends Error {
  override readonly name = 'LibvirtClosed'
}

/** No answer within the call's time; it may still take effect. The connection stays usable. */
export class LibvirtTimeout extends Error {
  override readonly name = 'LibvirtTimeout'
}
