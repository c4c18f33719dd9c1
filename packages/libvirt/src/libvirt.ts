/**
 * libvirt's calls, typed: one method per procedure, nothing remembered but the connection. Every method rejects with
 * `LibvirtError` (libvirt said no), `LibvirtTimeout` or `LibvirtClosed` (nothing is known about the effect). A
 * reconnect is a new object.
 */
import { Connection } from './connection.ts'
import {
  type LifecycleEventName,
  MEMORY_STAT_COUNT,
  type MemoryStat,
  memoryStatName,
  readLifecycleEvent,
  readState,
  type StateAndReason,
} from './domain-state.ts'
import { LibvirtError } from './error.ts'
import { AFFECT_CURRENT } from './flags.ts'
import { PROCEDURE, type ProcedureName } from './procedure.ts'
import { XdrReader, XdrWriter } from './xdr.ts'

const AUTH_NONE = 0
const EVENT_LIFECYCLE = 0
const EVENT_REBOOT = 1
const AUTH_UNAVAILABLE = 94
const FROM_RPC = 7
const MODEL_CHARS = 32
const NO_FLAGS = 0

const METADATA_ELEMENT = 2
const ALL_NUMA_CELLS = -1

export interface LibvirtOptions {
  /** e.g. /run/libvirt/libvirt-sock */
  socketPath: string
  /** e.g. `qemu:///system`, `test:///default` */
  uri: string
  connectTimeoutMs?: number
  callTimeoutMs?: number
  keepalive?: { intervalMs: number; count: number }
  maxInFlight?: number
}

/** libvirt's handle: calls find the domain by `uuid`; `id` is -1 while it is off. */
export interface DomainRef {
  name: string
  /** lower case, with dashes */
  uuid: string
  id: number
}

export interface DomainInfo {
  max_memory_kib: number
  memory_kib: number
  vcpus: number
  cpu_time_ns: bigint
}

export interface NodeInfo {
  cpu_model: string
  memory_kib: number
  cpus: number
  mhz: number
  numa_nodes: number
  sockets: number
  cores: number
  threads: number
}

export interface LifecycleEvent {
  domain: DomainRef
  event: LifecycleEventName
  /** virDomainEvent*DetailType of that event */
  detail: number
}

const uuidToBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex')
const bytesToUuid = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

const writeDomain = (writer: XdrWriter, domain: DomainRef): XdrWriter =>
  writer.string(domain.name).opaque(uuidToBytes(domain.uuid)).i32(domain.id)

const readDomain = (reader: XdrReader): DomainRef => ({
  name: reader.string(),
  uuid: bytesToUuid(reader.opaque(16)),
  id: reader.i32(),
})

const writeString = (writer: XdrWriter, value: string): XdrWriter => writer.string(value)

export class Libvirt {
  private readonly connection: Connection

  private constructor(connection: Connection) {
    this.connection = connection
  }

  static async connect(options: LibvirtOptions): Promise<Libvirt> {
    const connection = await Connection.open({
      socketPath: options.socketPath,
      connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
      callTimeoutMs: options.callTimeoutMs ?? 30_000,
      keepalive: options.keepalive ?? { intervalMs: 2_000, count: 3 },
      maxInFlight: options.maxInFlight ?? 4,
    })
    try {
      const methods = (await connection.call('AUTH_LIST')).array(r => r.i32())
      if (!methods.includes(AUTH_NONE)) {
        throw new LibvirtError(AUTH_UNAVAILABLE, FROM_RPC, `libvirtd wants authentication (${methods})`)
      }
      await connection.call('CONNECT_OPEN', new XdrWriter().optional(options.uri, writeString).u32(NO_FLAGS))
    } catch (error) {
      connection.close()
      throw error
    }
    return new Libvirt(connection)
  }

  get closed(): boolean {
    return this.connection.closed
  }

  /** Called once with the reason, whoever ended the connection. */
  onClose(listener: (reason: Error) => void): () => void {
    return this.connection.onClose(listener)
  }

  /** Says goodbye and ends the connection; never rejects. */
  async close(): Promise<void> {
    await this.connection.call('CONNECT_CLOSE', undefined, 1_000).catch(() => undefined)
    this.connection.close()
  }

  // the daemon and its host

  async type(): Promise<string> {
    return (await this.connection.call('CONNECT_GET_TYPE')).string()
  }

  /** Of the hypervisor; 7002000 is 7.2.0. */
  async hypervisorVersion(): Promise<number> {
    return Number((await this.connection.call('CONNECT_GET_VERSION')).u64())
  }

