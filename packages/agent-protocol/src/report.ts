import { z } from 'zod'

/** Facts about a host, told in `hello` and refreshed in every full report. */
export const HostFacts = z.object({
  hostname: z.string(),
  agent_version: z.string(),
  protocol: z.number().int(),
  /** 'QEMU' with libvirt, 'sim' for the simulated hypervisor */
  hypervisor_type: z.string(),
  /** libvirt's form: 7002000 is 7.2.0 */
  hypervisor_version: z.number().int(),
  /** 'kvm' only if a guest was seen to boot under it */
  acceleration: z.enum(['kvm', 'tcg', 'none']),
  host_ip: z.string(),
  vcpus: z.number().int(),
  ram_mb: z.number().int(),
  disk_gb: z.number().int(),
  cpu_model: z.string(),
  arch: z.string(),
  /** false while libvirt (or whatever the driver drives) does not answer */
  hypervisor_up: z.boolean(),
  /** verbs and options this driver offers, e.g. 'console', 'reboot_soft' */
  capabilities: z.array(z.string()),
})
export type HostFacts = z.infer<typeof HostFacts>

export const HelloReply = z.object({ host_id: z.string(), epoch: z.number().int() })
export type HelloReply = z.infer<typeof HelloReply>

/** One vm as the host sees it now. Whole facts: a later report replaces an earlier one. */
export const SeenVm = z.object({
  id: z.string(),
  /** the wanted generation these facts answer; equals the want's when everything asked for is true */
  generation: z.number().int(),
  power: z.enum(['running', 'stopped', 'paused', 'crashed', 'absent', 'gone']),
  /** wanted running at this generation, the guest has switched itself off; it stays off until the want changes */
  guest_off: z.boolean().default(false),
  reboots_soft: z.number().int(),
  reboots_hard: z.number().int(),
  /** what the agent does just now or does next; null when it rests */
  step: z.enum(['image', 'disk', 'nics', 'define', 'start', 'stop', 'reboot', 'remove']).nullable(),
  fault: z
    .object({
      code: z.string(),
      message: z.string(),
      /** true: the spec is impossible here and trying again cannot help */
      permanent: z.boolean(),
    })
    .nullable(),
})
export type SeenVm = z.infer<typeof SeenVm>

/** `POST /agent/v1/report` */
export const Report = z.object({
  epoch: z.number().int(),
  seq: z.number().int(),
  host: HostFacts.nullable(),
  vms: z.array(SeenVm),
  /** domains that carry our mark but are not wanted here: reported, left alone */
  strays: z.array(z.object({ id: z.string(), name: z.string(), power: z.string() })),
})
export type Report = z.infer<typeof Report>

/** `accepted: false` means a newer agent owns this host: this one must stop. */
export const ReportReply = z.object({ accepted: z.boolean() })
export type ReportReply = z.infer<typeof ReportReply>
