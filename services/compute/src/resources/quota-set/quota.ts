/**
 * What can be limited, in Nova's words and order (nova/quota.py, nova/conf/quota.py). `ram` is in MiB; -1 means
 * no limit. The network ones belong to the network service: here they are names that old clients expect.
 */
export const DEFAULT_LIMITS = {
  cores: 20,
  fixed_ips: -1,
  floating_ips: -1,
  injected_file_content_bytes: 10_240,
  injected_file_path_bytes: 255,
  injected_files: 5,
  instances: 10,
  key_pairs: 100,
  metadata_items: 128,
  ram: 51_200,
  security_group_rules: -1,
  security_groups: -1,
  server_group_members: 10,
  server_groups: 10,
} as const

export type Resource = keyof typeof DEFAULT_LIMITS
export type Limits = Record<Resource, number>
/** what is counted per project; everything else is a limit of one request, one user or one group */
export type Usage = Pick<Limits, 'cores' | 'instances' | 'ram' | 'server_groups'>

export const RESOURCES = Object.keys(DEFAULT_LIMITS) as Resource[]

/** Which of the asked things do not fit any more, in the order of their names. */
export const exceeded = (limits: Limits, used: Usage, asked: Partial<Usage>): (keyof Usage)[] =>
  (Object.keys(asked) as (keyof Usage)[])
    .filter(name => {
      const more = asked[name] ?? 0
      return more > 0 && limits[name] >= 0 && used[name] + more > limits[name]
    })
    .sort()
