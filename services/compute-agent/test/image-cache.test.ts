import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@caelum/kernel'
import { eventually } from '@caelum/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Image, ImageCache } from '../src/image-cache/cache.ts'
import { ImageFault } from '../src/image-cache/fault.ts'

let dir: string
let downloads: string[]
let inUse: Set<string>
let wanted: Image[]
let source: (id: string, signal: AbortSignal) => AsyncIterable<Uint8Array>
const never = new AbortController().signal

const imageOf = (id: string, bytes: Buffer): Image => ({
  id,
  sha512: createHash('sha512').update(bytes).digest('hex'),
  size_bytes: bytes.length,
  format: 'qcow2',
})
const cacheOf = (max_bytes = 1 << 30) =>
  new ImageCache({
    dir,
    max_bytes,
    log: silentLogger,
    download: (id, signal) => {
      downloads.push(id)
      return Promise.resolve(source(id, signal))
    },
    inUse: () => Promise.resolve(inUse),
    wanted: () => wanted,
  })
async function* inPieces(bytes: Buffer, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
/** Sends nothing until `go`, then the bytes; breaks when aborted. */
const held = (bytes: Buffer) => {
  let go: () => void = () => undefined
  const gate = new Promise<void>(resolve => {
    go = resolve
  })
  source = async function* (_id, signal) {
    await Promise.race([
      gate,
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    ])
    yield bytes
  }
  return go
}
const A = Buffer.alloc(3_000_000, 'a')

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'images-'))
  downloads = []
  inUse = new Set()
  wanted = []
  source = () => inPieces(A)
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

describe('the image cache', () => {
  test('fetches once and has it from then on, in the next process too', async () => {
    const cache = cacheOf()
    await cache.open()
    const { path, format } = await cache.ensure(imageOf('a', A), never)
    expect(format).toBe('qcow2')
    expect(readFileSync(path).equals(A)).toBe(true)
    await cache.ensure(imageOf('a', A), never)
    const next = cacheOf()
    await next.open()
    expect((await next.ensure(imageOf('a', A), never)).path).toBe(path)
    expect(downloads).toEqual(['a'])
  })

  test('those who want it at the same time share one download', async () => {
    const cache = cacheOf()
    await cache.open()
    const go = held(A)
    const all = Array.from({ length: 5 }, () => cache.ensure(imageOf('a', A), never))
    await eventually(() => downloads.length > 0)
    go()
    expect(new Set((await Promise.all(all)).map(image => image.path)).size).toBe(1)
    expect(downloads).toEqual(['a'])
  })

  test('who gives up leaves the others theirs; the last one ends the download', async () => {
    const cache = cacheOf()
    await cache.open()
    const go = held(A)
    const [first, second] = [new AbortController(), new AbortController()]
    const one = cache.ensure(imageOf('a', A), first.signal)
    const two = cache.ensure(imageOf('a', A), second.signal)
    await eventually(() => readdirSync(dir).length === 1)
    const why = new Error('no longer wanted')
    first.abort(why)
    await expect(one).rejects.toBe(why)
    second.abort(why)
    await expect(two).rejects.toBe(why)
    await eventually(() => readdirSync(dir).length === 0)
    // and who comes after that begins anew
    go()
    await cache.ensure(imageOf('a', A), never)
    expect(downloads).toEqual(['a', 'a'])
  })

  test.each([
    ['too short', A.subarray(0, 10), 'image-download', false],
    ['too long', Buffer.alloc(3_000_001, 'a'), 'image-corrupt', true],
    ['other bytes', Buffer.alloc(3_000_000, 'b'), 'image-corrupt', true],
  ])('%s: nothing stays', async (_, bytes, code, permanent) => {
    source = () => inPieces(bytes)
    const cache = cacheOf()
    await cache.open()
    const failure = cache.ensure(imageOf('a', A), never)
    await expect(failure).rejects.toMatchObject({ name: 'ImageFault', code, permanent })
    expect(readdirSync(dir)).toEqual([])
  })

  test('a broken connection is tried again by the next call', async () => {
    const cache = cacheOf()
    await cache.open()
    source = async function* () {
      yield A.subarray(0, 1000)
      throw new Error('socket hang up')
    }
    await expect(cache.ensure(imageOf('a', A), never)).rejects.toBeInstanceOf(ImageFault)
    source = () => inPieces(A)
    await cache.ensure(imageOf('a', A), never)
    expect(readdirSync(dir)).toHaveLength(1)
  })

  test('what a killed agent left is swept, and a half file is never taken for a whole one', async () => {
    const cache = cacheOf()
    await cache.open()
    const { path } = await cache.ensure(imageOf('a', A), never)
    writeFileSync(join(dir, 'x-1-0.part'), 'half')
    writeFileSync(path, 'cut by a file system repair')
    const next = cacheOf()
    await next.open()
    expect(readdirSync(dir)).toHaveLength(1)
    await next.ensure(imageOf('a', A), never)
    expect(readFileSync(path).equals(A)).toBe(true)
  })

  test('a changed image of the same id is another file', async () => {
    const B = Buffer.alloc(2_000, 'b')
    const cache = cacheOf()
    await cache.open()
    await cache.ensure(imageOf('a', A), never)
    source = () => inPieces(B)
    const { path } = await cache.ensure(imageOf('a', B), never)
    expect(readFileSync(path).equals(B)).toBe(true)
  })

  test('makes room by the least recently used that nobody needs', async () => {
    const files = new Map<string, string>()
    const kb = (fill: string) => Buffer.alloc(1_000, fill)
    const cache = cacheOf(4_000)
    await cache.open()
    for (const [at, id] of ['a', 'b', 'c', 'd'].entries()) {
      source = () => inPieces(kb(id))
      const { path } = await cache.ensure(imageOf(id, kb(id)), never)
      files.set(id, path)
      utimesSync(path, at, at)
    }
    inUse = new Set([files.get('a')!])
    wanted = [imageOf('b', kb('b'))]
    source = () => inPieces(kb('e'))
    await cache.ensure(imageOf('e', kb('e')), never)
    expect(
      readdirSync(dir)
        .sort()
        .map(name => name[0]),
    ).toEqual(['a', 'b', 'd', 'e'])
  })

  test('with nothing to evict it is fetched all the same', async () => {
    const cache = cacheOf(10)
    await cache.open()
    await expect(cache.ensure(imageOf('a', A), never)).resolves.toMatchObject({ format: 'qcow2' })
  })
})
