import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  Connection,
  ConnectionLost,
  JsonSplitter,
  ProtocolError,
  parseTargets,
  RpcError,
} from '../src/index.ts'

let folder: string
let server: Server
let session: (socket: Socket, message: { id: number; method: string; params: unknown[] }) => void
let peer: Socket
let received: unknown[]

const target = () => parseTargets(`unix:${folder}/s`)[0]!

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ovsdb-'))
  received = []
  server = createServer(socket => {
    peer = socket
    const splitter = new JsonSplitter()
    socket.on('data', chunk => {
      for (const message of splitter.push(chunk)) {
        received.push(message)
        session(socket, message as Parameters<typeof session>[1])
      }
    })
    socket.on('error', () => undefined)
  })
  await new Promise<void>(resolve => server.listen(`${folder}/s`, resolve))
})

afterEach(() => {
  server.close()
  peer?.destroy()
  rmSync(folder, { recursive: true, force: true })
})

describe('Connection', () => {
  it('matches answers to calls, also out of order and in pieces', async () => {
    const calls: number[] = []
    session = (socket, { id }) => {
      calls.push(id)
      if (calls.length < 2) return
      const answers = calls.reverse().map(id => JSON.stringify({ id, result: `for ${id}`, error: null }))
      for (const piece of answers.join('').match(/.{1,7}/g)!) socket.write(piece)
    }
    const connection = await Connection.open(target())
    const first = connection.call('list_dbs', [])
    await expect.poll(() => calls.length).toBe(1)
    expect(await Promise.all([first, connection.call('get_schema', ['x'])])).toEqual(['for 1', 'for 2'])
    connection.close()
  })

  it('answers an echo of the server', async () => {
    const connection = await Connection.open(target())
    session = () => undefined
    await expect.poll(() => peer).toBeDefined()
    peer.write('{"id":"probe-7","method":"echo","params":[1,"a"]}')
    await expect.poll(() => received).toEqual([{ id: 'probe-7', result: [1, 'a'], error: null }])
    connection.close()
  })

  it('keeps an idle session whose server answers probes', async () => {
    session = (socket, { id, params }) => socket.write(JSON.stringify({ id, result: params, error: null }))
    const connection = await Connection.open(target(), { probe_ms: 100 })
    await expect.poll(() => received.length, { timeout: 5_000 }).toBeGreaterThan(3)
    expect(await connection.call('still-here', ['yes'])).toEqual(['yes'])
    connection.close()
  })

  it('notices a server that hangs, and fails what was asked', async () => {
    session = () => undefined
    const connection = await Connection.open(target(), { probe_ms: 10 })
    await expect(connection.call('transact', ['db'])).rejects.toThrow(/transact: .* did not answer a probe/)
    expect(await connection.closed).toBeInstanceOf(ConnectionLost)
  })

  it('tells an error of the server apart', async () => {
    session = (socket, { id }) =>
      socket.write(
        JSON.stringify({ id, result: null, error: { error: 'unknown database', details: 'no x' } }),
      )
    const connection = await Connection.open(target())
    const refused = await connection.call('get_schema', ['x']).catch(error => error)
    expect(refused).toBeInstanceOf(RpcError)
    expect(refused).toMatchObject({ code: 'unknown database', message: 'get_schema: unknown database: no x' })
    connection.close()
  })

  it.each(['HTTP/1.1 400 Bad Request\r\n', '{"id":99,"result":[],"error":null}', '{"id":1,,}'])(
    'ends the session on %j',
    async garbage => {
      session = socket => socket.write(garbage)
      const connection = await Connection.open(target())
      await expect(connection.call('list_dbs', [])).rejects.toThrow(ConnectionLost)
      expect(await connection.closed).toBeInstanceOf(ProtocolError)
    },
  )

  it('fails calls when the server goes away, and calls made after that', async () => {
    session = socket => socket.destroy()
    const connection = await Connection.open(target())
    await expect(connection.call('list_dbs', [])).rejects.toThrow(ConnectionLost)
    await expect(connection.call('list_dbs', [])).rejects.toThrow(ConnectionLost)
  })

  it('says what it could not reach', async () => {
    await expect(Connection.open({ kind: 'unix', path: `${folder}/nobody` })).rejects.toThrow(/ENOENT/)
  })
})

describe('ssl', () => {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
  const pem = (name: string) => readFileSync(join(folder, name), 'utf8')
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const issue = (name: string, ca: string) => {
    openssl('req', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    const signer = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial']
    openssl('x509', '-req', '-in', `${name}.csr`, ...signer, '-days', '1', '-out', `${name}.pem`)
  }
  const authority = (name: string) =>
    openssl(
      'req',
      '-x509',
      ...key,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
      '-subj',
      `/CN=${name}`,
      '-days',
      '1',
    )

  it('takes only a server that our CA has signed, and shows its own certificate', async () => {
    for (const ca of ['ca', 'other']) authority(ca)
    issue('server', 'ca')
    issue('client', 'ca')
    issue('forged', 'other')
    const names: string[] = []
    const listen = async (name: string) => {
      const options = {
        ca: pem('ca.pem'),
        cert: pem(`${name}.pem`),
        key: pem(`${name}.key`),
        requestCert: true,
      }
      const listener = createTlsServer(options, socket => {
        names.push(socket.getPeerCertificate().subject.CN as string)
        socket.on('error', () => undefined)
        socket.on('data', () => socket.end('{"id":1,"result":["db"],"error":null}'))
      })
      await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
      return { listener, port: (listener.address() as { port: number }).port }
    }
    const tls = { ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client.key') }
    const good = await listen('server')
    const connection = await Connection.open({ kind: 'ssl', host: '127.0.0.1', port: good.port }, { tls })
    expect(await connection.call('list_dbs', [])).toEqual(['db'])
    expect(names).toEqual(['client'])
    const bad = await listen('forged')
    await expect(
      Connection.open({ kind: 'ssl', host: '127.0.0.1', port: bad.port }, { tls }),
    ).rejects.toThrow(/unable to verify|self.signed|issuer/i)
    connection.close()
    good.listener.close()
    bad.listener.close()
  })
})
