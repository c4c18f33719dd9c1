/**
 * Private signing keys are rows, so that every identity process signs with the same key; at rest they are sealed
 * (AES-256-GCM) with a key-encryption key that is never in the database. A dump of the database alone forges nothing.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Secret } from '@caelum/kernel'

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
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES))
    .setAAD(Buffer.from(name))
    .setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()])
}

/**
 * The key-encryption key of this installation, made at the first call. It appears under its name only when it is
 * whole and on disk; of several processes that make one, the first wins and the others use it.
 */
export function keyEncryptionKey(dataDir: string): Buffer {
  const path = join(dataDir, 'key-encryption.key')
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  try {
    return whole(readFileSync(path), path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const file = openSync(draft, 'wx', 0o600)
  try {
    writeSync(file, randomBytes(KEY_BYTES))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    unlinkSync(draft)
  }
  const folder = openSync(dataDir, 'r')
  fsyncSync(folder)
  closeSync(folder)
  return whole(readFileSync(path), path)
}

function whole(key: Buffer, path: string): Buffer {
  if (key.length !== KEY_BYTES)
    throw new Error(`${path} must hold ${KEY_BYTES} bytes and holds ${key.length}`)
  return key
}

/**
 * The key given in the configuration, else the one in the data folder.
 *
 * @throws Error when it is not 32 bytes
 */
export const sealingKeyOf = (config: {
  CAELUM_KEY_ENCRYPTION_KEY?: Secret | undefined
  CAELUM_DATA_DIR: string
}): Buffer =>
  config.CAELUM_KEY_ENCRYPTION_KEY
    ? whole(Buffer.from(config.CAELUM_KEY_ENCRYPTION_KEY.reveal(), 'base64'), 'CAELUM_KEY_ENCRYPTION_KEY')
    : keyEncryptionKey(config.CAELUM_DATA_DIR)
