import { gatedObject, since, until } from '@caelum/http'
import { z } from 'zod'

/** nova/api/openstack/compute/schemas/servers.py */
/** of one server */
export const MAX_NETWORKS = 64

const name = z.string().trim().min(1).max(255)
const uuid = z.uuid()
const boolean = z.union([
  z.boolean(),
  z
    .enum([
      'True',
      'TRUE',
      'true',
      '1',
      'ON',
      'On',
      'on',
      'YES',
      'Yes',
      'yes',
      'y',
      't',
      'False',
      'FALSE',
      'false',
      '0',
      'OFF',
      'Off',
      'off',
      'NO',
      'No',
      'no',
      'n',
      'f',
    ])
    .transform(text => /^(true|1|on|yes|y|t)$/i.test(text)),
])
const count = z
  .union([z.number().int(), z.string().regex(/^\d+$/).transform(Number)])
  .pipe(z.number().int().min(1).max(1_000))
export const metadataKey = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[\w\-:. ]+$/, 'may hold letters, digits, -, _, :, . and blanks')
export const Metadata = z.record(metadataKey, z.string().max(255))
export const tag = z
  .string()
  .min(1)
  .max(60)
  .regex(/^[^,/]*$/, 'may not hold , or /')
const base64 = z
  .string()
  .max(65_535)
  .regex(/^[A-Za-z0-9+/\s]*={0,2}\s*$/, 'must be base64')
const hostname = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[a-zA-Z0-9-._]*[a-zA-Z0-9-_]$/)

const network = gatedObject({
  uuid: uuid.optional(),
  port: uuid.nullish(),
  fixed_ip: z.union([z.ipv4(), z.ipv6()]).optional(),
  tag: since(32, tag.optional()),
})

/** `auto` and `none` exist from 2.37 on, and there `networks` must be given. */
const networks = (microversion: number) => {
  const list = z.array(network(microversion)).max(MAX_NETWORKS)
  return microversion >= 37 ? z.union([z.literal('none'), z.literal('auto'), list]) : list.optional()
}

/** Only the one form that we can boot from: the image itself as the root disk. */
const blockDevice = z.object({
  boot_index: z.union([z.number().int(), z.string()]).nullish(),
  uuid: z.string().optional(),
  source_type: z.string().optional(),
  destination_type: z.string().optional(),
})
const bootsFromImage = (devices: z.output<typeof blockDevice>[]) =>
  devices.every(device => device.source_type === 'image' && (device.destination_type ?? 'local') === 'local')

const server = (microversion: number) =>
  gatedObject({
    name,
    imageRef: z.string().max(255).optional(),
    flavorRef: z.union([z.string().min(1).max(255), z.number().int().transform(String)]),
    networks: networks(microversion),
    key_name: z.string().max(255).nullish(),
    user_data: base64.nullish(),
    config_drive: boolean.nullish(),
    metadata: Metadata.optional(),
    security_groups: z
      .array(z.object({ name: z.string().min(1).max(255) }))
      .max(64)
      .optional(),
    availability_zone: z.string().min(1).max(255).nullish(),
    min_count: count.optional(),
    max_count: count.optional(),
    return_reservation_id: boolean.optional(),
    adminPass: z.string().max(255).optional(),
    accessIPv4: z.union([z.ipv4(), z.literal('')]).nullish(),
    accessIPv6: z.union([z.ipv6(), z.literal('')]).nullish(),
    'OS-DCF:diskConfig': z.enum(['AUTO', 'MANUAL']).optional(),
    block_device_mapping_v2: z
      .array(blockDevice)
      .max(1)
      .refine(bootsFromImage, 'only the image as local root disk is possible: there are no volumes')
      .optional(),
    personality: until(56, z.array(z.unknown()).max(0, 'files cannot be injected; use user_data').optional()),
    description: since(19, z.string().max(255).nullish()),
    tags: since(52, z.array(tag).max(50).optional()),
    trusted_image_certificates: since(63, z.null().optional()),
    host: since(74, z.string().min(1).max(255).optional()),
    hypervisor_hostname: since(74, z.string().min(1).max(255).optional()),
    hostname: since(90, hostname.optional()),
  })(microversion)

