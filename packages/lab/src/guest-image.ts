import { createHash } from 'node:crypto'
import { glob, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './command.ts'
import { refreshPackageLists } from './system-packages.ts'

/*
 * A small guest that boots by itself in a few seconds even under emulation, made from Debian packages by
 * guest-image/build.sh. A built image is kept under the hash of everything it was made from (the recipe's files and
 * modes, the packages' versions), so it is built again exactly when one of those changes.
 */

const RECIPE = join(import.meta.dirname, '../guest-image')

export type GuestImage = {
  path: string
  format: 'qcow2'
  /** smallest memory it was seen to boot with */
  minRamMb: number
  minDiskGb: number
  /** log in by ssh with a key from the metadata; nobody has a password */
  user: string
  /** false: it was in the cache */
  built: boolean
}

/** `cacheDir` may be shared by several instances, also at the same time. */
export async function ensureGuestImage(cacheDir: string): Promise<GuestImage> {
  await mkdir(cacheDir, { recursive: true })
  try {
    return await cachedOrBuilt(cacheDir)
  } catch (error) {
    if (!(error instanceof DownloadFailed)) throw error
    await refreshPackageLists() // the archive has moved on since apt's lists were fetched
    return await cachedOrBuilt(cacheDir)
  }
}

class DownloadFailed extends Error {}

async function cachedOrBuilt(cacheDir: string): Promise<GuestImage> {
  const packages = await candidateVersions(await packageNames())
  const path = join(cacheDir, `caelum-guest-${await recipeHash(packages)}.qcow2`)
  const image = { path, format: 'qcow2', minRamMb: 128, minDiskGb: 0, user: 'cloud' } as const
  if (await exists(path)) return { ...image, built: false }
  await removeAbandonedBuilds(cacheDir)
  const work = await mkdtemp(join(cacheDir, `build-${process.pid}-`))
  try {
    await build(await downloadPackages(packages, join(cacheDir, 'packages'), work), join(work, 'image.qcow2'))
    await rename(join(work, 'image.qcow2'), path)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return { ...image, built: true }
}

async function removeAbandonedBuilds(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    const pid = /^build-(\d+)-/.exec(name)?.[1]
    if (pid === undefined || (await exists(`/proc/${pid}`))) continue
    await rm(join(cacheDir, name), { recursive: true, force: true })
  }
}

async function build(debs: string, output: string): Promise<void> {
  await run([join(RECIPE, 'build.sh'), debs, output], { timeoutMs: 300_000 })
}

async function packageNames(): Promise<string[]> {
  const listed = await readFile(join(RECIPE, 'packages.txt'), 'utf8')
  const names = listed.split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return [await currentKernel(), ...names]
}

/** The package that the meta package of Debian's kernel for virtual machines points to. */
async function currentKernel(retry = true): Promise<string> {
  const depends = await run(['apt-cache', 'depends', 'linux-image-cloud-amd64']).catch(() => '')
  const name = /Depends: (linux-image-\d\S*)/.exec(depends)?.[1]
  if (name !== undefined) return name
  if (!retry) throw new Error('apt knows no package linux-image-cloud-amd64 to make the guest image from.')
  await refreshPackageLists()
  return currentKernel(false)
}

async function candidateVersions(names: string[]): Promise<string[]> {
  const policy = await run(['apt-cache', 'policy', ...names])
  return names.map(name => {
    const version = new RegExp(`^${RegExp.escape(name)}:\\n.*\\n {2}Candidate: (\\S+)`, 'm').exec(policy)?.[1]
    if (version === undefined || version === '(none)') throw new Error(`apt knows no version of ${name}.`)
    return `${name}=${version}`
  })
}

async function recipeHash(packages: string[]): Promise<string> {
  const hash = createHash('sha256').update(packages.join('\n'))
  const files = await Array.fromAsync(glob('**', { cwd: RECIPE }))
  for (const file of files.sort()) {
    const { mode } = await stat(join(RECIPE, file))
    hash.update(`\0${file}\0${mode}\0`)
    if ((mode & 0o170000) === 0o100000) hash.update(await readFile(join(RECIPE, file)))
  }
  return hash.digest('hex').slice(0, 16)
}

/** A folder with exactly these packages. Downloads are kept in `store`. */
async function downloadPackages(packages: string[], store: string, work: string): Promise<string> {
  await mkdir(store, { recursive: true })
  const missing: string[] = []
  for (const name of packages) if (!(await exists(join(store, debName(name))))) missing.push(name)
  const fresh = join(work, 'download')
  await mkdir(fresh)
  if (missing.length > 0) {
    await run(['apt-get', '-o', 'APT::Sandbox::User=root', 'download', ...missing], {
      cwd: fresh,
      timeoutMs: 600_000,
    }).catch(error => {
      throw new DownloadFailed('apt could not download the packages of the guest image.', { cause: error })
    })
    for (const file of await readdir(fresh)) await rename(join(fresh, file), join(store, plainName(file)))
  }
  const debs = join(work, 'debs')
  await mkdir(debs)
  for (const name of packages) await symlink(join(store, debName(name)), join(debs, debName(name)))
  return debs
}

/** `libc6=2:1.2` → `libc6_2:1.2.deb`; apt writes `libc6_2%3a1.2_amd64.deb`. */
const debName = (nameAndVersion: string) => `${nameAndVersion.replace('=', '_')}.deb`
const plainName = (file: string) => decodeURIComponent(file).replace(/_[a-z0-9]+\.deb$/, '.deb')

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )
