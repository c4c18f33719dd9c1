import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CommandFailed, run } from '../src/command.ts'
import { ensureGuestImage, type GuestImage } from '../src/guest-image.ts'
import { until } from '../src/poll.ts'

/*
 * The image alone, in plain QEMU on an emulated processor: metadata comes over HTTP at 169.254.169.254, which QEMU's
 * user network forwards to a server here.
 */

let dir: string
let image: GuestImage
let metadataService: Server
let qemu: ChildProcess
const sshPort = 20_000 + (process.pid % 10_000)
const consoleText = () => readFile(join(dir, 'console.log'), 'utf8')
const count = async (text: string) => (await consoleText()).split(text).length - 1

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'caelum-image-'))
  image = await ensureGuestImage(join(tmpdir(), 'caelum-guest-images'))
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(dir, 'key')])
  const publicKey = await readFile(join(dir, 'key.pub'), 'utf8')
  const served: Record<string, string> = {
    '/openstack/latest/meta_data.json': JSON.stringify(
      { uuid: 'a-server', name: 'alpha', hostname: 'alpha.example', public_keys: { mine: publicKey } },
      null,
      1,
    ),
    '/openstack/latest/user_data': '#!/bin/sh\necho "user data speaking on $(hostname)"\nexit 3\n',
  }
  metadataService = createServer((request, response) => {
    const body = served[request.url!]
    response.writeHead(body === undefined ? 404 : 200, { connection: 'close' }).end(body)
  })
  await new Promise<void>(resolve => metadataService.listen(0, '127.0.0.1', resolve))
  const { port } = metadataService.address() as AddressInfo
  await run([
    ...(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', image.path, '-F', 'qcow2'] as const),
    ...[join(dir, 'disk.qcow2'), '512M'],
  ])
  const forward = `${process.execPath} ${join(import.meta.dirname, 'forward.ts')} ${port}`
  qemu = spawn(
    'qemu-system-x86_64',
    [
      ...['-machine', 'q35,accel=tcg', '-m', String(image.minRamMb), '-display', 'none', '-nodefaults'],
      ...['-serial', `file:${join(dir, 'console.log')}`, '-qmp', `unix:${join(dir, 'qmp')},server,nowait`],
      ...['-drive', `file=${join(dir, 'disk.qcow2')},if=virtio`, '-device', 'virtio-rng-pci'],
      '-nic',
      `user,model=virtio-net-pci,net=169.254.169.0/24,hostfwd=tcp:127.0.0.1:${sshPort}-:22,guestfwd=tcp:169.254.169.254:80-cmd:${forward}`,
    ],
    { stdio: 'ignore' },
  )
  await until('login prompt', async () => (await consoleText().catch(() => '')).includes('login:'), 120_000)
  const answers = () =>
    ssh('cloud', [], 'true').then(
      () => true,
      () => false,
    )
  await until('an answer by ssh', answers, 60_000)
}, 300_000)

afterAll(async () => {
  qemu?.kill('SIGKILL')
  metadataService?.close()
  await rm(dir, { recursive: true, force: true })
})

const ssh = (user: string, options: string[], command: string) =>
  run([
    ...(['ssh', '-F', 'none', '-p', String(sshPort), '-i', join(dir, 'key'), ...options] as const),
    ...['-o', 'StrictHostKeyChecking=no', '-o', `UserKnownHostsFile=${join(dir, 'known')}`],
    ...['-o', 'LogLevel=ERROR', '-o', 'ConnectTimeout=5', `${user}@127.0.0.1`, command],
  ])

test('the console shows the name from the metadata, the address, and what the user data printed', async () => {
  const text = await consoleText()
  expect(text).toContain('alpha login:')
  expect(text).toMatch(/network: eth0 169\.254\.169\.15\/24/)
  expect(text).toContain('cloud: server a-server name alpha from http://169.254.169.254/openstack/latest')
  await until('user data done', async () => (await count('user data ended with 3')) === 1, 5_000)
  expect(await count('user data speaking on alpha')).toBe(1)
})

test('ssh takes the key, for the default user and for root, and never a password', async () => {
  expect(await ssh('cloud', [], 'id -un; hostname')).toBe('cloud\nalpha\n')
  expect(await ssh('root', [], 'id -un')).toBe('root\n')
  const refused = await ssh('cloud', ['-o', 'PubkeyAuthentication=no', '-o', 'BatchMode=yes'], 'true').then(
    () => null,
    (error: unknown) => error,
  )
  expect(refused).toBeInstanceOf(CommandFailed)
  expect(String(refused)).toContain('Permission denied (publickey)')
})

test('the root file system has grown into the disk', async () => {
  await until(
    'root grown',
    async () => {
      const line = (await ssh('cloud', [], 'df -m /')).trim().split('\n').at(-1)!
      return Number(line.split(/\s+/)[1]) > 400
    },
    5_000,
  )
})

test('a reboot keeps the disk and the host key, and does not run the user data again', async () => {
  await ssh('root', [], 'echo kept >/root/file; sync; reboot')
  await until('second login prompt', async () => (await count('alpha login:')) === 2, 120_000)
  expect(await ssh('root', ['-o', 'StrictHostKeyChecking=yes'], 'cat /root/file')).toBe('kept\n')
  expect(await count('user data speaking')).toBe(1)
}, 150_000)

test('the power button shuts it down', async () => {
  const ended = new Promise(resolve => qemu.once('close', resolve))
  const monitor = connect(join(dir, 'qmp'))
  monitor.write('{"execute":"qmp_capabilities"}{"execute":"system_powerdown"}')
  expect(await ended).toBe(0)
  monitor.destroy()
}, 90_000)

test('an unchanged recipe is not built again', async () => {
  expect(await ensureGuestImage(join(tmpdir(), 'caelum-guest-images'))).toEqual({ ...image, built: false })
})
