import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { LibvirtClosed } from '../src/error.ts'
import {
  AFFECT_CONFIG,
  DEFINE_VALIDATE,
  Libvirt,
  type LibvirtOptions,
  type LifecycleEvent,
  MARK_NAMESPACE,
  parseDomain,
  parseMark,
  renderDomain,
  UNDEFINE_MANAGED_SAVE,
  UNDEFINE_NVRAM,
  UNDEFINE_SNAPSHOTS_METADATA,
  XML_INACTIVE,
} from '../src/index.ts'
import { PrivateLibvirtd } from '../src/testing/private-libvirtd.ts'

let host: PrivateLibvirtd
const open: Libvirt[] = []
const connect = async (uri: string, options: Partial<LibvirtOptions> = {}): Promise<Libvirt> => {
  const libvirt = await Libvirt.connect({ socketPath: host.socketPath, uri, ...options })
  open.push(libvirt)
  return libvirt
}

const UUID = '5f0c1f52-8a3b-4a7e-9d6c-2b1f0e4d3c2a'
const spec = {
  uuid: UUID,
  name: 'caelum-5f0c1f52',
  mark: { server: 'a server & <more>', generation: 3, reboots_soft: 1, reboots_hard: 2 },
  acceleration: 'tcg' as const,
  machine: 'q35',
  vcpus: 2,
  memory_mb: 128,
  disk: { path: '/var/lib/vm/disk.qcow2', format: 'qcow2' as const },
  nics: [
    {
      mac: 'fa:16:3e:00:00:20',
      bridge: 'br-int',
      port_id: '11111111-2222-3333-4444-555555555555',
      tap: 'tap11111111-22',
      mtu: 1442,
    },
  ],
  console_path: '/var/lib/vm/console.log',
}

beforeAll(async () => {
  host = await PrivateLibvirtd.start()
})
afterAll(async () => {
  await Promise.all(open.map(libvirt => libvirt.close()))
  await host.stop()
})

describe('libvirt’s test driver', () => {
  it('tells of its host', async () => {
    const libvirt = await connect('test:///default')
    expect(await libvirt.type()).toBe('TEST')
    expect(await libvirt.libraryVersion()).toBeGreaterThanOrEqual(7_000_000)
    expect(await libvirt.hypervisorVersion()).toBe(2)
    expect(await libvirt.hostname()).not.toBe('')
    expect(await libvirt.nodeInfo()).toEqual({
      cpu_model: 'i686',
      memory_kib: 3145728,
      cpus: 16,
      mhz: 1400,
      numa_nodes: 2,
      sockets: 2,
      cores: 2,
      threads: 2,
    })
    expect(await libvirt.capabilities()).toContain('<capabilities>')
  })

  it('leads a domain through its life, and its events tell so', async () => {
    const libvirt = await connect('test:///default')
    const events: LifecycleEvent[] = []
    const off = await libvirt.onLifecycle(event => events.push(event))
    const domain = await libvirt.lookupByName('test')
    expect(await libvirt.listDomains()).toContainEqual(domain)
    expect(await libvirt.state(domain)).toEqual({ state: 'running', shutoffReason: null })
    expect((await libvirt.info(domain)).vcpus).toBe(2)
    await libvirt.suspend(domain)
    expect((await libvirt.state(domain)).state).toBe('paused')
    await libvirt.resume(domain)
    await libvirt.destroy(domain)
    expect(await libvirt.state(domain)).toEqual({ state: 'shutoff', shutoffReason: 'destroyed' })
    await expect(libvirt.destroy(domain)).rejects.toMatchObject({ code: 'OPERATION_INVALID' })
    expect((await libvirt.create(domain)).id).toBeGreaterThan(0)
    await libvirt.shutdown(domain)
    expect(await libvirt.state(domain)).toEqual({ state: 'shutoff', shutoffReason: 'shutdown' })
    await libvirt.undefine(domain, UNDEFINE_MANAGED_SAVE | UNDEFINE_SNAPSHOTS_METADATA)
    await expect(libvirt.lookup(domain.uuid)).rejects.toMatchObject({ code: 'NO_DOMAIN', domain: 'TEST' })
    await vi.waitUntil(() => events.at(-1)?.event === 'undefined')
    expect(events.map(event => event.event)).toEqual([
      'suspended',
      'resumed',
      'stopped',
      'started',
      'stopped',
      'undefined',
    ])
    expect(new Set(events.map(event => event.domain.uuid))).toEqual(new Set([domain.uuid]))
    await off()
  })
})