const hints = z.record(z.string(), z.unknown()).optional()

export const CreateServer = (microversion: number) =>
  z.strictObject({
    server: server(microversion),
    'os:scheduler_hints': hints,
    'OS-SCH-HNT:scheduler_hints': hints,
  })
export type CreateServer = z.output<ReturnType<typeof CreateServer>>['server']

export const UpdateServer = (microversion: number) =>
  z.strictObject({
    server: gatedObject({
      name: name.optional(),
      accessIPv4: z.union([z.ipv4(), z.literal('')]).nullish(),
      accessIPv6: z.union([z.ipv6(), z.literal('')]).nullish(),
      'OS-DCF:diskConfig': z.enum(['AUTO', 'MANUAL']).optional(),
      description: since(19, z.string().max(255).nullish()),
      hostname: since(90, hostname.optional()),
    })(microversion),
  })
export type UpdateServer = z.output<ReturnType<typeof UpdateServer>>['server']

export const ServerId = z.object({ id: z.string() })

const text = z.string().max(255).optional()
const many = z.union([z.string(), z.array(z.string())]).optional()
export const when = z.iso
  .datetime({ offset: true, local: true })
  .transform(value => new Date(/[zZ]|[+-]\d\d:?\d\d$/.test(value) ? value : `${value}Z`))

/** Every filter that Nova documents; those we do not act on change nothing, as for a caller without the right. */
export const ListServers = gatedObject(
  {
    limit: z.coerce.number().int().min(0).optional(),
    marker: text,
    sort_key: many,
    sort_dir: many,
    all_tenants: many,
    project_id: text,
    tenant_id: text,
    user_id: text,
    name: text,
    status: many,
    vm_state: many,
    task_state: many,
    power_state: text,
    image: text,
    flavor: text,
    host: text,
    hostname: text,
    node: text,
    ip: text,
    ip6: text,
    key_name: text,
    uuid: text,
    availability_zone: text,
    reservation_id: text,
    deleted: text,
    'changes-since': when.optional(),
    'changes-before': since(66, when.optional()),
    tags: since(26, text),
    'tags-any': since(26, text),
    'not-tags': since(26, text),
    'not-tags-any': since(26, text),
    locked: since(73, text),
    access_ip_v4: text,
    access_ip_v6: text,
    auto_disk_config: text,
    config_drive: text,
    created_at: text,
    description: text,
    display_description: text,
    display_name: text,
    instance_name: text,
    instance_type_id: text,
    kernel_id: text,
    launch_index: text,
    launched_at: text,
    locked_by: text,
    progress: text,
    ramdisk_id: text,
    root_device_name: text,
    soft_deleted: text,
    terminated_at: text,
  },
  75,
)
export type ListServers = z.output<ReturnType<typeof ListServers>>

/** What `lock` may say from 2.73 on; before, whatever comes is ignored. */
export const LockReason = z.strictObject({ locked_reason: z.string().min(1).max(255).optional() }).nullable()

/** One schema per verb; the body of an action has exactly one key. */
export const ServerActions = {
  'os-start': z.unknown(),
  'os-stop': z.unknown(),
  reboot: z.strictObject({
    type: z
      .string()
      .transform(value => value.toUpperCase())
      .pipe(z.enum(['SOFT', 'HARD'])),
  }),
  'os-getConsoleOutput': z.strictObject({
    length: z
      .union([
        z.number().int(),
        z
          .string()
          .regex(/^-?\d+$/)
          .transform(Number),
      ])
      .nullish(),
  }),
  forceDelete: z.unknown(),
  lock: z.unknown(),
  unlock: z.unknown(),
  'os-resetState': z.strictObject({ state: z.enum(['active', 'error']) }),
} as const

export const ServerReply = z.object({ server: z.record(z.string(), z.unknown()) })
export const ServersReply = z.object({ servers: z.array(z.record(z.string(), z.unknown())) })
