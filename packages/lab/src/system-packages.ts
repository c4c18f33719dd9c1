import { spawn } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { CommandFailed, run, tryRun } from './command.ts'

/** Debian packages that the cloud runs from, by what they are for. */
export type PackageGroup = { purpose: string; packages: string[] }

export const SYSTEM_PACKAGES: readonly PackageGroup[] = [
  {
    purpose: 'guests',
    packages: [
      'qemu-system-x86',
      'qemu-utils',
      'libvirt-daemon',
      'libvirt-daemon-driver-qemu',
      // makes the user libvirt-qemu, without whom libvirtd's QEMU driver does not start, whoever guests run as
      'libvirt-daemon-system',
      'libvirt-clients',
    ],
  },
  {
    purpose: 'network',
    packages: [
      'openvswitch-switch',
      'ovn-central',
      'ovn-host',
      'iproute2',
      'ethtool',
      'openssl',
      'procps',
      'iputils-ping',
    ],
  },
  { purpose: 'queue', packages: ['redis-server'] },
  {
    purpose: 'guest image',
    packages: [
      'syslinux',
      'syslinux-common',
      'mtools',
      'dosfstools',
      'e2fsprogs',
      'fdisk',
      'cpio',
      'binutils',
    ],
  },
  { purpose: 'client', packages: ['python3-openstackclient', 'openssh-client'] },
  // a server to try the reading of directories on
  { purpose: 'directory', packages: ['slapd'] },
  { purpose: 'conformance', packages: ['tempest'] },
]

const updateCommand: [string, ...string[]] = ['apt-get', '-o', 'DPkg::Lock::Timeout=900', 'update']

/** The groups again, with only what is not installed; empty when nothing is missing. */
export async function missingPackages(
  groups: readonly PackageGroup[] = SYSTEM_PACKAGES,
): Promise<PackageGroup[]> {
  const listing = await run(['dpkg-query', '--show', `--showformat=\${Package} \${db:Status-Status}\n`])
  const installed = new Set(
    listing
      .split('\n')
      .filter(line => line.endsWith(' installed'))
      .map(line => line.split(' ')[0]),
  )
  return groups
    .map(({ purpose, packages }) => ({ purpose, packages: packages.filter(name => !installed.has(name)) }))
    .filter(({ packages }) => packages.length > 0)
}

/** The command that `installPackages` will run, for printing before it does. */
export function installCommand(missing: readonly PackageGroup[]): [string, ...string[]] {
  return [
    ...(['apt-get', '-y', '-o', 'DPkg::Lock::Timeout=900', 'install', '--no-install-recommends'] as const),
    ...missing.flatMap(({ packages }) => packages),
  ]
}

/**
 * Installs them with one apt-get, starting no daemon. The package lists are fetched first only when they do not know a
 * package, and once more when the archive has moved on since they were fetched.
 */
export async function installPackages(
  missing: readonly PackageGroup[],
  onOutput: (line: string) => void = () => undefined,
): Promise<void> {
  const names = missing.flatMap(({ packages }) => packages)
  if (names.length === 0) return
  const policy = (await tryRun(['apt-cache', 'policy', ...names])) ?? ''
  const known = policy.split('\n').filter(line => /^ {2}Candidate: (?!\(none\))/.test(line)).length
  const stale = known < names.length
  if (stale) await apt(updateCommand, onOutput)
  await withoutStartingDaemons(async () => {
    try {
      await apt(installCommand(missing), onOutput)
    } catch (error) {
      if (stale) throw error
      await apt(updateCommand, onOutput)
      await apt(installCommand(missing), onOutput)
    }
  })
}

export const refreshPackageLists = () => apt(updateCommand, () => undefined)

function apt(argv: readonly [string, ...string[]], onOutput: (line: string) => void): Promise<void> {
  const [program, ...args] = argv
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    })
    const tail: string[] = []
    for (const stream of [child.stdout, child.stderr]) {
      let rest = ''
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop()!
        for (const line of lines) onOutput(line)
        tail.push(...lines)
        tail.splice(0, tail.length - 20)
      })
    }
    child.once('error', reject)
    child.once('close', code => {
      if (code === 0) resolve()
      else reject(new CommandFailed(argv, code, tail.join('\n')))
    })
  })
}

const POLICY_FILE = '/usr/sbin/policy-rc.d'
const POLICY = `#!/bin/sh
# Written by caelum while it installs packages: their daemons are not to be started (exit 101, invoke-rc.d(8)).
exit 101
`

/** A policy of the machine's owner is left as it is; one of ours that an interrupted run left behind is taken away. */
async function withoutStartingDaemons(install: () => Promise<void>): Promise<void> {
  const present = await readFile(POLICY_FILE, 'utf8').catch(() => null)
  const ours = present === null || present === POLICY
  if (ours) await writeFile(POLICY_FILE, POLICY, { mode: 0o755 })
  try {
    await install()
  } finally {
    if (ours) await rm(POLICY_FILE, { force: true })
  }
}
