/**
 * Where the key-encryption keys come from: the configuration, else a file in the data folder that holds one key or
 * several behind each other, the one that seals first. The file appears, and changes, only as a whole.
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { Secret } from '@caelum/kernel'
import { KEY_BYTES, Sealing } from './seal.ts'

interface KeySource {
  CAELUM_KEY_ENCRYPTION_KEY?: Secret | undefined
  CAELUM_DATA_DIR: string
}

/** @throws Error when a key is not 32 bytes */
export function sealingOf({ CAELUM_KEY_ENCRYPTION_KEY: given, CAELUM_DATA_DIR }: KeySource): Sealing {
  if (!given) return new Sealing(() => keysOfFolder(CAELUM_DATA_DIR))
  const keys = given
    .reveal()
    .split(',')
    .map(text => Buffer.from(text, 'base64'))
  for (const key of keys)
    if (key.length !== KEY_BYTES)
      throw new Error(
        `CAELUM_KEY_ENCRYPTION_KEY must hold keys of ${KEY_BYTES} bytes and holds ${key.length}`,
      )
  return new Sealing(() => keys)
}

/** The first key is made at the first call; of several processes that make one, the first wins. */
export function keysOfFolder(folder: string): Buffer[] {
  const path = pathIn(folder)
  try {
    return parse(readFileSync(path), path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const draft = writeDraft(path, [randomBytes(KEY_BYTES)])
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    unlinkSync(draft)
  }
  syncFolder(folder)
  return parse(readFileSync(path), path)
}

/** A new key that seals from now on; the ones before go on opening. */
export function addKey(folder: string): void {
  replaceKeys(folder, [randomBytes(KEY_BYTES), ...keysOfFolder(folder)])
}

/** Only the key that seals now is kept: what an older one sealed is lost. */
export function forgetOldKeys(folder: string): void {
  replaceKeys(folder, keysOfFolder(folder).slice(0, 1))
}

const pathIn = (folder: string) => join(folder, 'key-encryption.key')

function replaceKeys(folder: string, keys: readonly Buffer[]): void {
  const path = pathIn(folder)
  renameSync(writeDraft(path, keys), path)
  syncFolder(folder)
}

function writeDraft(path: string, keys: readonly Buffer[]): string {
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`
  const file = openSync(draft, 'wx', 0o600)
  try {
    writeSync(file, Buffer.concat(keys))
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  return draft
}

function syncFolder(folder: string): void {
  const file = openSync(folder, 'r')
  fsyncSync(file)
  closeSync(file)
}

function parse(bytes: Buffer, path: string): Buffer[] {
  if (bytes.length === 0 || bytes.length % KEY_BYTES !== 0)
    throw new Error(`${path} must hold keys of ${KEY_BYTES} bytes and holds ${bytes.length}`)
  return Array.from({ length: bytes.length / KEY_BYTES }, (_, n) =>
    bytes.subarray(n * KEY_BYTES, (n + 1) * KEY_BYTES),
  )
}
