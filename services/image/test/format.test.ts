import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { inspect, refusal } from '../src/resources/image/format.ts'
import { iso, qcow2, vdi, vhd, vmdk } from './disk-images.ts'

const text = Buffer.from('just text')

describe('what the first bytes show', () => {
  test.each([
    ['qcow2', qcow2(), { kind: 'qcow2', virtualBytes: 1 << 30, unsafe: null }],
    ['old qcow2', qcow2({ version: 2 }), { kind: 'qcow2', unsafe: null }],
    ['stream VMDK', vmdk('streamOptimized'), { kind: 'vmdk', virtualBytes: 1 << 20, unsafe: null }],
    ['dynamic VHD', vhd(3), { kind: 'vhd', virtualBytes: 5_000_000, unsafe: null }],
    ['VDI', vdi(1), { kind: 'vdi', virtualBytes: 7_000_000, unsafe: null }],
    ['ISO 9660', iso(), { kind: 'iso', virtualBytes: null, unsafe: null }],
    ['text', text, { kind: 'plain', virtualBytes: null, unsafe: null }],
    ['nothing', Buffer.alloc(0), { kind: 'plain', virtualBytes: null, unsafe: null }],
  ])('%s', (_what, head, expected) => {
    expect(inspect(head)).toMatchObject(expected)
  })
})

describe('what names other files, or cannot be understood, is refused', () => {
  test.each([
    ['qcow2', qcow2({ backing: 512 }), 'backing file'],
    ['qcow2', qcow2({ version: 2, backing: 512 }), 'backing file'],
    ['qcow2', qcow2({ incompatible: 0b100 }), 'external data file'],
    ['qcow2', qcow2({ incompatible: 1 << 9 }), 'unknown'],
    ['qcow2', qcow2({ version: 9 }), 'version 9'],
    ['qcow2', qcow2().subarray(0, 40), 'damaged'],
    ['qcow2', qcow2().subarray(0, 80), 'damaged'],
    ['qcow2', qcow2({ virtualBytes: 2 ** 60 }), 'damaged'],
    ['vmdk', vmdk('monolithicFlat'), 'names other files'],
    ['vmdk', Buffer.from('# Disk DescriptorFile\ncreateType="vmfs"'), 'other files'],
    ['vhd', vhd(4), 'difference'],
    ['vdi', vdi(4), 'difference'],
  ])('%s: %#', (format, head, why) => {
    expect(refusal(format, inspect(head))).toContain(why)
  })
})

describe('the data must be what disk_format says', () => {
  test.each([
    ['raw', text, true],
    ['raw', Buffer.alloc(0), true],
    ['raw', iso(), true],
    ['ami', text, true],
    ['iso', iso(), true],
    ['qcow2', qcow2({ incompatible: 0b1_1011 }), true],
    ['raw', qcow2(), false],
    ['raw', Buffer.from('LUKS\xba\xbe', 'latin1'), false],
    ['ari', vmdk('streamOptimized'), false],
    ['qcow2', text, false],
    ['qcow2', Buffer.alloc(0), false],
    ['vhdx', qcow2(), false],
    ['iso', text, false],
  ])('%s: %#', (format, head, fits) => {
    expect(refusal(format, inspect(head)) === null).toBe(fits)
  })
})

describe('images made by qemu-img', () => {
  const folder = mkdtempSync(join(tmpdir(), 'caelum-format-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const made = (name: string, ...args: string[]) => {
    execFileSync('qemu-img', ['create', '-q', ...args], { cwd: folder })
    return inspect(readFileSync(join(folder, name)).subarray(0, 65_536))
  }
  test('a plain one passes, one with a backing file does not', () => {
    expect(made('base.qcow2', '-f', 'qcow2', 'base.qcow2', '64M')).toEqual({
      kind: 'qcow2',
      virtualBytes: 64 << 20,
      unsafe: null,
    })
    const backed = made('over.qcow2', '-f', 'qcow2', '-b', 'base.qcow2', '-F', 'qcow2', 'over.qcow2')
    expect(backed.unsafe).toContain('backing file')
    const external = made('ext.qcow2', '-f', 'qcow2', '-o', 'data_file=data.raw', 'ext.qcow2', '64M')
    expect(external.unsafe).toContain('external data file')
  })
  test.each(['vmdk', 'vdi', 'vhdx', 'qed', 'vpc'])('%s is recognised', format => {
    const { kind, unsafe } = made(`x.${format}`, '-f', format, `x.${format}`, '64M')
    expect({ kind, unsafe }).toEqual({ kind: format === 'vpc' ? 'vhd' : format, unsafe: null })
  })
})
