import { existsSync, readFileSync, statfsSync } from 'node:fs'
import { availableParallelism, release, totalmem } from 'node:os'
import { installCommand, missingPackages } from '@caelum/lab'
import { bootsUnder, probeAcceleration } from '@caelum/libvirt'
import { ROOT } from '../cloud/node-program.ts'
import { isFree, USUAL_PORTS } from '../instance/ports.ts'
import { execute } from '../setup/execute.ts'
import type { Finding } from './finding.ts'

/** @returns undefined when it fails */
const output = (...argv: [string, ...string[]]): Promise<string | undefined> =>
  execute(argv, 10_000).catch(() => undefined)

const GIB = 1 << 30
/** two guests, the control plane, and room for the page cache */
const ENOUGH_RAM_BYTES = 4 * GIB
const ENOUGH_DISK_BYTES = 4 * GIB

export function system(): Finding {
  const name = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown'
  return {
    what: 'system',
    verdict: name.startsWith('Debian GNU/Linux 12') ? 'good' : 'poorer',
    detail: `${name}, Linux ${release()}`,
    ...(name.startsWith('Debian GNU/Linux 12') ? {} : { next: 'only Debian 12 is tested' }),
  }
}

export function room(): Finding {
  const disk = statfsSync(ROOT)
  const free = disk.bavail * disk.bsize
  const enough = totalmem() >= ENOUGH_RAM_BYTES && free >= ENOUGH_DISK_BYTES
  const gib = (bytes: number) => `${(bytes / GIB).toFixed(0)} GiB`
  return {
    what: 'room',
    verdict: enough ? 'good' : 'poorer',
    detail: `${availableParallelism()} cores, ${gib(totalmem())} memory, ${gib(free)} free on disk`,
    ...(enough
      ? {}
      : { next: `${gib(ENOUGH_RAM_BYTES)} memory and ${gib(ENOUGH_DISK_BYTES)} disk are wanted` }),
  }
}

export async function packages(): Promise<Finding> {
  const what = 'Debian packages'
  const missing = await missingPackages().catch(() => undefined)
  if (!missing) return { what, verdict: 'missing', detail: 'dpkg-query does not work', next: 'use Debian 12' }
  if (missing.length === 0) return { what, verdict: 'good', detail: 'all installed' }
  const detail = missing.map(group => `${group.purpose}: ${group.packages.join(' ')}`).join('; ')
  return {
    what,
    verdict: 'missing',
    detail,
    next: `caelum up installs them; or: ${installCommand(missing).join(' ')}`,
  }
}

export async function namespaces(): Promise<Finding> {
  const what = 'namespaces'
  const host = ['--net', '--mount', '--uts', '--ipc', '--pid', '--cgroup', '--fork', 'true']
  if ((await output('unshare', ...host)) === undefined)
    return {
      what,
      verdict: 'missing',
      detail: 'lab hosts cannot be made',
      next: 'run as root, in a container with SYS_ADMIN and NET_ADMIN',
    }
  if ((await output('unshare', '--user', '--map-user=65534', 'true')) === undefined)
    return {
      what,
      verdict: 'poorer',
      detail: 'no user namespaces: our own PostgreSQL cannot run as root',
      next: 'sysctl -w kernel.unprivileged_userns_clone=1, or set DATABASE_URL',
    }
  return { what, verdict: 'good', detail: 'network, mount, process, control group and user namespaces' }
}

/** Boots a tiny guest: the presence of /dev/kvm proves nothing. */
export async function guests(): Promise<Finding> {
  const what = 'guests'
  const { acceleration, why } = await probeAcceleration()
  if (acceleration === 'kvm') return { what, verdict: 'good', detail: why }
  const emulated = await bootsUnder('tcg')
  if (emulated.boots)
    return {
      what,
      verdict: 'poorer',
      detail: `emulated (TCG), because ${why}`,
      next: 'a machine whose KVM works runs guests about ten times faster',
    }
  return {
    what,
    verdict: 'missing',
    detail: `${why}; ${emulated.why}`,
    next: 'apt-get install qemu-system-x86',
  }
}

export function tunDevice(): Finding {
  const there = existsSync('/dev/net/tun')
  return {
    what: 'tap devices',
    verdict: there ? 'good' : 'missing',
    detail: there ? '/dev/net/tun is there' : 'no /dev/net/tun: guests get no network',
    ...(there ? {} : { next: 'modprobe tun; in a container pass the device through' }),
  }
}

/** `ovs-dpctl` fails where the kernel has no datapath of Open vSwitch's. */
export async function openVSwitch(): Promise<Finding> {
  const what = 'Open vSwitch'
  const version = (await output('ovs-vswitchd', '--version'))?.split('\n')[0]
  if (!version)
    return { what, verdict: 'missing', detail: 'not installed', next: 'apt-get install openvswitch-switch' }
  const kernel = (await output('ovs-dpctl', 'dump-dps')) !== undefined
  if (kernel) return { what, verdict: 'good', detail: `${version}; the kernel has its datapath` }
  return {
    what,
    verdict: 'poorer',
    detail: `${version}; no kernel datapath, so it runs in user space (hundreds of Mbit/s)`,
    next: 'modprobe openvswitch, on a kernel that has the module',
  }
}

export async function ports(): Promise<Finding> {
  const taken: string[] = []
  for (const [name, port] of Object.entries(USUAL_PORTS))
    if (!(await isFree(port))) taken.push(`${port} (${name})`)
  return {
    what: 'usual ports',
    verdict: taken.length === 0 ? 'good' : 'poorer',
    detail: taken.length === 0 ? 'all free' : `in use: ${taken.join(', ')}`,
    ...(taken.length === 0
      ? {}
      : { next: 'nothing to do: by this cloud if it runs, else other ports are chosen' }),
  }
}
