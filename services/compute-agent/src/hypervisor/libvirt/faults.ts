import { LibvirtClosed, LibvirtError, LibvirtTimeout } from '@caelum/libvirt'
import { DriverFault, type FaultCode } from '../fault.ts'

/** Whether libvirt answered with one of these errors. */
export const isLibvirt = (error: unknown, ...codes: LibvirtError['code'][]): error is LibvirtError =>
  error instanceof LibvirtError && codes.includes(error.code)

/** What QEMU and the system say has no code of its own: libvirt hands on their words. */
const WORDS: [RegExp, FaultCode][] = [
  [/cannot allocate memory|cannot set up guest memory/i, 'no-memory'],
  [/no space left on device/i, 'disk-full'],
  [/could not open backing file|could not open '.*\.qcow2'/i, 'image-missing'],
  [/to OVS bridge/i, 'bridge-missing'],
]

const codeOf = (error: unknown): { code: FaultCode; permanent?: boolean } => {
  if (error instanceof LibvirtClosed) return { code: 'hypervisor-down' }
  if (error instanceof LibvirtTimeout) return { code: 'timeout' }
  if (isLibvirt(error, 'NO_DOMAIN')) return { code: 'not-defined' }
  if (isLibvirt(error, 'XML_ERROR', 'XML_DETAIL', 'XML_INVALID_SCHEMA', 'CONFIG_UNSUPPORTED')) {
    return { code: 'refused', permanent: true }
  }
  const words = error instanceof Error ? error.message : String(error)
  return { code: WORDS.find(([pattern]) => pattern.test(words))?.[1] ?? 'failed' }
}

/** What a driver's verb rejects with, whatever went wrong inside. */
export const faultFrom = (error: unknown): DriverFault => {
  if (error instanceof DriverFault) return error
  const { code, permanent = false } = codeOf(error)
  return new DriverFault(code, error instanceof Error ? error.message : String(error), {
    permanent,
    cause: error,
  })
}
