/**
 * What a cloud has on its hosts and in OVN, as a list of lines: taken before and after, the difference is what was
 * left behind. Everything is asked of the machine itself, nothing of our own services.
 */
import type { LabHost, OvnCentral } from '@caelum/lab'
import { execute } from '../setup/execute.ts'

export type Footprint = ReadonlySet<string>

export async function footprint(hosts: readonly LabHost[], ovn: OvnCentral): Promise<Footprint> {
  const parts = await Promise.all([
    ...hosts.map(hostLines),
    ovnLines(ovn.nb, 'OVN_Northbound'),
    ovnLines(ovn.sb, 'OVN_Southbound'),
  ])
  return new Set(parts.flat())
}

export const added = (before: Footprint, after: Footprint): string[] =>
  [...after].filter(line => !before.has(line))

const linesOf = (text: string): string[] => text.split('\n').filter(line => line.trim() !== '')

async function hostLines(host: LabHost): Promise<string[]> {
  const ask = async (what: string, argv: string[], shape = (line: string) => line) =>
    linesOf(await host.exec(argv)).map(line => `${host.name}: ${what} ${shape(line)}`)
  const found = await Promise.all([
    ask('domain', ['virsh', '-q', 'list', '--all', '--uuid']),
    ask('namespace', ['ip', 'netns', 'list'], line => line.split(' ')[0]!),
    ask('interface', ['ip', '-brief', 'link'], line => line.split(/[ @]/)[0]!),
    ask('switch port', ['ovs-vsctl', 'list-ports', 'br-int']),
    ask('flow', ['ovs-ofctl', '--no-stats', 'dump-flows', 'br-int'], line =>
      line.trim().replace(/^cookie=\w+, /, ''),
    ),
    ask('process', ['ps', '-e', '-o', 'comm='], comm => comm).then(all =>
      all.filter(line => line.includes('qemu')),
    ),
    ask('disk', ['find', host.agentDir, '-name', 'disk*', '-type', 'f']),
  ])
  return found.flat()
}

/** Tables whose rows speak of the databases themselves, or of hosts. */
const NOT_TENANTS =
  /^(NB_Global|SB_Global|Connection|SSL|Chassis|Chassis_Private|Encap|BFD|RBAC_\w+|Meter\w*|DHCP_Options|DHCPv6_Options)$/

type Dumped = { caption: string; headings: string[]; data: unknown[][] }

async function ovnLines(remote: string, database: string): Promise<string[]> {
  const text = await execute(['ovsdb-client', '--format=json', 'dump', remote, database])
  return linesOf(text).flatMap(line => {
    const { caption, headings, data } = JSON.parse(line) as Dumped
    const table = caption.replace(/ table$/, '')
    if (NOT_TENANTS.test(table) && !(database === 'OVN_Northbound' && table === 'DHCP_Options')) return []
    const [uuid, name] = [headings.indexOf('_uuid'), headings.indexOf('name')]
    return data.map(row => `${database} ${table} ${JSON.stringify(row[name] ?? row[uuid])}`)
  })
}