describe('QEMU behind a real libvirtd', () => {
  it('takes our definition as valid and gives it back as we wrote it', async () => {
    const libvirt = await connect('qemu:///system')
    const domain = await libvirt.define(renderDomain(spec), DEFINE_VALIDATE)
    expect(domain).toEqual({ name: spec.name, uuid: UUID, id: -1 })
    const stored = parseDomain(await libvirt.xml(domain, XML_INACTIVE))
    expect(stored).toEqual({ ...spec, machine: expect.stringMatching(/^pc-q35-/) })
    expect(parseMark(await libvirt.metadata(domain, MARK_NAMESPACE, AFFECT_CONFIG))).toEqual(spec.mark)
    await libvirt.undefine(domain, UNDEFINE_MANAGED_SAVE | UNDEFINE_SNAPSHOTS_METADATA | UNDEFINE_NVRAM)
    expect(await libvirt.listDomains()).toEqual([])
  })

  it('says by code what it refuses', async () => {
    const libvirt = await connect('qemu:///system')
    await expect(libvirt.define('<domain')).rejects.toMatchObject({ code: 'XML_DETAIL' })
    await expect(libvirt.define('<domain type="qemu"/>')).rejects.toMatchObject({ code: 'NO_NAME' })
    const domain = await libvirt.define(renderDomain({ ...spec, nics: [] }).replace(/<caelum:vm[^>]*>/, ''))
    await expect(libvirt.metadata(domain, MARK_NAMESPACE)).rejects.toMatchObject({
      code: 'NO_DOMAIN_METADATA',
    })
    await expect(
      libvirt.define(renderDomain({ ...spec, uuid: UUID.replace('5', '6') })),
    ).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
    })
    await expect(libvirt.create(domain)).rejects.toThrow('/var/lib/vm/')
    await libvirt.undefine(domain, UNDEFINE_NVRAM)
  })

  it('tells what the host has', async () => {
    const libvirt = await connect('qemu:///system')
    expect(await libvirt.hypervisorVersion()).toBeGreaterThanOrEqual(5_000_000)
    const memory = await libvirt.nodeMemoryStats()
    expect(memory['total']).toBeGreaterThan(memory['free'] ?? Number.NaN)
    expect(await libvirt.nodeFreeMemoryBytes()).toBeGreaterThan(0n)
    expect(await libvirt.domainCapabilities('x86_64', 'q35', 'qemu')).toContain('<domainCapabilities>')
  })
})

describe('when libvirtd', () => {
  it('dies, the connection ends and a new one works after its restart', async () => {
    const libvirt = await connect('qemu:///system')
    const closed = new Promise<Error>(resolve => libvirt.onClose(resolve))
    await host.signal('KILL', true)
    expect(await closed).toBeInstanceOf(LibvirtClosed)
    await expect(connect('qemu:///system')).rejects.toBeInstanceOf(LibvirtClosed)
    await host.release()
    const again = await vi.waitUntil(() => connect('qemu:///system').catch(() => null), { timeout: 10_000 })
    expect(await again.type()).toBe('QEMU')
  })

  it('hangs, the keepalive ends the connection', async () => {
    const libvirt = await connect('qemu:///system', { keepalive: { intervalMs: 50, count: 2 } })
    const closed = new Promise<Error>(resolve => libvirt.onClose(resolve))
    await host.signal('STOP')
    expect((await closed).message).toContain('silent')
    await host.signal('CONT')
    expect(await (await connect('qemu:///system')).type()).toBe('QEMU')
  })

  it('is only idle, its pongs keep the connection', async () => {
    const libvirt = await connect('qemu:///system', { keepalive: { intervalMs: 20, count: 1 } })
    const busy = await connect('qemu:///system')
    const until = Date.now() + 200
    while (Date.now() < until) await busy.libraryVersion()
    expect(libvirt.closed).toBe(false)
  })
})
