import { Replica } from '@caelum/ovsdb'
import { NetworkFault } from './fault.ts'

type Tables = {
  Open_vSwitch: { next_cfg: number; cur_cfg: number }
  Bridge: { name: string; ports: ReadonlySet<string> }
  Port: { name: string; interfaces: ReadonlySet<string> }
  Interface: { name: string; external_ids: ReadonlyMap<string, string> }
}

export interface SwitchPort {
  /** of the Port row */
  uuid: string
  external_ids: ReadonlyMap<string, string>
}

/** how long the switch may take to do what its database says, ms */
const APPLY_MS = 5_000
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
        Open_vSwitch: ['next_cfg', 'cur_cfg'],
        Bridge: ['name', 'ports'],
        Port: ['name', 'interfaces'],
        Interface: ['name', 'external_ids'],
      },
      onChange: changes => {
        if (changes.some(({ table }) => table !== 'Open_vSwitch')) onChange()
      },
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
      if (row) ports.set(row.name, { uuid, external_ids: row.external_ids })
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

  /** After: none of these ports is left, and the switch has closed their devices. @throws NetworkFault */
  async removePorts(ports: readonly SwitchPort[]): Promise<void> {
    if (ports.length === 0) return
    const [bridge] = this.#bridge()
    await this.#transact(tx => {
      const uuids = ports.map(port => port.uuid)
      tx.mutate('Bridge', bridge, ['ports', 'delete', uuids])
      tx.mutate('Open_vSwitch', [], ['next_cfg', '+=', 1])
    })
    const [asked] = this.#db.rows('Open_vSwitch').values()
    const isApplied = () => {
      const [root] = this.#db.rows('Open_vSwitch').values()
      return root !== undefined && root.cur_cfg >= (asked?.next_cfg ?? 0)
    }
    await this.#db.until(isApplied, APPLY_MS).catch(error => {
      throw new NetworkFault('switch-down', 'Open vSwitch does not apply what its database says', error)
    })
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
