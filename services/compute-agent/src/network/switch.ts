import { Replica } from '@caelum/ovsdb'
import { NetworkFault } from './fault.ts'

type Tables = {
  Bridge: { name: string; ports: ReadonlySet<string> }
  Port: { name: string; interfaces: ReadonlySet<string> }
  Interface: {
    name: string
    external_ids: ReadonlyMap<string, string>
    ofport: number | null
    error: string | null
  }
}

export interface SwitchPort {
  /** uuid of the Port row */
  uuid: string
  device: string
  external_ids: ReadonlyMap<string, string>
  /** the switch has the device open */
  is_open: boolean
}

/** OVN's bridge on every host; ovn-controller makes it. */
const BRIDGE = 'br-int'

/** The integration bridge of this host's Open vSwitch: which ports it has, and giving and taking ports. */
export class IntegrationBridge {
  #db: Replica<Tables>

  /** `onChange`: ports changed, or the database came back */
  constructor(target: string, onChange: () => void) {
    this.#db = new Replica<Tables>({
      targets: target,
      database: 'Open_vSwitch',
      tables: {
        Bridge: ['name', 'ports'],
        Port: ['name', 'interfaces'],
        Interface: ['name', 'external_ids', 'ofport', 'error'],
      },
      onChange,
      onState: state => {
        if (state === 'complete') onChange()
      },
    })
  }

  start(): void {
    this.#db.start()
  }

  stop(): Promise<void> {
    return this.#db.stop()
  }

  /** Ports by the name of their device. @throws NetworkFault */
  ports(): Map<string, SwitchPort> {
    const [, bridge] = this.#bridge()
    const ports = new Map<string, SwitchPort>()
    for (const uuid of bridge.ports) {
      const port = this.#db.rows('Port').get(uuid)
      const [id] = port?.interfaces ?? []
      const row = id === undefined ? undefined : this.#db.rows('Interface').get(id)
      if (!row) continue
      const is_open = row.ofport !== null && row.ofport > 0
      ports.set(row.name, { uuid, device: row.name, external_ids: row.external_ids, is_open })
    }
    return ports
  }

  /** After: `device` is a port of the bridge with at least these external ids. @throws NetworkFault */
  async ensurePort(device: string, external_ids: Readonly<Record<string, string>>): Promise<void> {
    const [bridge] = this.#bridge()
    const port = this.ports().get(device)
    if (port) {
      const same = Object.entries(external_ids).every(([key, value]) => port.external_ids.get(key) === value)
      if (same) return
      const merged = { ...Object.fromEntries(port.external_ids), ...external_ids }
      await this.#transact(tx => tx.update('Interface', [['name', '==', device]], { external_ids: merged }))
      return
    }
    await this.#transact(tx => {
      const row = tx.insert('Interface', { name: device, external_ids })
      const made = tx.insert('Port', { name: device, interfaces: [row] })
      tx.mutate('Bridge', bridge, ['ports', 'insert', made])
    })
  }

  /** After: none of these ports (`SwitchPort.uuid`) is left. @throws NetworkFault */
  async removePorts(uuids: readonly string[]): Promise<void> {
    if (uuids.length === 0) return
    const [bridge] = this.#bridge()
    await this.#transact(tx => tx.mutate('Bridge', bridge, ['ports', 'delete', uuids]))
  }

  #bridge(): [uuid: string, row: Tables['Bridge']] {
    if (this.#db.state !== 'complete')
      throw new NetworkFault('switch-down', "Open vSwitch's database does not answer")
    for (const [uuid, row] of this.#db.rows('Bridge')) if (row.name === BRIDGE) return [uuid, row]
    throw new NetworkFault('bridge-missing', `the integration bridge ${BRIDGE} is not there (yet)`)
  }

  async #transact(build: Parameters<Replica<Tables>['transact']>[0]): Promise<void> {
    try {
      await this.#db.transact(build)
    } catch (error) {
      throw new NetworkFault('network-failed', `Open vSwitch refused: ${(error as Error).message}`, error)
    }
  }
}
