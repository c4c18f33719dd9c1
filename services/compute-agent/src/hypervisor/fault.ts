/**
 * Why a driver could not make something true.
 *
 * `permanent: true` means: this spec cannot become true on this host, trying again is useless (the server goes to
 * ERROR with this message). Everything else is retried by the loop with backoff, for as long as it takes.
 */
export type FaultCode =
  /** libvirtd does not answer or went away during the call; nothing is known about the call's effect */
  | 'hypervisor-down'
  /** the driver answered too slowly; nothing is known about the call's effect */
  | 'timeout'
  /** `start` of a vm that is not defined (any more): look again */
  | 'not-defined'
  /** `define` with an older generation than the one already there */
  | 'stale-generation'
  /** the image file is not where the caller said */
  | 'image-missing'
  /** permanent: the image's virtual size is larger than the wanted disk */
  | 'disk-too-small'
  /** permanent: a disk of this vm exists, but over another image */
  | 'disk-other-image'
  /** the disk must grow and a guest has it open: stop it first */
  | 'disk-busy'
  /** no space left on the host's file system */
  | 'disk-full'
  /** the integration bridge is not there (yet) */
  | 'bridge-missing'
  /** permanent: the id or the name belongs to a domain that is not ours */
  | 'foreign-domain'
  /** permanent: the hypervisor refuses the definition */
  | 'refused'
  /** the host cannot give the guest its memory now */
  | 'no-memory'
  /** anything else; `message` carries the hypervisor's words */
  | 'failed'

export class DriverFault extends Error {
  override readonly name = 'DriverFault'
  readonly code: FaultCode
  readonly permanent: boolean

  constructor(code: FaultCode, message: string, options: { permanent?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.permanent = options.permanent ?? false
  }
}
