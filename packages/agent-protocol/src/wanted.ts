import { z } from 'zod'

export const FixedIp = z.object({ address: z.string(), prefix_length: z.number().int() })

/** The port through which a host answers 169.254.169.254 on one network (an OVN `localport`, the same on every host). */
export const MetadataPort = z.object({
  port_id: z.string(),
  mac: z.string(),
  fixed_ips: z.array(FixedIp),
})

export const WantedNic = z.object({
  port_id: z.string(),
  network_id: z.string(),
  mac: z.string(),
  mtu: z.number().int(),
  fixed_ips: z.array(FixedIp),
  metadata: MetadataPort.nullable(),
})

/** What the guest may read of itself at 169.254.169.254; served by the host alone, so it survives our control plane. */
export const GuestMetadata = z.object({
  name: z.string(),
  hostname: z.string(),
  project_id: z.string(),
  availability_zone: z.string(),
  launch_index: z.number().int(),
  meta: z.record(z.string(), z.string()),
  keys: z.array(z.object({ name: z.string(), type: z.string(), data: z.string() })),
  /** base64, as the user gave it */
  user_data: z.string().nullable(),
})

/** The root disk: a copy-on-write overlay over a cached image, or an empty disk when `image` is null. */
export const WantedDisk = z.object({
  image: z
    .object({
      id: z.string(),
      /** hex SHA-512 of the image file; the cache refuses anything else */
      sha512: z.string(),
      size_bytes: z.number().int(),
      format: z.enum(['qcow2', 'raw']),
    })
    .nullable(),
  /** 0 means: as large as the image says */
  size_gb: z.number().int(),
})

export const WantedVm = z.object({
  /** id of this incarnation; also the libvirt domain UUID */
  id: z.string(),
  server_id: z.string(),
  /** raised with every change of want; reports carry the one they speak of */
  generation: z.number().int(),
  /** the host's counter when this row last changed; `since` is compared with it */
  revision: z.number().int(),
  power: z.enum(['running', 'stopped', 'gone']),
  /** verbs as counters: the agent reboots while its own count is smaller */
  reboots_soft: z.number().int(),
  reboots_hard: z.number().int(),
  vcpus: z.number().int(),
  ram_mb: z.number().int(),
  disk: WantedDisk,
  nics: z.array(WantedNic),
  metadata: GuestMetadata,
  /** the API request that caused the newest change; goes into the agent's logs */
  request_id: z.string().nullable(),
})
export type WantedVm = z.infer<typeof WantedVm>
export type WantedNic = z.infer<typeof WantedNic>
export type WantedDisk = z.infer<typeof WantedDisk>
export type MetadataPort = z.infer<typeof MetadataPort>
export type GuestMetadata = z.infer<typeof GuestMetadata>

/** A question that only the host can answer; the answer goes to `POST /agent/v1/answers/{id}`. */
export const Ask = z.object({
  id: z.string(),
  kind: z.literal('console'),
  vm_id: z.string(),
  /** lines from the end; null: all that is kept */
  lines: z.number().int().nullable(),
})
export type Ask = z.infer<typeof Ask>

/** `GET /agent/v1/wanted?since=N&wait_s=25` */
export const WantedReply = z.object({
  /** give this as `since` next time */
  revision: z.number().int(),
  /** true: `vms` is everything on this host, not only changes (the answer to since=0) */
  full: z.boolean(),
  vms: z.array(WantedVm),
  asks: z.array(Ask),
})
export type WantedReply = z.infer<typeof WantedReply>

/** `POST /agent/v1/answers/{id}`; `output` is at most 1 MiB of text. */
export const Answer = z.object({ output: z.string().nullable(), error: z.string().nullable() })
export type Answer = z.infer<typeof Answer>
