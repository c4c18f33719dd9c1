import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '@caelum/testkit'
import { Attribute, Change, Client } from 'ldapts'

export const SUFFIX = 'dc=example,dc=org'
export const ROOT = { user: `cn=root,${SUFFIX}`, password: 'root-secret' }

/** Debian's slapd with a folder of its own, on a free port of this machine and on a socket. */
export async function startSlapd() {
  const folder = mkdtempSync(join(tmpdir(), 'caelum-slapd-'))
  mkdirSync(join(folder, 'data'))
  const config = join(folder, 'slapd.conf')
  writeFileSync(config, configuration(folder))
  certify(folder)
  const [port, tlsPort] = [await freePort(), await freePort()]
  const socket = join(folder, 'ldapi')
  const urls = {
    tcp: `ldap://127.0.0.1:${port}`,
    tls: `ldaps://127.0.0.1:${tlsPort}`,
    socket: `ldapi://${encodeURIComponent(socket)}`,
  }
  let child: ChildProcess | undefined

  async function stop(): Promise<void> {
    const running = child
    child = undefined
    if (!running || running.exitCode !== null) return
    const ended = new Promise(resolve => running.once('exit', resolve))
    running.kill('SIGKILL')
    await ended
  }
  async function start(): Promise<void> {
    // -d keeps it in the foreground
    const argv = ['-f', config, '-h', `${urls.tcp} ${urls.tls} ${urls.socket}`, '-d', '0']
    child = spawn('/usr/sbin/slapd', argv, { stdio: 'ignore' })
    await eventually(() => asRoot(async () => true))
  }
  async function asRoot<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client({ url: urls.tcp, connectTimeout: 1_000, timeout: 5_000 })
    try {
      await client.bind(ROOT.user, ROOT.password)
      return await work(client)
    } finally {
      await client.unbind().catch(() => undefined)
    }
  }

  await start()
  return {
    urls,
    /** who vouches for its name */
    authority: join(folder, 'tls.crt'),
    start,
    stop,
    add: (dn: string, fields: Record<string, string | string[]>) =>
      asRoot(client => client.add(dn === '' ? SUFFIX : `${dn},${SUFFIX}`, fields)),
    remove: (dn: string) => asRoot(client => client.del(`${dn},${SUFFIX}`)),
    replace: (dn: string, type: string, values: string[]) =>
      asRoot(client =>
        client.modify(
          `${dn},${SUFFIX}`,
          new Change({ operation: 'replace', modification: new Attribute({ type, values }) }),
        ),
      ),
    /** It hears and does not answer. */
    freeze: (is: boolean) => child?.kill(is ? 'SIGSTOP' : 'SIGCONT'),
    async close() {
      await stop()
      rmSync(folder, { recursive: true })
    },
  }
}

export type Slapd = Awaited<ReturnType<typeof startSlapd>>

const configuration = (folder: string) => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${folder}/pid
argsfile ${folder}/args
TLSCertificateFile ${folder}/tls.crt
TLSCertificateKeyFile ${folder}/tls.key
sizelimit size.soft=5 size.hard=unlimited size.prtotal=unlimited
database mdb
suffix "${SUFFIX}"
rootdn "${ROOT.user}"
rootpw ${ROOT.password}
directory ${folder}/data
dbnosync
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=reader,${SUFFIX}" read by * none
`

function certify(folder: string): void {
  const argv = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
  ]
  const out = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.crt')]
  const name = ['-subj', '/CN=directory', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', [...argv, ...out, ...name], { stdio: 'ignore' })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
