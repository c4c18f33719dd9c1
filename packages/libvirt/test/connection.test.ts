import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LibvirtClosed, LibvirtError, LibvirtTimeout } from '../src/error.ts'
import { encodeFrame, type Frame } from '../src/frame.ts'
import { Libvirt, type LibvirtOptions, type LifecycleEvent } from '../src/libvirt.ts'
import { XdrWriter } from '../src/xdr.ts'
import { FakeLibvirtd } from './fake-libvirtd.ts'

let fake: FakeLibvirtd
const open: Libvirt[] = []

const connect = async (options: Partial<LibvirtOptions> = {}): Promise<Libvirt> => {
  const libvirt = await Libvirt.connect({ socketPath: fake.socketPath, uri: 'test:///default', ...options })
  open.push(libvirt)
  return libvirt
}

beforeEach(async () => {
  fake = await FakeLibvirtd.start()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map(libvirt => libvirt.close()))
  await fake.stop()
})

describe('calls', () => {
  it('match replies by serial, in whatever order they come', async () => {
    const libvirt = await connect()
    const held: Frame[] = []
    fake.behave('CONNECT_GET_HOSTNAME', frame => {
      held.push(frame)
      return 'silent'
    })
    const names = Promise.all([libvirt.hostname(), libvirt.hostname(), libvirt.hostname()])
    await vi.waitUntil(() => held.length === 3)
    for (const [index, frame] of [...held.entries()].reverse()) {
      fake.sendRaw(fake.reply(frame, new XdrWriter().string(`host-${index}`)))
    }
    expect(await names).toEqual(['host-0', 'host-1', 'host-2'])
  })

  it('carry libvirt’s error code and source by name', async () => {
    fake.behave('DOMAIN_LOOKUP_BY_UUID', () => ({ error: [42, 10, 'Domain not found'] }))
    const libvirt = await connect()
    const error = await libvirt.lookup('00000000-0000-4000-8000-000000000001').catch((e: unknown) => e)
    expect(error).toBeInstanceOf(LibvirtError)
    expect(error).toMatchObject({ code: 'NO_DOMAIN', domain: 'QEMU', message: 'Domain not found' })
  })

  it('keep numbers of errors that are newer than we are', async () => {
    fake.behave('CONNECT_GET_TYPE', () => ({ error: [4711, 999, 'new'] }))
    const libvirt = await connect()
    await expect(libvirt.type()).rejects.toMatchObject({ code: 'UNKNOWN_4711', domain: 'UNKNOWN_999' })
  })

  it('time out one by one and leave the connection usable', async () => {
    fake.behave('CONNECT_GET_HOSTNAME', () => 'silent')
    fake.behave('CONNECT_GET_TYPE', () => ({ payload: new XdrWriter().string('QEMU') }))
    const libvirt = await connect({ callTimeoutMs: 50 })
    await expect(libvirt.hostname()).rejects.toBeInstanceOf(LibvirtTimeout)
    expect(await libvirt.type()).toBe('QEMU')
    expect(libvirt.closed).toBe(false)
  })

  it('never have more on the wire than allowed; the rest waits its turn, and times out there', async () => {
    fake.behave('CONNECT_GET_HOSTNAME', () => 'silent')
    const libvirt = await connect({ maxInFlight: 2, callTimeoutMs: 100 })
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => libvirt.hostname()))
    expect(results.map(r => r.status === 'rejected' && r.reason instanceof LibvirtTimeout)).toEqual(
      Array.from({ length: 5 }, () => true),
    )
    expect(fake.calls('CONNECT_GET_HOSTNAME')).toHaveLength(2)
  })

  it('ignore a late reply to a call that timed out, and reuse its place', async () => {
    const held: Frame[] = []
    fake.behave('CONNECT_GET_HOSTNAME', frame => {
      held.push(frame)
      return 'silent'
    })
    fake.behave('CONNECT_GET_TYPE', () => ({ payload: new XdrWriter().string('QEMU') }))
    const libvirt = await connect({ maxInFlight: 1, callTimeoutMs: 50 })
    await expect(libvirt.hostname()).rejects.toBeInstanceOf(LibvirtTimeout)
    const type = libvirt.type()
    for (const frame of held) fake.sendRaw(fake.reply(frame, new XdrWriter().string('too late')))
    expect(await type).toBe('QEMU')
  })
})

