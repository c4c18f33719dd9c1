import { type Area, matches } from './row.ts'

/** What speaks of several services at once. */
export const cloud: Area = {
  group: 'openstack.common',
  rows: [
    [
      'versions show',
      '',
      [
        { 'Service Type': 'identity', Version: '3.14', Status: 'CURRENT' },
        { 'Service Type': 'compute', Version: '2.1', 'Min Microversion': '2.1', 'Max Microversion': '2.96' },
        { 'Service Type': 'image', Status: 'CURRENT' },
        { 'Service Type': 'network', Version: '2.0', Status: 'CURRENT' },
        { 'Service Type': 'object-store', Version: '1.0', Endpoint: matches(/\/v1\/$/) },
      ],
    ],
    ['configuration show', '', { identity_api_version: '3' }],
    ['extension list', '--compute', [{ Alias: 'OS-EXT-AZ' }]],
    ['extension list', '--network', [{ Alias: 'security-group' }, { Alias: 'port-security' }]],
    ['extension show', 'security-group', { alias: 'security-group' }],
    [
      'availability zone list',
      '--compute --long',
      [{ 'Zone Name': 'nova', 'Zone Status': 'available', 'Host Name': 'host-1' }],
    ],
    ['availability zone list', '--network', [{ 'Zone Name': 'nova', 'Zone Status': 'available' }]],
    ['quota show', '', { cores: 20, instances: 10, networks: 100, ports: 500, secgroups: 10 }],
    ['quota set', '--cores 4 --instances 3 --networks 5 --secgroups 6 service', null],
    ['quota show', 'service', { cores: 4, instances: 3, networks: 5, secgroups: 6, ports: 500 }],
    ['quota show', '--default', { cores: 20, networks: 100 }],
    ['quota list', '--compute', [{ Cores: 4, Instances: 3 }]],
    ['quota list', '--network', [{ Networks: 5, 'Security Groups': 6 }]],
    ['quota set', '--cores 20 --instances 10 --networks 100 --secgroups 10 service', null],
    [
      'limits show',
      '--absolute',
      [
        { Name: 'maxTotalCores', Value: 20 },
        { Name: 'totalCoresUsed', Value: 0 },
      ],
    ],
    ['limits show', '--rate', { exactly: [] }],
    ['project purge', '--dry-run --auth-project', { says: /^$/ }],
  ],
  notYet: ['project cleanup'],
}
