/** Why an image is not in the cache. */
export type ImageFaultCode =
  /** compute could not be reached, or the bytes stopped half way */
  | 'image-download'
  /** permanent: compute says that there is no such image (any more) */
  | 'image-gone'
  /** permanent: all bytes came, and they are not those the SHA-512 names */
  | 'image-corrupt'
  /** no space left for it on the host's file system */
  | 'disk-full'

export class ImageFault extends Error {
  override readonly name = 'ImageFault'
  readonly code: ImageFaultCode
  readonly permanent: boolean

  constructor(code: ImageFaultCode, message: string, options: { permanent?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.code = code
    this.permanent = options.permanent ?? false
  }
}
