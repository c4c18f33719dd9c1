export { ensureGuestImage, type GuestImage } from './guest-image.ts'
export { INSTANCE_MARK, type Instance, openInstance, type Underlay } from './instance.ts'
export { type HostStatus, LabHost } from './lab-host.ts'
export { type InstanceProcess, processesOf, removeInstance, sweepDeadInstances } from './leftovers.ts'
export { OvnCentral } from './ovn-central.ts'
export { type Certificate, type CertificateNames, caDirOf, ensureCa, ensureCertificate } from './pki.ts'
export type { ProcessSpec } from './process-spec.ts'
export {
  installCommand,
  installPackages,
  missingPackages,
  type PackageGroup,
  SYSTEM_PACKAGES,
} from './system-packages.ts'
