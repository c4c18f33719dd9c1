import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CachedImage } from '../../src/hypervisor/driver.ts'
import { ensureDisk, imageUnder } from '../../src/hypervisor/libvirt/disk.ts'
import { readQcow2Header } from '../../src/hypervisor/libvirt/qcow2.ts'

const GIB = 2 ** 30
let dir: string
let disk: string
let raw: CachedImage
let qcow2: CachedImage

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'caelum-disk-'))
  disk = join(dir, 'disk.qcow2')
  raw = { path: join(dir, 'image.raw'), format: 'raw' }
  await writeFile(raw.path, '')
  await truncate(raw.path, 1.5 * GIB)
  qcow2 = { path: join(dir, 'image.qcow2'), format: 'qcow2' }
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', qcow2.path, '64M'])
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const want = (size_gb: number, image: CachedImage | null) => ({
  size_gb,
  image: image && { id: 'i', sha512: '00', size_bytes: 1, format: image.format },
})
const make = (size_gb: number, image: CachedImage | null) => ensureDisk(disk, want(size_gb, image), image)
const info = () =>
  JSON.parse(execFileSync('qemu-img', ['info', '--output=json', disk], { encoding: 'utf8' })) as {
    'virtual-size': number
    'full-backing-filename'?: string
    'backing-filename-format'?: string
  }

describe('a root disk', () => {
  it('is an overlay over its image, as large as the image says or as wanted', async () => {
    await make(0, qcow2)
    expect(info()).toMatchObject({
      'virtual-size': 64 * 2 ** 20,
      'full-backing-filename': qcow2.path,
      'backing-filename-format': 'qcow2',
    })
    expect(await imageUnder(disk)).toBe(qcow2.path)
    await rm(disk)
    await make(2, raw)
    expect(info()).toMatchObject({ 'virtual-size': 2 * GIB, 'backing-filename-format': 'raw' })
    expect((await stat(disk)).mode & 0o777).toBe(0o600)
    expect((await readdir(dir)).sort()).toEqual(['disk.qcow2', 'image.qcow2', 'image.raw'])
  })

  it('stands alone without an image', async () => {
    await make(0, null)
    expect(info()['virtual-size']).toBe(GIB)
    expect(await imageUnder(disk)).toBeNull()
  })

  it('is not made smaller than its image', async () => {
    await expect(make(1, raw)).rejects.toMatchObject({
      code: 'disk-too-small',
      permanent: true,
      message: 'the image needs 2 GB, the disk shall have 1 GB',
    })
  })

  it('grows, never shrinks, and is otherwise left as it is', async () => {
    await make(1, qcow2)
    await make(3, qcow2)
    expect(info()['virtual-size']).toBe(3 * GIB)
    const before = await readFile(disk)
    await make(1, qcow2)
    await make(0, qcow2)
    expect((await readFile(disk)).equals(before)).toBe(true)
  })

  it('does not grow under a guest', async () => {
    await make(1, qcow2)
    // larger at every look: until qemu-io holds the disk it does grow
    let size = 1
    const lock = ['-c', `open -o driver=qcow2 ${disk}`, '-c', 'sleep 10000']
    const holder = spawn('qemu-io', lock, { stdio: ['ignore', 'pipe', 'pipe'] })
    try {
      await expect
        .poll(
          () =>
            make(++size, qcow2).then(
              () => 'grown',
              error => error.code,
            ),
          { timeout: 15_000 },
        )
        .toBe('disk-busy')
    } finally {
      holder.kill('SIGKILL')
    }
  })

  it('replaces what a killed agent left unfinished', async () => {
    await writeFile(`${disk}.new`, 'half')
    await make(1, qcow2)
    expect(await readQcow2Header(disk)).toEqual({ virtual_size_bytes: GIB, backing_path: qcow2.path })
  })

  it('of another kind is a fault, never overwritten', async () => {
    await writeFile(disk, 'somebody’s data')
    await expect(make(1, qcow2)).rejects.toMatchObject({ code: 'disk-other-image', permanent: true })
    expect(await readFile(disk, 'utf8')).toBe('somebody’s data')
  })

  it('says when the image is missing, or is none', async () => {
    await expect(make(1, { ...qcow2, path: join(dir, 'none') })).rejects.toMatchObject({
      code: 'image-missing',
      permanent: false,
    })
    await expect(make(0, { ...raw, format: 'qcow2' })).rejects.toMatchObject({
      code: 'image-missing',
      permanent: true,
    })
    expect(await imageUnder(disk)).toBeNull()
  })
})
