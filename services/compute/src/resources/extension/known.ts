/**
 * The names under which old clients ask whether something is there (nova/api/openstack/compute/extension_info.py),
 * each with the operation that must exist for the answer yes.
 */
export interface Extension {
  alias: string
  name: string
  description: string
}

const KNOWN: readonly [alias: string, name: string, description: string, operation: string][] = [
  ['OS-EXT-AZ', 'ExtendedAvailabilityZone', 'Extended Availability Zone support.', 'servers:show'],
  ['OS-EXT-IPS', 'ExtendedIps', 'Adds type parameter to the ip list.', 'servers:show'],
  ['OS-EXT-IPS-MAC', 'ExtendedIpsMac', 'Adds mac address parameter to the ip list.', 'servers:show'],
  [
    'OS-EXT-SRV-ATTR',
    'ExtendedServerAttributes',
    'Extended Server Attributes support.',
    'servers:show:extended',
  ],
  ['OS-EXT-STS', 'ExtendedStatus', 'Extended Status support.', 'servers:show'],
  ['OS-FLV-DISABLED', 'FlavorDisabled', 'Support to show the disabled status of a flavor.', 'flavors:show'],
  ['OS-FLV-EXT-DATA', 'FlavorExtraData', 'Provide additional data for flavors.', 'flavors:show'],
  ['OS-SCH-HNT', 'SchedulerHints', 'Pass arbitrary key/value pairs to the scheduler.', 'servers:create'],
  ['OS-SRV-USG', 'ServerUsage', 'Adds launched_at and terminated_at on Servers.', 'servers:show'],
  ['os-aggregates', 'Aggregates', 'Admin-only aggregate administration.', 'aggregates:list'],
  ['os-attach-interfaces', 'AttachInterfaces', 'Attach interface support.', 'server_interfaces:list'],
  ['os-availability-zone', 'AvailabilityZone', 'Zones of servers and hosts.', 'availability_zones:list'],
  ['os-config-drive', 'ConfigDrive', 'Config Drive Extension.', 'servers:create'],
  [
    'os-console-output',
    'ConsoleOutput',
    'Console log output support, with tailing ability.',
    'servers:console_output',
  ],
  ['os-extended-hypervisors', 'ExtendedHypervisors', 'Extended hypervisors support.', 'hypervisors:show'],
  ['os-extended-quotas', 'ExtendedQuotas', 'Adds ability for admins to delete quota.', 'quota_sets:delete'],
  ['os-extended-services', 'ExtendedServices', 'Extended services support.', 'services:update'],
  [
    'os-extended-services-delete',
    'ExtendedServicesDelete',
    'Extended services deletion support.',
    'services:delete',
  ],
  ['os-extended-status', 'ExtendedStatus', 'Extended Status support.', 'servers:show'],
  ['os-flavor-access', 'FlavorAccess', 'Flavor access support.', 'flavor_access:list'],
  ['os-flavor-extra-specs', 'FlavorExtraSpecs', 'Flavors extra specs support.', 'flavor_extra_specs:list'],
  ['os-flavor-manage', 'FlavorManage', 'Flavor create/delete API support.', 'flavors:create'],
  ['os-flavor-rxtx', 'FlavorRxtx', 'Support to show the rxtx status of a flavor.', 'flavors:show'],
  ['os-flavor-swap', 'FlavorSwap', 'Support to show the swap status of a flavor.', 'flavors:show'],
  ['os-hypervisor-status', 'HypervisorStatus', 'Show hypervisor status.', 'hypervisors:show'],
  ['os-hypervisors', 'Hypervisors', 'Admin-only hypervisor administration.', 'hypervisors:list'],
  [
    'os-instance-actions',
    'InstanceActions',
    'View a log of actions taken on an instance.',
    'instance_actions:list',
  ],
  ['os-keypairs', 'Keypairs', 'Keypair Support.', 'keypairs:list'],
  ['os-lock-server', 'LockServer', 'Enable lock/unlock server actions.', 'servers:lock'],
  [
    'os-multiple-create',
    'MultipleCreate',
    'Allow multiple create in the Create Server API.',
    'servers:create',
  ],
  ['os-quota-class-sets', 'QuotaClasses', 'Quota classes management support.', 'quota_class_sets:show'],
  ['os-quota-sets', 'Quotas', 'Quotas management support.', 'quota_sets:show'],
  [
    'os-server-group-quotas',
    'ServerGroupQuotas',
    'Adds quota support to server groups.',
    'server_groups:create',
  ],
  ['os-server-groups', 'ServerGroups', 'Server group support.', 'server_groups:list'],
  ['os-server-start-stop', 'ServerStartStop', 'Start/Stop instance compute API support.', 'servers:start'],
  ['os-services', 'Services', 'Services support.', 'services:list'],
  ['os-used-limits', 'UsedLimits', 'Provide data on limited resource that are being used.', 'limits:show'],
  [
    'os-used-limits-for-admin',
    'UsedLimitsForAdmin',
    'Provide such data to admin.',
    'limits:show_other_project',
  ],
  ['os-user-data', 'UserData', 'Add user_data to the Create Server API.', 'servers:create'],
  ['os-user-quotas', 'UserQuotas', 'Project user quota support.', 'user_quotas:update'],
]

export const extensionsOf = (operations: Readonly<Record<string, unknown>>): Extension[] =>
  KNOWN.filter(([, , , operation]) => `compute:${operation}` in operations).map(
    ([alias, name, description]) => ({ alias, name, description }),
  )
