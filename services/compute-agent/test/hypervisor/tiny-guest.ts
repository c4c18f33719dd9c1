import { writeFile } from 'node:fs/promises'
import type { CachedImage } from '../../src/hypervisor/driver.ts'

const IMAGE_BYTES = 1 << 20
/** where the enable bit of the power button is set: `mov $0x0100, %ax`, its high byte */
const ENABLE_AT = 0x24

/**
 * A whole guest in one boot sector, up a moment after the firmware: it writes `guest up` to the first serial port,
 * enables the ACPI power button (PM1_EN at 0x602, where SeaBIOS puts it on pc and q35) and sleeps; when the button is
 * pressed (PM1_STS) it powers off (SLP_EN to PM1_CNT).
 *
 *   cli; xor %ax,%ax; mov %ax,%ds; mov $msg,%si
 *   1: lodsb; test %al,%al; jz 3f; mov %al,%bl; mov $0x3fd,%dx
 *   2: in %dx,%al; test $0x20,%al; jz 2b; mov $0x3f8,%dx; mov %bl,%al; out %al,%dx; jmp 1b
 *   3: mov $0x602,%dx; mov $0x0100,%ax; out %ax,%dx; sti
 *   4: hlt; mov $0x600,%dx; in %dx,%ax; test $1,%ah; jz 4b; mov $0x604,%dx; mov $0x2000,%ax; out %ax,%dx; jmp 4b
 *   msg: .asciz "guest up\r\n"
 */
const CODE = Buffer.from(
  'fa31c08ed8be3a7cac84c0741288c3bafd03eca82074fbbaf80388d8eeebe9' +
    'ba0206b80001effbf4ba0006edf6c40174f6ba0406b80020efebed' +
    '67756573742075700d0a00',
  'hex',
)

/** `deaf`: it never enables the power button. */
export const writeTinyGuest = async (path: string, guest: 'obedient' | 'deaf'): Promise<CachedImage> => {
  const disk = Buffer.alloc(IMAGE_BYTES)
  CODE.copy(disk)
  if (guest === 'deaf') disk.writeUInt8(0, ENABLE_AT)
  disk.writeUInt16LE(0xaa55, 510)
  await writeFile(path, disk)
  return { path, format: 'raw' }
}
