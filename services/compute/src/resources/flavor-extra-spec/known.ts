/**
 * The extra specs that Nova knows, and what their values must look like from 2.86 on
 * (nova/api/validation/extra_specs/*.py). A name outside the known namespaces may be anything; inside them an
 * unknown name is a typing mistake and refused.
 */
import { wordAsBoolean } from '../../fields.ts'

/** says what is wrong with a value, or null */
type Check = (value: string) => string | null

const text: Check = () => null
const flag: Check = value =>
  wordAsBoolean(value) === undefined ? `'${value}' is not a valid boolean-like value.` : null
const oneOf =
  (...words: string[]): Check =>
  value =>
    words.includes(value) ? null : `'${value}' is not one of: ${words.join(', ')}.`
const like =
  (pattern: RegExp): Check =>
  value =>
    pattern.test(value) ? null : `'${value}' is not of the format '${pattern.source}'.`
const whole =
  (min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): Check =>
  value => {
    if (!/^\s*[+-]?\d+\s*$/.test(value)) return `'${value}' is not a valid integer value.`
    if (Number(value) > max) return `'${value}' is greater than the max value of '${max}'.`
    return Number(value) < min ? `'${value}' is less than the min value of '${min}'.` : null
  }

const cpus = like(/^\^?\d+(-\d+)?(,\^?\d+(-\d+)?)*$/)

/** Names as regular expressions, the first that fits counts. */
const KNOWN: readonly (readonly [name: string, check: Check])[] = [
  ['accel:device_profile', text],
  ['aggregate_instance_extra_specs:.+', text],
  [
    'capabilities:(id|uuid|service_id|host|vcpus|memory_mb|local_gb|vcpus_used|memory_mb_used|local_gb_used' +
      '|hypervisor_type|hypervisor_version|hypervisor_hostname|free_ram_mb|free_disk_gb|current_workload' +
      '|running_vms|disk_available_least|host_ip|mapped|cpu_allocation_ratio|ram_allocation_ratio' +
      '|disk_allocation_ratio|total_usable_ram_mb|total_usable_disk_gb|disk_mb_used|free_disk_mb|vcpus_total' +
      '|num_instances|num_io_ops|failed_builds|aggregates|cell_uuid|updated)',
    text,
  ],
  [
    'capabilities:(cpu_info|metrics|stats|numa_topology|supported_hv_specs|pci_device_pools|nodename|pci_stats' +
      '|supported_instances|limits|instances)(:\\w+)*',
    text,
  ],
  ['hw:cpu_realtime', flag],
  ['hw:cpu_realtime_mask', cpus],
  ['hw:hide_hypervisor_id', flag],
  ['hw:cpu_policy', oneOf('dedicated', 'shared', 'mixed')],
  ['hw:cpu_thread_policy', oneOf('prefer', 'isolate', 'require')],
  ['hw:emulator_threads_policy', oneOf('isolate', 'share')],
  ['hw:cpu_dedicated_mask', cpus],
  ['hw:mem_page_size', like(/^(large|small|any|\d+([kKMGT]i?)?(b|bit|B)?)$/)],
  ['hw:locked_memory', flag],
  ['hw:numa_nodes', whole(1)],
  ['hw:numa_cpus\\.\\d+', cpus],
  ['hw:numa_mem\\.\\d+', whole(1)],
  ['hw:pci_numa_affinity_policy', oneOf('required', 'preferred', 'legacy', 'socket')],
  ['hw:cpu_(max_)?(sockets|cores|threads)', whole(1)],
  ['hw:boot_menu', flag],
  ['hw:vif_multiqueue_enabled', flag],
  ['hw:mem_encryption', flag],
  ['hw:mem_encryption_model', oneOf('amd-sev', 'amd-sev-es')],
  ['hw:pmem', like(/^\w+(,\w+)*,?$/)],
  ['hw:pmu', flag],
  ['hw:serial_port_count', whole(0)],
  ['hw:tpm_model', oneOf('tpm-tis', 'tpm-crb')],
  ['hw:tpm_version', oneOf('1.2', '2.0')],
  ['hw:watchdog_action', oneOf('none', 'pause', 'poweroff', 'reset', 'disabled')],
  ['hw:viommu_model', oneOf('intel', 'smmuv3', 'virtio')],
  ['hw:virtio_packed_ring', flag],
  ['hw:ephemeral_encryption', flag],
  ['hw:ephemeral_encryption_format', oneOf('plain', 'luks', 'luksv2')],
  ['hw_rng:allowed', flag],
  ['hw_rng:rate_(bytes|period)', whole(0)],
  ['hw_video:ram_max_mb', whole(0)],
  ['hide_hypervisor_id', flag],
  ['group_policy', oneOf('isolate', 'none')],
  ['os:secure_boot', oneOf('disabled', 'required')],
  ['pci_passthrough:alias', like(/^[^:,]+:\d+(\s*,\s*[^:,]+:\d+)*$/)],
  ['quota:(cpu|memory|disk_io|vif)_(limit|shares_share)', whole(0)],
  ['quota:(cpu|memory|disk_io|vif)_reservation', whole()],
  ['quota:(cpu|memory|disk_io|vif)_shares_level', oneOf('custom', 'high', 'normal', 'low')],
  ['quota:cpu_(shares|period)', whole(0)],
  ['quota:cpu_quota', whole()],
  ['quota:disk_(read|write|total)_(bytes|iops)_sec', whole(0)],
  ['quota:vif_(inbound|outbound)_(average|peak|burst)', whole(0)],
  ['resources([a-zA-Z0-9_-]{1,64})?:[A-Z0-9_]+', whole()],
  ['trait([a-zA-Z0-9_-]{1,64})?:[A-Z0-9_]+', oneOf('required', 'forbidden')],
  ['vmware:(hw_version|storage_policy)', text],
]

const PATTERNS = KNOWN.map(([name, check]) => ({ name: new RegExp(`^${name}$`), check }))
const NAMESPACE =
  /^(accel|aggregate_instance_extra_specs|capabilities|hw|hw_rng|hw_video|os|pci_passthrough|quota|resources[a-zA-Z0-9_-]{0,64}|trait[a-zA-Z0-9_-]{0,64}|vmware):/

/** Says what is wrong with an extra spec, or null. */
export function wrongExtraSpec(name: string, value: string): string | null {
  const known = PATTERNS.find(pattern => pattern.name.test(name))
  const wrong = known
    ? known.check(value)
    : NAMESPACE.test(name)
      ? `extra spec '${name}' does not appear to be a valid extra spec.`
      : null
  return wrong === null ? null : `Validation failed; ${wrong}`
}
