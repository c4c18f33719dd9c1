import {
  installCommand,
  installPackages,
  missingPackages,
  type PackageGroup,
  SYSTEM_PACKAGES,
} from '@caelum/lab'
import { CommandError } from '../command.ts'
import { say } from './terminal.ts'

/** why each group of lab's list is there, for the person who is asked to accept it */
export type Purpose = (typeof SYSTEM_PACKAGES)[number]['purpose']

export const PACKAGES_FOR = {
  sim: ['network', 'queue'],
  libvirt: ['guests', 'network', 'queue'],
  image: ['guests', 'guest image'],
  demo: ['guests', 'network', 'queue', 'guest image', 'client'],
  fast: ['guests', 'network', 'queue', 'guest image', 'client', 'directory'],
  test: ['guests', 'network', 'queue', 'guest image', 'client', 'directory', 'conformance'],
} as const satisfies Record<string, readonly Purpose[]>

const groups = (purposes: readonly Purpose[]): PackageGroup[] =>
  SYSTEM_PACKAGES.filter(group => purposes.includes(group.purpose))

/** Installs the Debian packages that are missing for these purposes, after saying which and why. */
export async function ensureSystemPackages(purposes: readonly Purpose[]): Promise<void> {
  const missing = await missingPackages(groups(purposes)).catch(() => {
    throw new CommandError(
      'dpkg-query does not work here: this is not Debian or one of its kin',
      `install by hand what is for ${purposes.join(', ')} in packages/lab/src/system-packages.ts`,
    )
  })
  if (missing.length === 0) return
  const command = installCommand(missing).join(' ')
  if (process.getuid?.() !== 0)
    throw new CommandError('Debian packages are missing, and only root can install them', command)
  say('Debian packages are missing and will be installed now, with no daemon started:')
  for (const group of missing) say(`  ${group.purpose.padEnd(12)} ${group.packages.join(' ')}`)
  say(`  by: ${command}`)
  const began = performance.now()
  let steps = 0
  await installPackages(missing, line => {
    if (!/^(Get:|Unpacking |Setting up )/.test(line)) return
    steps += 1
    if (steps % 20 === 0) say(`  ... ${line.slice(0, 100)}`)
  }).catch(error => {
    throw new CommandError(`the installation failed:\n${(error as Error).message}`, command)
  })
  say(`  ✓ installed      ${((performance.now() - began) / 1000).toFixed(1)} s`)
}
