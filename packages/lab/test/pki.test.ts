import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Certificate, ensureCa, ensureCertificate } from '../src/pki.ts'

let dir: string
let ca: Certificate
const host = { commonName: 'host-1', dns: ['host-1'], ips: ['10.70.1.1'] }

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'caelum-pki-'))
  ca = await ensureCa(join(dir, 'ca'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const pem = async ({ ca, cert, key }: Certificate) => ({
  ca: await readFile(ca),
  cert: await readFile(cert),
  key: await readFile(key),
})

test('keys are for their owner only, and what is good is kept', async () => {
  const files = await ensureCertificate(ca, join(dir, 'host-1'), host)
  for (const key of [ca.key, files.key]) expect((await stat(key)).mode & 0o777).toBe(0o600)
  const before = await readFile(files.cert, 'utf8')
  expect(await ensureCertificate(ca, join(dir, 'host-1'), host)).toEqual(files)
  expect(await readFile(files.cert, 'utf8')).toBe(before)
})

test('other names, or another CA, make a new certificate', async () => {
  const files = await ensureCertificate(ca, join(dir, 'moved'), host)
  const before = await readFile(files.cert, 'utf8')
  await ensureCertificate(ca, join(dir, 'moved'), { ...host, ips: ['10.70.2.1'] })
  const moved = new X509Certificate(await readFile(files.cert))
  expect(moved.checkIP('10.70.2.1')).toBe('10.70.2.1')
  expect(moved.toString()).not.toBe(before)

  const otherCa = await ensureCa(join(dir, 'other-ca'))
  await ensureCertificate(otherCa, join(dir, 'moved'), { ...host, ips: ['10.70.2.1'] })
  const reissued = new X509Certificate(await readFile(files.cert))
  expect(reissued.verify(new X509Certificate(await readFile(otherCa.cert)).publicKey)).toBe(true)
  expect(await readFile(files.ca, 'utf8')).toBe(await readFile(otherCa.cert, 'utf8'))
})

test('both ends of a TLS connection accept each other, and a stranger is refused', async () => {
  const server = await pem(await ensureCertificate(ca, join(dir, 'server'), { ...host, ips: ['127.0.0.1'] }))
  const client = await pem(
    await ensureCertificate(ca, join(dir, 'client'), { ...host, commonName: 'host-2' }),
  )
  const strangerCa = await ensureCa(join(dir, 'stranger-ca'))
  const stranger = await pem(await ensureCertificate(strangerCa, join(dir, 'stranger'), host))

  const listener = createServer({ ...server, requestCert: true, rejectUnauthorized: false }, socket => {
    const { subject } = socket.getPeerCertificate()
    socket.end(socket.authorized ? `you are ${subject.CN}` : `refused: ${socket.authorizationError}`)
  })
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as { port: number }
  const ask = (as: typeof client) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ ...as, ca: server.ca, port, host: '127.0.0.1', servername: 'host-1' })
      let answer = ''
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        answer += chunk
      })
      socket.once('error', reject).once('close', () => resolve(answer))
    })
  expect(await ask(client)).toBe('you are host-2')
  expect(await ask(stranger)).toBe('refused: UNABLE_TO_VERIFY_LEAF_SIGNATURE')
  listener.close()
})
