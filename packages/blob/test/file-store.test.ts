import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { problems } from '@caelum/kernel'
import { eventually } from '@caelum/testkit'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BlobError, type BlobStore } from '../src/blob-store.ts'
import { wholeOf } from '../src/range.ts'
import { type TestFolder, testFolder } from './folder.ts'

let folder: TestFolder
let store: BlobStore
beforeEach(async () => {
  folder = await testFolder()
  store = await folder.open({ graceMs: 60_000 })
})
afterEach(async () => {
  await store.close()
  folder.drop()
})

const options = { algorithms: ['md5', 'sha512'] as const, limit: 1 << 30 }
/** cut in pieces that fit no boundary */
const pieces = (bytes: Buffer, size = 70_001) =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
    })(),
    { objectMode: false },
  )
const keep = async (bytes: Buffer) =>
  store.write(pieces(bytes), options, async written => {
    folder.rows.add(written.id)
    return written
  })
const asBuffer = async (body: Buffer | Readable | undefined) =>
  Buffer.isBuffer(body) ? body : buffer(body ?? Readable.from([]))
const readAll = async ({ id, bytes }: { id: string; bytes: number }) =>
  asBuffer(await store.read(id, wholeOf(bytes)))
const nothing = { incoming: [], blobs: [] }

describe('what is written is read back, with its digests', () => {
  test.each([0, 1, 4_096, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000])('%i bytes', async size => {
    const bytes = randomBytes(size)
    for (const expected of [undefined, size]) {
      const written = await store.write(pieces(bytes), { ...options, expected }, async w => w)
      expect(written).toMatchObject({
        bytes: size,
        digests: {
          md5: createHash('md5').update(bytes).digest('hex'),
          sha512: createHash('sha512').update(bytes).digest('hex'),
        },
      })
      expect(written.head).toEqual(bytes.subarray(0, 65_536))
      const back = await readAll(written)
      expect(back.equals(bytes)).toBe(true)
    }
  })

  test('many at the same time', async () => {
    const all = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const bytes = randomBytes(2_500_000)
        return { bytes, written: await keep(bytes) }
      }),
    )
    for (const { bytes, written } of all)
      expect(written.digests.sha512).toBe(createHash('sha512').update(bytes).digest('hex'))
  })
})

test('a part is read by its first and last byte', async () => {
  const bytes = randomBytes(3_000_000)
  const { id } = await keep(bytes)
  for (const [start, end] of [
    [1_000_000, 2_200_000],
    [2_999_999, 2_999_999],
    [5, 262_148],
    [5, 262_149],
  ] as const) {
    const part = await asBuffer(await store.read(id, { start, end }))
    expect(part.equals(bytes.subarray(start, end + 1))).toBe(true)
  }
})

test('what is being read can be removed and is read to its end', async () => {
  const bytes = randomBytes(8 << 20)
  const { id } = await keep(bytes)
  const body = await store.read(id, wholeOf(bytes.length))
  await store.remove([id])
  expect(await store.read(id, wholeOf(bytes.length))).toBeUndefined()
  expect((await asBuffer(body)).equals(bytes)).toBe(true)
})

test('removing what is not there is no fault', async () => {
  await store.remove(['00000000-0000-7000-8000-000000000000'])
  expect(folder.files()).toEqual(nothing)
})

describe('a write that does not come to its end leaves nothing', () => {
  const never = async () => expect.unreachable('commit was called')

  test('the sender goes away', async () => {
    const source = new PassThrough()
    const writing = store.write(source, options, never)
    source.write(randomBytes(3 << 20))
    await eventually(() => folder.files().incoming.length === 1)
    source.destroy()
    await expect(writing).rejects.toMatchObject({ reason: 'aborted' })
    expect(folder.files()).toEqual(nothing)
  })

  test('more than the limit', async () => {
    const source = pieces(randomBytes(3 << 20))
    const writing = store.write(source, { ...options, limit: 2 << 20 }, never)
    await expect(writing).rejects.toBeInstanceOf(BlobError)
    await expect(writing).rejects.toMatchObject({ reason: 'too-large' })
    expect(folder.files()).toEqual(nothing)
  })

  test('a first look refuses it, before the rest is read, and the source lives on', async () => {
    const source = pieces(randomBytes(20 << 20))
    const refuse = () => {
      throw problems.badRequest('not that')
    }
    await expect(store.write(source, { ...options, inspect: refuse }, never)).rejects.toThrow('not that')
    expect(source.destroyed).toBe(false)
    expect(folder.files()).toEqual(nothing)
  })

  test('nothing comes for too long', async () => {
    const source = new PassThrough()
    source.write('x')
    await expect(store.write(source, { ...options, idleMs: 30 }, never)).rejects.toMatchObject({
      reason: 'idle',
    })
    expect(folder.files()).toEqual(nothing)
  })

  test('the row is refused', async () => {
    const writing = store.write(pieces(randomBytes(10)), options, async () => {
      throw problems.notFound('the image')
    })
    await expect(writing).rejects.toThrow('the image')
    expect(folder.files()).toEqual(nothing)
  })
})

describe('the sweep', () => {
  const reopen = async (graceMs: number) => {
    await store.close()
    store = await folder.open({ graceMs })
    await store.sweep()
  }
  test('removes what no row names, keeps what rows name', async () => {
    const kept = await keep(randomBytes(10))
    const forgotten = await store.write(pieces(randomBytes(10)), options, async w => w)
    await reopen(0)
    expect(folder.files().blobs).toEqual([kept.id])
    expect(await store.read(forgotten.id, wholeOf(10))).toBeUndefined()
  })

  test('leaves bytes whose commit broke in an unknown way until their time has come', async () => {
    const writing = store.write(pieces(randomBytes(10)), options, async () => {
      throw new Error('Connection terminated unexpectedly')
    })
    await expect(writing).rejects.toThrow('Connection terminated')
    await reopen(60_000)
    expect(folder.files().blobs).toHaveLength(1)
    await reopen(0)
    expect(folder.files()).toEqual(nothing)
  })

  test('does not touch what is between its file and its commit', async () => {
    await reopen(0)
    const written = await store.write(pieces(randomBytes(10)), options, async w => {
      expect(await store.sweep()).toBe(0)
      folder.rows.add(w.id)
      return w
    })
    expect(folder.files().blobs).toEqual([written.id])
  })

  test('the start removes what a dead process was receiving', async () => {
    await store.close()
    mkdirSync(join(folder.folder, 'incoming'), { recursive: true })
    writeFileSync(join(folder.folder, 'incoming', 'half'), 'half')
    store = await folder.open()
    expect(folder.files()).toEqual(nothing)
  })
})

test('a folder has one owner at a time; the next one gets it when the first lets go', async () => {
  let second: BlobStore | undefined
  const waiting = folder.open().then(opened => {
    second = opened
    return opened
  })
  await store.sweep()
  expect(second).toBeUndefined()
  await store.close()
  store = await waiting
  expect((await keep(randomBytes(10))).bytes).toBe(10)
})
