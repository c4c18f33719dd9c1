import { type Area, matches, some } from './row.ts'

const ANY_RULE = '$(security group rule list --protocol icmp -f value -c ID)'

export const network: Area = {
  group: 'openstack.network.v2',
  rows: [
    // networks
    [
      'network create',
      'lan --description d --tag red --mtu 1400',
      {
        name: 'lan',
        mtu: 1400,
        admin_state_up: true,
        shared: false,
        tags: ['red'],
        'router:external': false,
      },
    ],
    ['network create', 'both --share --disable', { name: 'both', shared: true, admin_state_up: false }],
    ['network create', 'big --mtu 9000', { fails: /400.*mtu/i }],
    ['network list', '', { exactly: [{ Name: 'lan' }, { Name: 'both' }] }],
    ['network list', '--long --name lan', { exactly: [{ Name: 'lan', State: true, Tags: ['red'] }] }],
    ['network list', '--tags red', { exactly: [{ Name: 'lan' }] }],
    ['network list', '--disable', { exactly: [{ Name: 'both' }] }],
    ['network list', '--share', { exactly: [{ Name: 'both' }] }],
    ['network list', '--external', { exactly: [] }],
    ['network set', 'lan --name wan --description e --disable-port-security --tag green', null],
    ['network unset', 'wan --tag red', null],
    [
      'network show',
      'wan',
      { name: 'wan', description: 'e', port_security_enabled: false, tags: ['green'], status: 'ACTIVE' },
    ],
    ['network set', 'wan --enable-port-security --enable', null],
    ['network show', 'nothing', { fails: /No Network found for nothing/ }],

    // subnets
    [
      'subnet create',
      'first --network wan --subnet-range 10.1.0.0/24 --gateway 10.1.0.254 --dns-nameserver 9.9.9.9 --allocation-pool start=10.1.0.10,end=10.1.0.99 --host-route destination=10.9.0.0/24,gateway=10.1.0.2 --tag red',
      {
        cidr: '10.1.0.0/24',
        gateway_ip: '10.1.0.254',
        dns_nameservers: ['9.9.9.9'],
        allocation_pools: [{ start: '10.1.0.10', end: '10.1.0.99' }],
        host_routes: [{ destination: '10.9.0.0/24', nexthop: '10.1.0.2' }],
        enable_dhcp: true,
      },
    ],
    [
      'subnet create',
      'second --network wan --subnet-range 10.2.0.0/24 --no-dhcp --gateway none',
      { gateway_ip: null, enable_dhcp: false },
    ],
    ['subnet create', 'third --network wan --subnet-range 10.1.0.0/25', { fails: /400.*overlap/ }],
    ['subnet create', 'fourth --network wan --subnet-range 10.1.0', { fails: /400/ }],
    ['subnet list', '--network wan', { exactly: [{ Name: 'first' }, { Name: 'second' }] }],
    ['subnet list', '--long --no-dhcp', { exactly: [{ Name: 'second', DHCP: false }] }],
    ['subnet list', '--subnet-range 10.1.0.0/24', { exactly: [{ Name: 'first' }] }],
    ['subnet set', 'first --name lower --dns-nameserver 1.1.1.1 --description d --tag green', null],
    ['subnet unset', 'lower --dns-nameserver 9.9.9.9 --tag red', null],
    [
      'subnet show',
      'lower',
      { name: 'lower', dns_nameservers: ['1.1.1.1'], description: 'd', tags: ['green'] },
    ],
    ['subnet delete', 'second', null],

    // security groups
    ['security group create', 'web --description d --tag red', { name: 'web', stateful: true }],
    ['security group create', 'fast --stateless', { name: 'fast', stateful: false }],
    ['security group list', '', [{ Name: 'default' }, { Name: 'web', Tags: ['red'] }, { Name: 'fast' }]],
    ['security group set', 'web --name http --description e --tag green', null],
    ['security group unset', 'http --tag red', null],
    ['security group show', 'http', { name: 'http', description: 'e', tags: ['green'] }],
    [
      'security group rule create',
      'http --protocol tcp --dst-port 80:90 --description r',
      { direction: 'ingress', ether_type: 'IPv4', port_range_min: 80, port_range_max: 90, protocol: 'tcp' },
    ],
    [
      'security group rule create',
      'http --protocol icmp --icmp-type 8 --icmp-code 0 --remote-ip 10.0.0.0/8',
      { protocol: 'icmp', port_range_min: 8, port_range_max: 0, remote_ip_prefix: '10.0.0.0/8' },
    ],
    [
      'security group rule create',
      'http --egress --ethertype IPv6 --protocol udp --remote-group default',
      { direction: 'egress', ether_type: 'IPv6', remote_group_id: some(String) },
    ],
    [
      'security group rule create',
      'http --protocol tcp --dst-port 80:90 --description r',
      { fails: /409.*already exists/ },
    ],
    ['security group rule create', 'http --protocol tcp --dst-port 99999', { fails: /400.*99999/ }],
    ['security group rule create', 'http --protocol nonsense', { fails: /400.*nonsense/ }],
    [
      'security group rule list',
      'http --ingress',
      {
        exactly: [
          { 'IP Protocol': 'tcp', 'Port Range': '80:90', 'IP Range': '0.0.0.0/0' },
          { 'IP Protocol': 'icmp', 'IP Range': '10.0.0.0/8' },
        ],
      },
    ],
    ['security group rule list', '--protocol icmp', { exactly: [{ 'IP Protocol': 'icmp' }] }],

    ['security group rule show', ANY_RULE, { protocol: 'icmp' }],
    ['security group rule delete', ANY_RULE, null],
    ['security group rule list', '--protocol icmp', { exactly: [] }],

    // ports
    [
      'port create',
      'plug --network wan --fixed-ip subnet=lower,ip-address=10.1.0.50 --security-group http --description p --tag red',
      {
        name: 'plug',
        status: 'DOWN',
        fixed_ips: [{ ip_address: '10.1.0.50', subnet_id: some(String) }],
        mac_address: matches(/^fa:16:3e:/),
        security_group_ids: [some(String)],
      },
    ],
    [
      'port create',
      'bare --network wan --no-security-group --disable-port-security --mac-address 02:00:00:00:00:07 --disable',
      { port_security_enabled: false, security_group_ids: [], mac_address: '02:00:00:00:00:07' },
    ],
    [
      'port create',
      'pair --network wan --allowed-address ip-address=10.1.0.60 --no-fixed-ip',
      { allowed_address_pairs: [{ ip_address: '10.1.0.60' }], fixed_ips: [] },
    ],
    ['port create', 'again --network wan --fixed-ip ip-address=10.1.0.50', { fails: /409.*already/ }],
    ['port list', '--network wan', [{ Name: 'plug' }, { Name: 'bare' }, { Name: 'pair' }]],
    ['port list', '--fixed-ip ip-address=10.1.0.50', { exactly: [{ Name: 'plug' }] }],
    ['port list', '--mac-address 02:00:00:00:00:07', { exactly: [{ Name: 'bare', Status: 'DOWN' }] }],
    ['port list', '--tags red --long', { exactly: [{ Name: 'plug', Tags: ['red'] }] }],
    ['port set', 'plug --name socket --fixed-ip subnet=lower,ip-address=10.1.0.51 --tag green', null],
    ['port unset', 'socket --fixed-ip subnet=lower,ip-address=10.1.0.50 --tag red', null],
    ['port show', 'socket', { fixed_ips: [{ ip_address: '10.1.0.51' }], tags: ['green'] }],
    ['port set', 'bare --enable --enable-port-security --security-group fast', null],
    ['port set', 'pair --no-allowed-address', null],
    ['port show', 'pair', { allowed_address_pairs: [] }],

    // in use, and away
    ['security group delete', 'http', { fails: /409.*in use/ }],
    ['port unset', 'socket --security-group http', null],
    ['security group delete', 'http', null],
    ['security group delete', 'default', { fails: /409|403/ }],
    ['subnet delete', 'lower', { fails: /409/ }],
    ['network delete', 'wan', { fails: /409.*still in use/ }],
    ['port delete', 'socket bare pair', null],
    ['security group delete', 'fast', null],
    ['subnet delete', 'lower', null],
    ['network delete', 'wan both', null],
    ['network list', '', { exactly: [] }],
    ['network agent list', '', { exactly: [] }],

    // what is not there
    ['router create', 'r', { fails: /404/ }],
    ['floating ip list', '', { fails: /404/ }],
    ['network qos policy list', '', { fails: /404/ }],
    ['network trunk list', '', { fails: /could not be found/ }],
    ['network rbac list', '', { fails: /404/ }],
    ['subnet pool list', '', { fails: /404/ }],
  ],
  notYet: [
    'address group',
    'address scope',
    'floating ip',
    'ip availability',
    'local ip',
    'network agent add',
    'network agent delete',
    'network agent remove',
    'network agent set',
    'network agent show',
    'network auto allocated topology',
    'network flavor',
    'network l3 conntrack helper',
    'network meter',
    'network qos',
    'network rbac',
    'network segment',
    'network service provider',
    'router',
    'subnet pool',
  ],
}
