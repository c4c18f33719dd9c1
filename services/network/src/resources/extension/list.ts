/** What this service does beyond the core API, by Neutron's aliases. Clients believe it, so it holds only what is true. */
const extension = (alias: string, name: string, description: string) => ({
  alias,
  name,
  description,
  links: [],
  updated: '2026-01-01T00:00:00-00:00',
})

export const extensions = [
  extension('agent', 'agent', 'The hosts that OVN knows, as agents.'),
  extension('allowed-address-pairs', 'Allowed Address Pairs', 'More addresses that a port may use.'),
  extension('availability_zone', 'Availability Zone', 'Lists availability zones.'),
  extension('binding', 'Port Binding', 'Which host a port is plugged on.'),
  extension('empty-string-filtering', 'Empty String Filtering', 'Filters by empty strings.'),
  extension('filter-validation', 'Filter parameters validation', 'Unknown filters are refused.'),
  extension('net-mtu', 'Network MTU', 'The MTU of a network.'),
  extension('net-mtu-writable', 'Network MTU (writable)', 'The MTU of a network can be chosen.'),
  extension('network_availability_zone', 'Network Availability Zone', 'The zones of a network.'),
  extension('pagination', 'Pagination support', 'Lists come in pages.'),
  extension('port-security', 'Port Security', 'Anti-spoofing, which can be switched off.'),
  extension(
    'port-security-groups-filtering',
    'Port filtering on security groups',
    'Ports by security group.',
  ),
  extension('project-id', 'project_id field enabled', 'project_id beside tenant_id.'),
  extension('quotas', 'Quota management support', 'Limits per project.'),
  extension('quota_details', 'Quota details management support', 'Limits and use per project.'),
  extension('security-group', 'security-group', 'Security groups.'),
  extension('security-groups-normalized-cidr', 'Normalized CIDR field', 'normalized_cidr in rules.'),
  extension('sorting', 'Sorting support', 'Lists are sorted as asked.'),
  extension('standard-attr-description', 'standard-attr-description', 'description of resources.'),
  extension('standard-attr-revisions', 'Resource revision numbers', 'revision_number of resources.'),
  extension('standard-attr-tag', 'Tag support', 'Tags of networks, subnets, ports and security groups.'),
  extension('standard-attr-timestamp', 'Resource timestamps', 'created_at and updated_at of resources.'),
  extension(
    'stateful-security-group',
    'Stateful security group',
    'Security groups that do not track connections.',
  ),
]