  /** Of libvirt itself, same form. */
  async libraryVersion(): Promise<number> {
    return Number((await this.connection.call('CONNECT_GET_LIB_VERSION')).u64())
  }

  async hostname(): Promise<string> {
    return (await this.connection.call('CONNECT_GET_HOSTNAME')).string()
  }

  async nodeInfo(): Promise<NodeInfo> {
    const reader = await this.connection.call('NODE_GET_INFO')
    const model = Array.from({ length: MODEL_CHARS }, () => reader.i32())
    return {
      cpu_model: String.fromCharCode(...model.slice(0, model.indexOf(0))),
      memory_kib: Number(reader.u64()),
      cpus: reader.i32(),
      mhz: reader.i32(),
      numa_nodes: reader.i32(),
      sockets: reader.i32(),
      cores: reader.i32(),
      threads: reader.i32(),
    }
  }

  async nodeFreeMemoryBytes(): Promise<bigint> {
    return (await this.connection.call('NODE_GET_FREE_MEMORY')).u64()
  }

  /** `total`, `free`, `buffers`, `cached`, in KiB. */
  async nodeMemoryStats(): Promise<Record<string, number>> {
    const ask = (count: number): XdrWriter => new XdrWriter().i32(count).i32(ALL_NUMA_CELLS).u32(NO_FLAGS)
    const first = await this.connection.call('NODE_GET_MEMORY_STATS', ask(0))
    first.array(r => r.u32())
    const reader = await this.connection.call('NODE_GET_MEMORY_STATS', ask(first.i32()))
    return Object.fromEntries(reader.array(r => [r.string(), Number(r.u64())]))
  }

  /** XML. */
  async capabilities(): Promise<string> {
    return (await this.connection.call('CONNECT_GET_CAPABILITIES')).string()
  }

  /** XML: what guests of this machine and virtualisation type may have. */
  async domainCapabilities(arch: string, machine: string, virtType: 'kvm' | 'qemu'): Promise<string> {
    const payload = new XdrWriter()
      .optional<string>(null, writeString)
      .optional(arch, writeString)
      .optional(machine, writeString)
      .optional(virtType, writeString)
      .u32(NO_FLAGS)
    return (await this.connection.call('CONNECT_GET_DOMAIN_CAPABILITIES', payload)).string()
  }

  // domains

  /** All, on or off. */
  async listDomains(): Promise<DomainRef[]> {
    const reader = await this.connection.call(
      'CONNECT_LIST_ALL_DOMAINS',
      new XdrWriter().i32(1).u32(NO_FLAGS),
    )
    return reader.array(readDomain)
  }

  /** `LibvirtError` NO_DOMAIN when there is none. */
  async lookup(uuid: string): Promise<DomainRef> {
    const payload = new XdrWriter().opaque(uuidToBytes(uuid))
    return readDomain(await this.connection.call('DOMAIN_LOOKUP_BY_UUID', payload))
  }

  async lookupByName(name: string): Promise<DomainRef> {
    return readDomain(await this.connection.call('DOMAIN_LOOKUP_BY_NAME', new XdrWriter().string(name)))
  }

  /** Replaces the stored definition of the same UUID and name; OPERATION_FAILED when only one of them matches. */
  async define(xml: string, flags = NO_FLAGS): Promise<DomainRef> {
    const payload = new XdrWriter().string(xml).u32(flags)
    return readDomain(await this.connection.call('DOMAIN_DEFINE_XML_FLAGS', payload))
  }

  /** Starts a defined domain; OPERATION_INVALID when it runs already. */
  async create(domain: DomainRef, flags = NO_FLAGS, timeoutMs?: number): Promise<DomainRef> {
    return readDomain(await this.domainCall('DOMAIN_CREATE_WITH_FLAGS', domain, flags, timeoutMs))
  }

  /** Power off now; OPERATION_INVALID when it is off already. */
  async destroy(domain: DomainRef, flags = NO_FLAGS): Promise<void> {
    await this.domainCall('DOMAIN_DESTROY_FLAGS', domain, flags)
  }

  /** Asks the guest; returns when it was asked. */
  async shutdown(domain: DomainRef, flags = NO_FLAGS): Promise<void> {
    await this.domainCall('DOMAIN_SHUTDOWN_FLAGS', domain, flags)
  }

  /** Asks the guest; returns when it was asked. A `reboot` event tells that it happened. */
  async reboot(domain: DomainRef, flags = NO_FLAGS): Promise<void> {
    await this.domainCall('DOMAIN_REBOOT', domain, flags)
  }

  /** The reset button. */
  async reset(domain: DomainRef): Promise<void> {
    await this.domainCall('DOMAIN_RESET', domain, NO_FLAGS)
  }

