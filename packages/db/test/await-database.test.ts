import { type ChildProcess, spawn } from 'node:child_process'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { eventually } from '@caelum/testkit'
import { expect, onTestFinished, test } from 'vitest'

/** where the PostgreSQL of this test run listens */
const postgres = () => new URL(process.env['CAELUM_TEST_DATABASE_URL'] ?? '')

/** A door to it that is not open yet. */
async function door(): Promise<{ url: string; open: (to?: 'postgres' | 'nobody') => Promise<Server> }> {
  const real = postgres()
  const folder = real.searchParams.get('host')
  const target = folder
    ? { path: join(folder, '.s.PGSQL.5432') }
    : { host: real.hostname, port: Number(real.port) }
  const probe = createServer()
  await new Promise<void>(resolve => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise(resolve => probe.close(resolve))
  const url = new URL(real)
  url.searchParams.delete('host')
  url.host = `127.0.0.1:${port}`
  return {
    url: url.href,
    async open(to = 'postgres') {
      const server = createServer(client => {
        client.on('error', () => undefined)
        if (to === 'nobody') return client.destroy()
        const upstream = connect(target as { path: string })
        upstream.on('error', () => client.destroy())
        client.pipe(upstream).pipe(client)
      })
      await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
      onTestFinished(() => {
        server.close()
      })
      return server
    },
  }
}

function wait(
  url: string,
  patienceMs: number,
): { child: ChildProcess; said: () => string; ended: Promise<unknown> } {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'waiter.ts'), url, String(patienceMs)])
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (said += data))
  const ended = new Promise(resolve => child.once('close', code => resolve(code)))
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return { child, said: () => said, ended }
}

const linesOf = (said: string) =>
  said
    .trim()
    .split('\n')
    .map(line => (line.startsWith('{') ? (JSON.parse(line) as { msg: string }).msg : line))

test('a service that starts before PostgreSQL waits for it, and says why once', async () => {
  const { url, open } = await door()
  const { said, ended } = wait(url, 60_000)
  await eventually(() => said().includes('waiting for PostgreSQL'))
  expect(said()).toContain('ECONNREFUSED')
  const shut = await open('nobody')
  await eventually(() => linesOf(said()).length === 2)
  await new Promise(resolve => shut.close(resolve))
  await open()
  expect(await ended).toBe(0)
  const lines = linesOf(said())
  expect(lines.at(-1)).toBe('PostgreSQL answers')
  expect(new Set(lines.slice(0, -1))).toEqual(new Set(['waiting for PostgreSQL']))
})

test('its patience ends with one line and status 1', async () => {
  const { url } = await door()
  const { said, ended } = wait(url, 600)
  expect(await ended).toBe(1)
  expect(linesOf(said())).toEqual(['waiting for PostgreSQL', 'PostgreSQL does not answer: giving up'])
})

test('one that answers is not mentioned', async () => {
  const { url, open } = await door()
  await open()
  const { said, ended } = wait(url, 60_000)
  expect(await ended).toBe(0)
  expect(said()).toBe('')
})