describe('opening', () => {
  it('fails where nobody listens', async () => {
    const nobody = Libvirt.connect({ socketPath: `${fake.socketPath}.none`, uri: 'qemu:///system' })
    await expect(nobody).rejects.toBeInstanceOf(LibvirtClosed)
  })

  it('fails where authentication is wanted, and hangs up', async () => {
    fake.behave('AUTH_LIST', () => ({ payload: new XdrWriter().u32(1).i32(2) }))
    await expect(connect()).rejects.toMatchObject({ code: 'AUTH_UNAVAILABLE' })
    expect(fake.calls('CONNECT_OPEN')).toHaveLength(0)
  })

  it('fails when libvirtd hangs up during the greeting', async () => {
    fake.behave('CONNECT_OPEN', () => {
      fake.hangUp()
      return 'silent'
    })
    await expect(connect()).rejects.toBeInstanceOf(LibvirtClosed)
  })
})

describe('the end of a connection', () => {
  it('rejects what is pending and what comes later, and is told once', async () => {
    fake.behave('CONNECT_GET_HOSTNAME', () => 'silent')
    const libvirt = await connect({ maxInFlight: 1 })
    const told = vi.fn()
    libvirt.onClose(told)
    const pending = Promise.allSettled([libvirt.hostname(), libvirt.hostname()])
    await vi.waitUntil(() => fake.calls('CONNECT_GET_HOSTNAME').length === 1)
    fake.hangUp()
    for (const result of await pending) expect(result).toMatchObject({ reason: expect.any(LibvirtClosed) })
    await expect(libvirt.type()).rejects.toBeInstanceOf(LibvirtClosed)
    expect(told).toHaveBeenCalledOnce()
    await libvirt.close()
    expect(told).toHaveBeenCalledOnce()
  })

  it('is told late listeners too', async () => {
    const libvirt = await connect()
    await libvirt.close()
    const reason = await new Promise<Error>(resolve => libvirt.onClose(resolve))
    expect(reason).toBeInstanceOf(LibvirtClosed)
  })

  it.each([
    ['a frame too short', Buffer.from('0000000000000000', 'hex')],
    ['a frame too long', Buffer.from('7fffffff00000000', 'hex')],
    ['text', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('follows %s', async (_what, bytes) => {
    const libvirt = await connect()
    const closed = new Promise<Error>(resolve => libvirt.onClose(resolve))
    fake.sendRaw(bytes)
    expect((await closed).message).toContain('nonsense')
  })

  it('follows an error reply that cannot be read, and its caller hears of it', async () => {
    const libvirt = await connect()
    fake.behave('CONNECT_GET_TYPE', frame => {
      fake.sendRaw(encodeFrame({ ...frame, type: 1, status: 1, payload: Buffer.alloc(2) }))
      return 'silent'
    })
    await expect(libvirt.type()).rejects.toBeInstanceOf(LibvirtClosed)
  })
})

describe('keepalive', () => {
  it('answers pings', async () => {
    await connect()
    fake.ping()
    await vi.waitUntil(() => fake.pongs() === 1)
  })

  it('pings into silence and lives while pongs come', async () => {
    const libvirt = await connect({ keepalive: { intervalMs: 10, count: 2 } })
    await vi.waitUntil(() => fake.pings() >= 8)
    expect(libvirt.closed).toBe(false)
  })

  it('notices a daemon that hangs', async () => {
    fake.behave('CONNECT_GET_HOSTNAME', () => 'silent')
    const libvirt = await connect({ keepalive: { intervalMs: 10, count: 2 } })
    fake.answersPings = false
    await expect(libvirt.hostname()).rejects.toThrow('silent for 2 keepalive intervals')
    expect(libvirt.closed).toBe(true)
  })
})

describe('events', () => {
  const domain = (name: string) => new XdrWriter().string(name).opaque(Buffer.alloc(16, 0xab)).i32(7)
  const lifecycle = (callback: number) =>
    new XdrWriter().i32(callback).string('vm').opaque(Buffer.alloc(16, 0xab)).i32(7).i32(5).i32(1)

  it('reach their subscriber, and nobody else’s callback does', async () => {
    fake.behave('DOMAIN_EVENT_CALLBACK_REGISTER_ANY', () => ({ payload: new XdrWriter().i32(3) }))
    fake.behave('DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY', () => ({ payload: new XdrWriter() }))
    const libvirt = await connect()
    const got: LifecycleEvent[] = []
    const off = await libvirt.onLifecycle(event => got.push(event))
    fake.event('DOMAIN_EVENT_CALLBACK_LIFECYCLE', lifecycle(4))
    fake.event('DOMAIN_EVENT_CALLBACK_REBOOT', domain('vm'))
    fake.event('DOMAIN_EVENT_CALLBACK_LIFECYCLE', lifecycle(3))
    await vi.waitUntil(() => got.length > 0)
    const uuid = 'abababab-abab-abab-abab-abababababab'
    expect(got).toEqual([{ domain: { name: 'vm', uuid, id: 7 }, event: 'stopped', detail: 1 }])
    await off()
    expect(fake.calls('DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY')).toHaveLength(1)
  })
})