  async suspend(domain: DomainRef): Promise<void> {
    await this.connection.call('DOMAIN_SUSPEND', writeDomain(new XdrWriter(), domain))
  }

  async resume(domain: DomainRef): Promise<void> {
    await this.connection.call('DOMAIN_RESUME', writeDomain(new XdrWriter(), domain))
  }

  /** Forgets the definition; a running domain runs on without one. */
  async undefine(domain: DomainRef, flags: number): Promise<void> {
    await this.domainCall('DOMAIN_UNDEFINE_FLAGS', domain, flags)
  }

  async state(domain: DomainRef): Promise<StateAndReason> {
    const reader = await this.domainCall('DOMAIN_GET_STATE', domain, NO_FLAGS)
    return readState(reader.i32(), reader.i32())
  }

  async info(domain: DomainRef): Promise<DomainInfo> {
    const reader = await this.connection.call('DOMAIN_GET_INFO', writeDomain(new XdrWriter(), domain))
    reader.u32()
    return {
      max_memory_kib: Number(reader.u64()),
      memory_kib: Number(reader.u64()),
      vcpus: reader.u32(),
      cpu_time_ns: reader.u64(),
    }
  }

  async xml(domain: DomainRef, flags = NO_FLAGS): Promise<string> {
    return (await this.domainCall('DOMAIN_GET_XML_DESC', domain, flags)).string()
  }

  /** The element of that namespace in `<metadata>`; NO_DOMAIN_METADATA when there is none. */
  async metadata(domain: DomainRef, namespaceUri: string, flags = AFFECT_CURRENT): Promise<string> {
    const payload = writeDomain(new XdrWriter(), domain)
      .i32(METADATA_ELEMENT)
      .optional(namespaceUri, writeString)
      .u32(flags)
    return (await this.connection.call('DOMAIN_GET_METADATA', payload)).string()
  }

  /** Of a running guest, as far as its balloon driver tells. */
  async memoryStats(domain: DomainRef): Promise<Partial<Record<MemoryStat, bigint>>> {
    const payload = writeDomain(new XdrWriter(), domain).u32(MEMORY_STAT_COUNT).u32(NO_FLAGS)
    const reader = await this.connection.call('DOMAIN_MEMORY_STATS', payload)
    const pairs = reader.array(r => [memoryStatName(r.i32()), r.u64()] as const)
    return Object.fromEntries(pairs.filter(([name]) => name !== null))
  }

  // events

  /** Of all domains, until the returned function is called or the connection ends. */
  async onLifecycle(listener: (event: LifecycleEvent) => void): Promise<() => Promise<void>> {
    return this.subscribe(EVENT_LIFECYCLE, 'DOMAIN_EVENT_CALLBACK_LIFECYCLE', reader =>
      listener({ domain: readDomain(reader), event: readLifecycleEvent(reader.i32()), detail: reader.i32() }),
    )
  }

  /** The guest's machine was reset, by itself or through `reboot` or `reset`. */
  async onReboot(listener: (domain: DomainRef) => void): Promise<() => Promise<void>> {
    return this.subscribe(EVENT_REBOOT, 'DOMAIN_EVENT_CALLBACK_REBOOT', reader =>
      listener(readDomain(reader)),
    )
  }

  private async subscribe(
    eventId: number,
    procedure: ProcedureName,
    listener: (reader: XdrReader) => void,
  ): Promise<() => Promise<void>> {
    let callbackId: number | null = null
    const off = this.connection.onEvent((received, payload) => {
      if (received !== PROCEDURE[procedure]) return
      const reader = new XdrReader(payload)
      const target = reader.i32()
      // an event may share a packet with the reply that names the callback
      if (callbackId === null || target === callbackId) listener(reader)
    })
    const ofAllDomains = new XdrWriter().i32(eventId).optional<DomainRef>(null, writeDomain)
    try {
      callbackId = (await this.connection.call('DOMAIN_EVENT_CALLBACK_REGISTER_ANY', ofAllDomains)).i32()
    } catch (error) {
      off()
      throw error
    }
    return async () => {
      off()
      const payload = new XdrWriter().i32(callbackId ?? -1)
      await this.connection.call('DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY', payload).catch(() => undefined)
    }
  }

  private domainCall(
    procedure: ProcedureName,
    domain: DomainRef,
    flags: number,
    timeoutMs?: number,
  ): Promise<XdrReader> {
    return this.connection.call(procedure, writeDomain(new XdrWriter(), domain).u32(flags), timeoutMs)
  }
}
