/**
 * What must not be readable in the database (private signing keys, credentials) is a sealed row: AES-256-GCM with a
 * key-encryption key that is never in the database. A dump of the database alone forges nothing and opens nothing.
 *
 * There may be several keys: the first one seals, any of them opens. So the key can be changed while processes run:
 * the new one goes in front, everything is sealed again (`reseal.ts`), the old one goes. A process looks at its keys
 * again at every seal, and when nothing it knows opens a row; dying anywhere in between leaves rows that one of the
 * two keys opens.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const NONCE_BYTES = 12
const TAG_BYTES = 16
export const KEY_BYTES = 32

/** @param name bound into the seal, so that one row's secret cannot be put into another */
export function seal(key: Buffer, name: string, plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(name))
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
}

/** @throws Error when the key, the name or the bytes are not those of `seal` */
export function unseal(key: Buffer, name: string, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  })
    .setAAD(Buffer.from(name))
    .setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()])
}

export class Sealing {
  readonly #read: () => readonly Buffer[]
  #keys: readonly Buffer[]

  /** @param read the keys as they are now, the one that seals first; at least one */
  constructor(read: () => readonly Buffer[]) {
    this.#read = read
    this.#keys = read()
  }

  seal(name: string, plain: Buffer): Uint8Array<ArrayBuffer> {
    this.#keys = this.#read()
    return new Uint8Array(seal(this.#current(), name, plain))
  }

  /** @throws Error when no key opens it */
  unseal(name: string, sealed: Uint8Array): Buffer {
    const opened = this.#open(name, sealed)
    if (opened) return opened
    this.#keys = this.#read()
    const again = this.#open(name, sealed)
    if (!again) throw new Error(`${name} was sealed with another key-encryption key`)
    return again
  }

  /** false: by an older key, or by none of these */
  isNewest(name: string, sealed: Uint8Array): boolean {
    return openWith(this.#current(), name, sealed) !== null
  }

  #current(): Buffer {
    const [current] = this.#keys
    if (!current) throw new Error('there is no key-encryption key')
    return current
  }

  #open(name: string, sealed: Uint8Array): Buffer | null {
    for (const key of this.#keys) {
      const opened = openWith(key, name, sealed)
      if (opened) return opened
    }
    return null
  }
}

function openWith(key: Buffer, name: string, sealed: Uint8Array): Buffer | null {
  try {
    return unseal(key, name, Buffer.from(sealed))
  } catch {
    return null
  }
}
