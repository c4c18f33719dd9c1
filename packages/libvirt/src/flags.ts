/** Flags of domain calls (libvirt: include/libvirt/libvirt-domain.h). */
export const DEFINE_VALIDATE = 1 << 0
export const XML_INACTIVE = 1 << 1
export const AFFECT_CURRENT = 0
export const AFFECT_CONFIG = 1 << 1
export const START_FORCE_BOOT = 1 << 3
export const SHUTDOWN_ACPI_POWER_BUTTON = 1 << 0
export const REBOOT_ACPI_POWER_BUTTON = 1 << 0
export const UNDEFINE_MANAGED_SAVE = 1 << 0
export const UNDEFINE_SNAPSHOTS_METADATA = 1 << 1
export const UNDEFINE_NVRAM = 1 << 2
export const UNDEFINE_CHECKPOINTS_METADATA = 1 << 4
export const UNDEFINE_TPM = 1 << 5
