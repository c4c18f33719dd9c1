import { problem } from '@caelum/kernel'

const notFound = (code: string, noun: string) =>
  problem(404, code, (id: string) => `${noun} ${id} could not be found.`)

/** Everything the network API refuses; types and words are those of neutron_lib/exceptions. */
export const errors = {
  networkNotFound: notFound('NetworkNotFound', 'Network'),
  subnetNotFound: notFound('SubnetNotFound', 'Subnet'),
  portNotFound: notFound('PortNotFound', 'Port'),
  securityGroupNotFound: problem(
    404,
    'SecurityGroupNotFound',
    (id: string) => `Security group ${id} does not exist.`,
  ),
  securityGroupRuleNotFound: problem(
    404,
    'SecurityGroupRuleNotFound',
    (id: string) => `Security group rule ${id} does not exist.`,
  ),
  tagNotFound: problem(404, 'TagNotFound', (tag: string) => `Tag ${tag} could not be found.`),
  agentNotFound: notFound('AgentNotFound', 'Agent'),
  extensionNotFound: problem(
    404,
    'HTTPNotFound',
    (alias: string) => `Extension with alias ${alias} does not exist`,
  ),

  invalidInput: problem(400, 'InvalidInput', (why: string) => `Invalid input for operation: ${why}.`),
  notFilterable: problem(
    400,
    'HTTPBadRequest',
    (names: string[]) => `[${names.map(name => `'${name}'`).join(', ')}] is invalid attribute for filtering`,
  ),
  notSortable: problem(
    400,
    'HTTPBadRequest',
    (name: string) => `['${name}'] is invalid attribute for sort_keys`,
  ),
  overQuota: problem(
    409,
    'OverQuota',
    (resource: string) => `Quota exceeded for resources: ['${resource}'].`,
  ),

  networkInUse: problem(
    409,
    'NetworkInUse',
    (id: string, ports: string) =>
      `Unable to complete operation on network ${id}. There are one or more ports still in use on the network, id for these ports is ${ports}.`,
  ),
  sharedInUse: problem(
    409,
    'InvalidSharedSetting',
    (name: string) =>
      `Unable to reconfigure sharing settings for network ${name}. Multiple tenants are using it.`,
  ),
  subnetInUse: problem(
    409,
    'SubnetInUse',
    (id: string) =>
      `Unable to complete operation on subnet ${id}: One or more ports have an IP allocation from this subnet.`,
  ),
  servicePort: problem(
    409,
    'ServicePortInUse',
    (id: string) =>
      `Port ${id} cannot be changed or deleted directly: the network service answers metadata through it, as long as its network exists.`,
  ),
  ipInUse: problem(
    409,
    'IpAddressAlreadyAllocated',
    (ip: string, subnet: string) => `IP address ${ip} already allocated in subnet ${subnet}`,
  ),
  macInUse: problem(
    409,
    'MacAddressInUse',
    (network: string, mac: string) =>
      `Unable to complete operation for network ${network}. The mac address ${mac} is in use.`,
  ),
  noAddress: problem(
    409,
    'IpAddressGenerationFailure',
    (network: string) => `No more IP addresses available on network ${network}.`,
  ),
  portBound: problem(
    409,
    'PortBound',
    (id: string, host: string) =>
      `Unable to complete operation on port ${id}, port is already bound to host ${host}: unbind it first to change its MAC address.`,
  ),
  wrongIpForNetwork: problem(
    400,
    'InvalidIpForNetwork',
    (ip: string) => `IP address ${ip} is not a valid IP for any of the subnets on the specified network.`,
  ),
  wrongIpForSubnet: problem(
    400,
    'InvalidIpForSubnet',
    (ip: string) => `IP address ${ip} is not a valid IP for the specified subnet.`,
  ),
  pairsNeedPortSecurity: problem(
    409,
    'AddressPairAndPortSecurityRequired',
    () => 'Port Security must be enabled in order to have allowed address pairs on a port.',
  ),
  groupsNeedPortSecurity: problem(
    400,
    'PortSecurityAndIPRequiredForSecurityGroups',
    () => 'Port security must be enabled and port must have an IP address in order to use security groups.',
  ),
  portHasGroups: problem(
    409,
    'PortSecurityPortHasSecurityGroup',
    () =>
      'Port has security group associated. Cannot disable port security or IP address until security group is removed.',
  ),

  poolConflict: problem(
    409,
    'GatewayConflictWithAllocationPools',
    (pool: string, ip: string) => `Gateway ip ${ip} conflicts with allocation pool ${pool}.`,
  ),
  poolsOverlap: problem(
    409,
    'OverlappingAllocationPools',
    (a: string, b: string, cidr: string) =>
      `Found overlapping allocation pools: ${a} ${b} for subnet ${cidr}.`,
  ),
  poolOutOfBounds: problem(
    400,
    'OutOfBoundsAllocationPool',
    (pool: string, cidr: string) => `The allocation pool ${pool} spans beyond the subnet cidr ${cidr}.`,
  ),
  poolInvalid: problem(
    400,
    'InvalidAllocationPool',
    (pool: string) => `The allocation pool ${pool} is not valid.`,
  ),

  securityGroupInUse: problem(409, 'SecurityGroupInUse', (id: string) => `Security Group ${id} in use.`),
  cannotRemoveDefault: problem(
    409,
    'SecurityGroupCannotRemoveDefault',
    () => 'Insufficient rights for removing default security group.',
  ),
  cannotRenameDefault: problem(
    409,
    'SecurityGroupCannotUpdateDefault',
    () => 'Updating the default security group not allowed.',
  ),
  defaultExists: problem(
    409,
    'SecurityGroupDefaultAlreadyExists',
    () => 'Default security group already exists.',
  ),
  ruleExists: problem(
    409,
    'SecurityGroupRuleExists',
    (id: string) => `Security group rule already exists. Rule id is ${id}.`,
  ),
  remoteGroupAndPrefix: problem(
    400,
    'SecurityGroupMultipleRemoteEntites',
    () => 'Only one of remote_ip_prefix or remote_group_id may be provided.',
  ),
  ruleConflict: problem(
    400,
    'SecurityGroupRuleParameterConflict',
    (ethertype: string, cidr: string) => `Conflicting value ethertype ${ethertype} for CIDR ${cidr}`,
  ),
  protocolVersionConflict: problem(
    400,
    'SecurityGroupEthertypeConflictWithProtocol',
    (protocol: string, ethertype: string) => `Invalid ethertype ${ethertype} for protocol ${protocol}.`,
  ),
  portRange: problem(
    400,
    'SecurityGroupInvalidPortRange',
    () => 'For TCP/UDP protocols, port_range_min must be <= port_range_max',
  ),
  portValue: problem(
    400,
    'SecurityGroupInvalidPortValue',
    (port: number) => `Invalid value for port ${port}`,
  ),
  portWithoutProtocol: problem(
    400,
    'SecurityGroupProtocolRequiredWithPorts',
    () => 'Must also specify protocol if port range is given.',
  ),
  portWithOtherProtocol: problem(
    400,
    'SecurityGroupInvalidProtocolForPort',
    (protocol: string) =>
      `Invalid protocol ${protocol} for port range, only supported for TCP, UDP, UDPLITE, SCTP and DCCP.`,
  ),
  icmpValue: problem(
    400,
    'SecurityGroupInvalidIcmpValue',
    (field: string, name: string, value: number) =>
      `Invalid value for ICMP ${field} (${name}) ${value}. It must be 0 to 255.`,
  ),
  icmpTypeMissing: problem(
    400,
    'SecurityGroupMissingIcmpType',
    (value: number) =>
      `ICMP code (port-range-max) ${value} is provided but ICMP type (port-range-min) is missing.`,
  ),
  unknownProtocol: problem(
    400,
    'SecurityGroupRuleInvalidProtocol',
    (protocol: string) =>
      `Security group rule protocol ${protocol} not supported. Only names of IP protocols and integer values [0-255] are supported.`,
  ),
}
