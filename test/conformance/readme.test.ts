/**
 * The README, taken at its word: its walk by hand is run as it is printed, command by command in one shell, with real
 * guests. Only where the cloud lives differs: the folder that the README knows as `.caelum` is one of the test's own.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../../packages/cli/src/client/eventually.ts'
import { type Cloud, startCloud } from '../support/cloud.ts'
import { Shell } from './shell.ts'

const ROOT = new URL('../../', import.meta.url).pathname
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')

const walk = /^## By hand\n(.*?)^## /ms.exec(readme)?.[1] ?? ''
const blocks = [...walk.matchAll(/^```sh\n(.*?)^```/gms)].map(match => match[1] ?? '')
/** A line is a command, unless it goes on behind a backslash. */
const commands = blocks.flatMap(block => block.trimEnd().split(/(?<!\\)\n/))

/** What must be seen, by the beginning of the command. */
const SEEN: Record<string, RegExp[]> = {
  './caelum up': [/The cloud is up .*: 2 libvirt hosts/],
  'openstack catalog list': [/ identity /, / image /, / compute /, / network /, / object-store /],
  'openstack hypervisor list': [/host-1 .* up /, /host-2 .* up /],
  'openstack server create one': [/status +\| ACTIVE/, /addresses +\| lan=192\.168\.5\.11/],
  'openstack server create two': [/status +\| ACTIVE/, /addresses +\| lan=192\.168\.5\.12/],
  'openstack server list --long': [
    / one +\| ACTIVE .* Running .* host-\d /,
    / two +\| ACTIVE .* Running .* host-\d /,
    / host-1 /,
    / host-2 /,
  ],
  './caelum ops server show one': [/WANTED BY THE USER/, /running +running/],
  './caelum ssh one -i walk-key hostname': [/^one$/m],
  './caelum ssh two -i walk-key -l root ping': [/64 bytes from 192\.168\.5\.11/],
  'openstack console log show one': [/hello from one/, /one login:/],
  'openstack object save': [/echo "hello from/],
  './caelum down': [/The cloud is down/],
}

let cloud: Cloud
let folder: string
let shell: Shell
beforeAll(async () => {
  cloud = await startCloud({ hypervisor: 'libvirt' })
  folder = mkdtempSync(join(tmpdir(), 'caelum-readme-'))
  symlinkSync(join(ROOT, 'caelum'), join(folder, 'caelum'))
  symlinkSync(cloud.dataDir, join(folder, '.caelum'))
  shell = new Shell(folder, { CAELUM_DATA: cloud.dataDir })
}, 300_000)
afterAll(async () => {
  await shell?.close()
  await cloud?.down()
  if (folder) rmSync(folder, { recursive: true, force: true })
}, 120_000)

test('links lead somewhere', () => {
  const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(match => match[1] ?? '')
  expect(links.length).toBeGreaterThan(0)
  expect(links.filter(link => !existsSync(join(ROOT, link)))).toEqual([])
})

test('every command that this test knows is in the README', () => {
  const unknown = Object.keys(SEEN).filter(start => !commands.some(command => command.startsWith(start)))
  expect(unknown).toEqual([])
})

let broken = false
async function follow(command: string) {
  expect(broken, 'a command before this one failed').toBe(false)
  broken = true
  const { status, output } = await shell.run(command)
  expect(status, output).toBe(0)
  const [, patterns = []] = Object.entries(SEEN).find(([start]) => command.startsWith(start)) ?? []
  for (const pattern of patterns) expect(output).toMatch(pattern)
  broken = false
}

/** Up to here there are servers to log in to. */
const removal = commands.findIndex(command => command.startsWith('openstack server delete'))

describe('by hand', () => {
  test.each(commands.slice(0, removal))('%s', { timeout: 300_000 }, follow)

  test('a login that is killed leaves a port, which the next login removes', async () => {
    const doors = async () =>
      (
        await cloud.admin.call<{ ports: { id: string }[] }>(
          'network',
          'GET',
          '/v2.0/ports?device_owner=caelum:ssh',
        )
      ).ports.map(port => port.id)
    expect(await doors()).toEqual([])
    const killed = spawn('./caelum', ['ssh', 'one', '-i', 'walk-key', 'sleep', '600'], {
      cwd: folder,
      env: { ...process.env, CAELUM_DATA: cloud.dataDir },
      stdio: 'ignore',
    })
    const [left] = await eventually('a port for the login', 60_000, async () => {
      const ports = await doors()
      return ports.length > 0 ? ports : undefined
    })
    const ended = new Promise(resolve => killed.once('close', resolve))
    killed.kill('SIGKILL')
    await ended
    expect(await doors()).toEqual([left])
    expect(await shell.run('./caelum ssh one -i walk-key id -un')).toEqual({ status: 0, output: 'cloud\n' })
    expect(await doors()).toEqual([])
  })

  test.each(commands.slice(removal))('%s', { timeout: 300_000 }, follow)

  test('nothing of it is left in the folder', async () => {
    expect((await shell.run('ls')).output).toBe('caelum\n')
  })
})
