import { problem } from '@caelum/kernel'

/** Everything the compute API refuses: stable code, status, and words that say what to do next. */
export const errors = {
  keypairNotFound: problem(404, 'KeypairNotFound', (name: string) => `Keypair ${name} not found.`),
  keypairExists: problem(
    409,
    'KeypairExists',
    (name: string) => `Key pair '${name}' already exists. Delete it first, or choose another name.`,
  ),
  keypairQuota: problem(
    403,
    'KeypairLimitExceeded',
    (limit: number) => `Quota exceeded, too many key pairs: the limit is ${limit} per user.`,
  ),
  invalidPublicKey: problem(400, 'InvalidKeypair', (why: string) => `Keypair data is invalid: ${why}.`),
  flavorNotFound: problem(404, 'FlavorNotFound', (id: string) => `Flavor ${id} could not be found.`),
  flavorNameExists: problem(
    409,
    'FlavorExists',
    (name: string) => `Flavor with name ${name} already exists.`,
  ),
  flavorIdExists: problem(409, 'FlavorIdExists', (id: string) => `Flavor with ID ${id} already exists.`),
  flavorIsPublic: problem(404, 'FlavorIsPublic', () => 'Access list not available for public flavors.'),
  publicFlavorAccess: problem(409, 'FlavorIsPublic', () => 'Can not add access to a public flavor.'),
  flavorAccessExists: problem(
    409,
    'FlavorAccessExists',
    (id: string, project: string) =>
      `Flavor access already exists for flavor ${id} and project ${project} combination.`,
  ),
  flavorAccessNotFound: problem(
    404,
    'FlavorAccessNotFound',
    (id: string, project: string) => `Flavor access not found for ${id} / ${project} combination.`,
  ),
  extraSpecNotFound: problem(
    404,
    'FlavorExtraSpecsNotFound',
    (id: string, key: string) => `Flavor ${id} has no extra specs with key ${key}.`,
  ),
  markerNotFound: problem(400, 'MarkerNotFound', (marker: string) => `marker [${marker}] not found`),
  hypervisorNotFound: problem(
    404,
    'HypervisorNotFound',
    (id: string) => `Hypervisor with ID '${id}' could not be found.`,
  ),
  noHypervisorMatches: problem(
    404,
    'HypervisorNotFound',
    (pattern: string) => `No hypervisor matching '${pattern}' could be found.`,
  ),
  uptimeUnknown: problem(
    501,
    'UptimeNotSupported',
    () => 'Agents do not report the uptime of their host; ask the host itself.',
  ),
  invalidUuid: problem(400, 'InvalidUUID', (id: string) => `Invalid uuid ${id}`),
  serviceNotFound: problem(404, 'ServiceNotFound', (id: string) => `Service ${id} not found.`),
  binaryNotFound: problem(
    404,
    'HostBinaryNotFound',
    (host: string, binary: string) => `Could not find binary ${binary} on host ${host}.`,
  ),
  forcedDown: problem(
    501,
    'ForcedDownNotSupported',
    () => 'Forcing a host down is not supported: a host counts as down when its agent falls silent.',
  ),
  hostInUse: problem(
    409,
    'HostInUse',
    (host: string, why: string) => `Unable to delete host ${host}: ${why}.`,
  ),
  /** nova/exception.py, TooManyInstances: every list in the order of the names */
  quotaExceeded: problem(
    403,
    'TooManyInstances',
    (over: { name: string; asked: number; used: number; limit: number }[]) => {
      const list = (pick: (o: (typeof over)[number]) => string | number) => over.map(pick).join(', ')
      return `Quota exceeded for ${list(o => o.name)}: Requested ${list(o => o.asked)}, but already used ${list(o => o.used)} of ${list(o => o.limit)} ${list(o => o.name)}`
    },
  ),
  metadataLimit: problem(
    403,
    'MetadataLimitExceeded',
    (most: number) => `Maximum number of metadata items exceeds ${most}`,
  ),
  metadatumNotFound: problem(404, 'MetadataItemNotFound', () => 'Metadata item was not found'),
  tagNotFound: problem(
    404,
    'InstanceTagNotFound',
    (id: string, tag: string) => `Server ${id} has no tag '${tag}'`,
  ),
  tooManyTags: problem(
    400,
    'TooManyTags',
    (most: number) => `The number of tags exceeded the per-server limit ${most}`,
  ),
  actionNotFound: problem(404, 'ActionNotFound', (requestId: string) => `Action ${requestId} not found`),
  serverGroupNotFound: problem(
    404,
    'InstanceGroupNotFound',
    (id: string) => `Instance group ${id} could not be found.`,
  ),
  serverGroupQuota: problem(403, 'ServerGroupLimitExceeded', () => 'Quota exceeded, too many server groups.'),
  groupMemberQuota: problem(
    403,
    'GroupMemberLimitExceeded',
    () => 'Quota exceeded, too many servers in group',
  ),
  aggregateNotFound: problem(404, 'AggregateNotFound', (id: number) => `Aggregate ${id} could not be found.`),
  aggregateNameExists: problem(409, 'AggregateNameExists', () => 'An aggregate of this name already exists.'),
  aggregateHostExists: problem(
    409,
    'AggregateHostExists',
    (id: number, host: string) => `Aggregate ${id} already has host ${host}.`,
  ),
  aggregateHostNotFound: problem(
    404,
    'AggregateHostNotFound',
    (id: number, host: string) => `Cannot remove host ${host} in aggregate ${id}`,
  ),
  computeHostNotFound: problem(
    404,
    'ComputeHostNotFound',
    (host: string) => `Compute host ${host} could not be found.`,
  ),
  imageCaching: problem(
    501,
    'ImageCachingNotSupported',
    () => 'Images cannot be brought to hosts in advance; a host fetches an image with its first server.',
  ),
  userQuota: problem(
    501,
    'UserQuotaNotSupported',
    () => 'Limits for one user of a project are not supported; set the limits of the project.',
  ),

  badRequest: problem(400, 'BadRequest', (why: string) => why),
  conflict: problem(409, 'Conflict', (why: string) => why),
  serverNotFound: problem(404, 'InstanceNotFound', (id: string) => `Instance ${id} could not be found.`),
  flavorTooSmall: problem(
    400,
    'FlavorTooSmall',
    (what: string, unit: string, has: number, needs: number) =>
      `Flavor's ${what} is too small for the requested image: it has ${has} ${unit}, the image needs ${needs} ${unit}.`,
  ),
  requestedDestination: problem(
    403,
    'Forbidden',
    (needs: string) =>
      `Policy does not allow compute:servers:create:requested_destination to be performed: it needs ${needs}.`,
  ),
  /** nova/api/openstack/common.py, raise_http_conflict_for_instance_invalid_state */
  invalidState: problem(
    409,
    'InstanceInvalidState',
    (verb: string, id: string, why: string) => `Cannot '${verb}' instance ${id} ${why}.`,
  ),
  serverLocked: problem(
    409,
    'InstanceIsLocked',
    (id: string) => `Instance ${id} is locked. Unlock it first.`,
  ),
  notReady: problem(
    409,
    'InstanceNotReady',
    (id: string) => `Instance ${id} is not ready: it has no console yet.`,
  ),
  hostSilent: problem(
    503,
    'ComputeHostSilent',
    () => 'The host of this server does not answer just now; please try again.',
  ),
}
