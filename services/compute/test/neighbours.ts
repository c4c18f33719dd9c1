import type { Image, ImageClient, NetworkClient, NewPort, Port } from '@caelum/clients'
import { newId } from '@caelum/kernel'

export const IMAGE: Image = {
  id: newId(),
  name: 'tiny',
  status: 'active',
  visibility: 'public',
  owner: 'nobody',
  size: 1_000,
  virtual_size: 1_000,
  disk_format: 'qcow2',
  os_hash_algo: 'sha512',
  os_hash_value: 'ab'.repeat(64),
  min_disk: 0,
  min_ram: 0,
}

/** The image and network services in memory; the real ones are met in `test/e2e`. */
export function neighbours() {
  const images = new Map([[IMAGE.id, IMAGE]])
  const networks = new Map<string, { id: string; name: string; project_id: string }>()
  const ports = new Map<string, Port>()
  /** makes the next `n` network calls that change something fail with the error given */
  const failures: Error[] = []
  const fail = () => {
    const failure = failures.shift()
    if (failure) throw failure
  }
  const whole = (n: { id: string; name: string; project_id: string }) => ({
    ...n,
    shared: false,
    'router:external': false,
    subnets: ['subnet'],
  })
  const imageClient = {
    image: async (id: string) => images.get(id) ?? null,
    file: async () => {
      throw new Error('no bytes here')
    },
  } as unknown as ImageClient
  const networkClient = {
    networks: async ({ project_id }: Record<string, unknown>) =>
      [...networks.values()].filter(n => n.project_id === project_id).map(whole),
    network: async (id: string) => {
      const found = networks.get(id)
      return found ? whole(found) : null
    },
    port: async (id: string) => ports.get(id) ?? null,
    ports: async ({ device_owner, limit, marker = '' }: Record<string, string | number>) =>
      [...ports.values()]
        .filter(port => port.device_owner === device_owner && port.id > String(marker))
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, Number(limit)),
    securityGroup: async (name: string) => (name === 'missing' ? [] : [{ id: newId(), name }]),
    ensurePort: async (wanted: NewPort) => {
      fail()
      const port = ports.get(wanted.id) ?? {
        id: wanted.id,
        network_id: wanted.network_id,
        project_id: wanted.project_id,
        mac_address: `fa:16:3e:00:00:${(ports.size % 256).toString(16).padStart(2, '0')}`,
        fixed_ips: [{ subnet_id: 'subnet', ip_address: `10.0.0.${10 + ports.size}` }],
        status: 'DOWN',
        device_id: wanted.device_id,
        device_owner: wanted.device_owner,
        'binding:host_id': wanted['binding:host_id'],
        security_groups: [],
      }
      ports.set(port.id, port)
      return port
    },
    updatePort: async (id: string, change: Partial<Port>) => {
      fail()
      const port = { ...(ports.get(id) as Port), ...change }
      ports.set(id, port)
      return port
    },
    removePort: async (id: string) => {
      fail()
      ports.delete(id)
    },
    wiring: async (id: string) => ({
      port_id: id,
      network_id: ports.get(id)?.network_id ?? '',
      network_name: networks.get(ports.get(id)?.network_id ?? '')?.name ?? '',
      mac: ports.get(id)?.mac_address ?? '',
      mtu: 1442,
      fixed_ips: [],
      metadata: null,
    }),
  } as unknown as NetworkClient
  return { images, networks, ports, failures, imageClient, networkClient }
}
