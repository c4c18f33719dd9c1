/**
 * What kind of disk image the first bytes show, and whether it is safe to hand to a hypervisor. Pure.
 *
 * A disk image may name other files: a qcow2 its backing file or external data file, a VMDK its extents, a VHD or VDI
 * its parent. A host that opens such an image reads files of the host for the guest (CVE-2024-32498, CVE-2015-5163),
 * so they are refused here, and bytes must be what `disk_format` says: a "raw" image that a guest turned into a qcow2
 * is the same attack. (QEMU docs/interop/qcow2.txt, vmdk-howto, VirtualBox VDICore.h, VHD specification 1.0.)
 */
export type Kind = 'qcow2' | 'qed' | 'vmdk' | 'vdi' | 'vhd' | 'vhdx' | 'iso' | 'ploop' | 'luks' | 'plain'

export interface Inspected {
  kind: Kind
  /** bytes of the disk that a guest sees; null when the head does not tell */
  virtualBytes: number | null
  /** why it must not be used */
  unsafe: string | null
}

const magics: { kind: Kind; at: number; bytes: Buffer }[] = [
  { kind: 'qcow2', at: 0, bytes: Buffer.from('QFI\xfb', 'latin1') },
  { kind: 'qed', at: 0, bytes: Buffer.from('QED\0', 'latin1') },
  { kind: 'vmdk', at: 0, bytes: Buffer.from('KDMV') },
  { kind: 'vmdk', at: 0, bytes: Buffer.from('COWD') },
  { kind: 'vmdk', at: 0, bytes: Buffer.from('# Disk DescriptorFile') },
  { kind: 'vhd', at: 0, bytes: Buffer.from('conectix') },
  { kind: 'vhdx', at: 0, bytes: Buffer.from('vhdxfile') },
  { kind: 'vdi', at: 64, bytes: Buffer.from([0x7f, 0x10, 0xda, 0xbe]) },
  { kind: 'ploop', at: 0, bytes: Buffer.from('WithoutFreeSpace') },
  { kind: 'ploop', at: 0, bytes: Buffer.from('WithouFreSpacExt') },
  { kind: 'luks', at: 0, bytes: Buffer.from('LUKS\xba\xbe', 'latin1') },
  { kind: 'iso', at: 32_769, bytes: Buffer.from('CD001') },
]

const inspectors: Partial<Record<Kind, (head: Buffer) => Omit<Inspected, 'kind'>>> = {
  qcow2: inspectQcow2,
  vmdk: inspectVmdk,
  vhd: inspectVhd,
  vdi: inspectVdi,
}

/** `head` is the first 64 KiB, or all there is. */
export function inspect(head: Buffer): Inspected {
  const found = magics.find(({ at, bytes }) => head.subarray(at, at + bytes.length).equals(bytes))
  const kind = found?.kind ?? 'plain'
  return { kind, ...(inspectors[kind]?.(head) ?? { virtualBytes: null, unsafe: null }) }
}

/** Formats whose bytes have no mark of their own, so that "plain" is all that can be asked of them. */
const unmarked = new Set(['raw', 'ami', 'ari', 'aki'])

/** Why these bytes must not be kept as `diskFormat`; null when they may. */
export function refusal(diskFormat: string, { kind, unsafe }: Inspected): string | null {
  const fits = unmarked.has(diskFormat) ? kind === 'plain' || kind === 'iso' : kind === diskFormat
  if (!fits)
    return `disk_format is ${diskFormat}, but the data is ${kind === 'plain' ? 'of no known format' : kind}.`
  return unsafe
}

/** Larger than any disk, and still an exact number in JSON. */
const LARGEST = 2 ** 53 - 1

const unreadable = { virtualBytes: null, unsafe: 'its header is damaged.' }
const safe = (virtualBytes: bigint | number) =>
  virtualBytes > LARGEST ? unreadable : { virtualBytes: Number(virtualBytes), unsafe: null }

/** Incompatible features that we know to be harmless: dirty, corrupt, compression type, extended L2 entries. */
const HARMLESS = 0b1_1011n
const EXTERNAL_DATA = 0b100n

function inspectQcow2(head: Buffer): Omit<Inspected, 'kind'> {
  if (head.length < 72) return unreadable
  const version = head.readUInt32BE(4)
  if (version !== 2 && version !== 3)
    return { virtualBytes: null, unsafe: `qcow2 version ${version} is unknown.` }
  if (head.readBigUInt64BE(8) !== 0n) return { virtualBytes: null, unsafe: 'it has a backing file.' }
  if (version === 3) {
    if (head.length < 104) return unreadable
    const features = head.readBigUInt64BE(72)
    if (features & EXTERNAL_DATA) return { virtualBytes: null, unsafe: 'it has an external data file.' }
    if (features & ~HARMLESS) return { virtualBytes: null, unsafe: 'it has features that are unknown.' }
  }
  return safe(head.readBigUInt64BE(24))
}

/** Only the kinds that keep their data in the file itself (Glance's `vmdk_allowed_types`). */
function inspectVmdk(head: Buffer): Omit<Inspected, 'kind'> {
  const type = /createType\s*=\s*"(\w+)"/.exec(head.toString('latin1'))?.[1]
  if (head.subarray(0, 4).toString('latin1') !== 'KDMV' || head.length < 20 || !type)
    return { virtualBytes: null, unsafe: 'its data is in other files.' }
  if (type !== 'streamOptimized' && type !== 'monolithicSparse')
    return { virtualBytes: null, unsafe: `a VMDK of type ${type} names other files.` }
  return safe(head.readBigUInt64LE(12) * 512n)
}

function inspectVhd(head: Buffer): Omit<Inspected, 'kind'> {
  if (head.length < 512) return unreadable
  if (head.readUInt32BE(60) === 4)
    return { virtualBytes: null, unsafe: 'it is a difference to another file.' }
  return safe(head.readBigUInt64BE(48))
}

function inspectVdi(head: Buffer): Omit<Inspected, 'kind'> {
  if (head.length < 512) return unreadable
  if (head.readUInt32LE(0x4c) === 4)
    return { virtualBytes: null, unsafe: 'it is a difference to another file.' }
  return safe(head.readBigUInt64LE(0x170))
}
