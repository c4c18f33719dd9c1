import { createServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { choosePorts, isFree, USUAL_PORTS } from '../src/instance/ports.ts'

const held: Server[] = []

async function hold(port: number): Promise<number> {
  const server = createServer()
  held.push(server)
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

afterEach(() => {
  for (const server of held.splice(0)) server.close()
})

test('a port that somebody holds is not free, on whatever address', async () => {
  expect(await isFree(await hold(0))).toBe(false)
})

test('a remembered port is kept while it is free, and replaced when it is not', async () => {
  const first = await choosePorts({}, false)
  expect(await choosePorts(first)).toEqual(first)
  await hold(first['compute']!)
  const second = await choosePorts(first, false)
  expect(second['compute']).not.toBe(first['compute'])
  expect({ ...second, compute: 0 }).toEqual({ ...first, compute: 0 })
})

test('an instance beside another one leaves the usual ports alone and gets distinct ones', async () => {
  const ports = Object.values(await choosePorts({}, false))
  expect(new Set(ports).size).toBe(Object.keys(USUAL_PORTS).length)
  for (const port of ports) expect(Object.values(USUAL_PORTS)).not.toContain(port)
})

test('every usual port is taken where it is free', async () => {
  const chosen = await choosePorts({})
  for (const [name, port] of Object.entries(chosen))
    expect(port === USUAL_PORTS[name] || !(await isFree(USUAL_PORTS[name]!))).toBe(true)
})
