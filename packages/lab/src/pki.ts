import { X509Certificate } from 'node:crypto'
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { run } from './command.ts'

/**
 * The instance's own certificate authority. Every certificate is good for both sides of TLS, because a host is client
 * of compute and of OVN's southbound database, and server for its peers later. A certificate is only issued anew when
 * the one there would not do: another CA, other names, or less than 30 days to live.
 *
 * A folder of key and certificate appears whole, by rename, or not at all. One maker at a time per folder: the caller sees
 * to that.
 */
export type Certificate = { ca: string; cert: string; key: string }

export type CertificateNames = { commonName: string; dns: string[]; ips: string[] }

export const caDirOf = (dataDir: string) => join(dataDir, 'lab', 'pki', 'ca')

const RENEW_BEFORE_MS = 30 * 24 * 3600 * 1000
const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Paths of the CA's own files; `key` never leaves this folder. */
export async function ensureCa(dir: string): Promise<Certificate> {
  const ca = { ca: join(dir, 'cert.pem'), cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') }
  if ((await readCertificate(ca.cert)) === null) {
    await issueInto(dir, [
      ...['-days', '3650', '-subj', '/CN=Caelum lab CA'],
      ...['-addext', 'basicConstraints=critical,CA:TRUE,pathlen:0'],
      ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    ])
  }
  return ca
}

export async function ensureCertificate(
  ca: Certificate,
  dir: string,
  names: CertificateNames,
): Promise<Certificate> {
  const files = { ca: join(dir, 'ca.pem'), cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem') }
  const authority = await readCertificate(ca.cert)
  const present = await readCertificate(files.cert)
  if (authority !== null && present !== null && suits(present, authority, names)) return files
  const altNames = [...names.dns.map(name => `DNS:${name}`), ...names.ips.map(ip => `IP:${ip}`)]
  await issueInto(
    dir,
    [
      ...['-CA', ca.cert, '-CAkey', ca.key, '-days', '825', '-subj', `/CN=${names.commonName}`],
      ...['-addext', 'basicConstraints=critical,CA:FALSE'],
      ...['-addext', 'keyUsage=critical,digitalSignature'],
      ...['-addext', 'extendedKeyUsage=serverAuth,clientAuth'],
      ...['-addext', `subjectAltName=${altNames.join(',')}`],
    ],
    fresh => copyFile(ca.cert, join(fresh, 'ca.pem')),
  )
  return files
}

function suits(present: X509Certificate, authority: X509Certificate, names: CertificateNames): boolean {
  return (
    present.subject === `CN=${names.commonName}` &&
    names.dns.every(name => present.checkHost(name) !== undefined) &&
    names.ips.every(ip => present.checkIP(ip) !== undefined) &&
    present.checkIssued(authority) &&
    present.verify(authority.publicKey) &&
    Date.parse(present.validTo) - Date.now() > RENEW_BEFORE_MS
  )
}

async function readCertificate(path: string): Promise<X509Certificate | null> {
  const pem = await readFile(path).catch(() => null)
  return pem === null ? null : new X509Certificate(pem)
}

async function issueInto(
  dir: string,
  request: string[],
  complete?: (dir: string) => Promise<void>,
): Promise<void> {
  await mkdir(dirname(dir), { recursive: true, mode: 0o700 })
  const fresh = await mkdtemp(`${dir}.new-`)
  const [cert, key] = [join(fresh, 'cert.pem'), join(fresh, 'key.pem')]
  await run(['openssl', 'req', '-x509', ...EC_KEY, ...request, '-keyout', key, '-out', cert])
  await chmod(key, 0o600)
  await complete?.(fresh)
  await rm(dir, { recursive: true, force: true })
  await rename(fresh, dir)
}
