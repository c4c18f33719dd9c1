/** Heads of disk images, made by hand, as the formats' specifications say. */

export function qcow2({
  virtualBytes = 1 << 30,
  version = 3,
  backing = 0,
  incompatible = 0,
}: {
  virtualBytes?: number
  version?: number
  backing?: number
  incompatible?: number
} = {}): Buffer {
  const b = Buffer.alloc(65_536)
  b.write('QFI\xfb', 0, 'latin1')
  b.writeUInt32BE(version, 4)
  b.writeBigUInt64BE(BigInt(backing), 8)
  b.writeUInt32BE(16, 20)
  b.writeBigUInt64BE(BigInt(virtualBytes), 24)
  if (version === 3) {
    b.writeBigUInt64BE(BigInt(incompatible), 72)
    b.writeUInt32BE(104, 100)
  }
  return b
}

export function vmdk(createType: string): Buffer {
  const b = Buffer.alloc(4_096)
  b.write('KDMV', 0)
  b.writeBigUInt64LE(2_048n, 12)
  b.write(`# Disk DescriptorFile\ncreateType="${createType}"\n`, 512)
  return b
}

export function vhd(type: number): Buffer {
  const b = Buffer.alloc(1_024)
  b.write('conectix', 0)
  b.writeBigUInt64BE(5_000_000n, 48)
  b.writeUInt32BE(type, 60)
  return b
}

export function vdi(type: number): Buffer {
  const b = Buffer.alloc(1_024)
  b.writeUInt32BE(0x7f10dabe, 64)
  b.writeUInt32LE(type, 0x4c)
  b.writeBigUInt64LE(7_000_000n, 0x170)
  return b
}

export function iso(): Buffer {
  const b = Buffer.alloc(65_536)
  b.write('CD001', 32_769)
  return b
}
