import { type Call, RemoteError, type Session } from './session.ts'

export interface FixedIp {
  subnet_id: string
  ip_address: string
}

export interface Port {
  id: string
  network_id: string
  project_id: string
  mac_address: string
  fixed_ips: FixedIp[]
  status: string
  device_id: string
  device_owner: string
  'binding:host_id': string
  security_groups: string[]
}

export interface Network {
  id: string
  name: string
  project_id: string
  shared: boolean
  'router:external': boolean
  subnets: string[]
}

/** What a host needs to plug a port, as in the agent protocol, and the name that its owner knows the network by. */
export interface Wiring {
  port_id: string
  network_id: string
  network_name: string
  mac: string
  mtu: number
  fixed_ips: { address: string; prefix_length: number }[]
  metadata: { port_id: string; mac: string; fixed_ips: { address: string; prefix_length: number }[] } | null
}

export interface NewPort {
  /** made by us, so that a repeat finds the port it made before */
  id: string
  network_id: string
  project_id: string
  device_id: string
  device_owner: string
  'binding:host_id': string
  fixed_ips?: { ip_address: string }[]
  security_groups?: string[]
}

export type NetworkClient = ReturnType<typeof networkClient>

/** `as` carries the request id and, for reads on behalf of a user, that user's token. */
export const networkClient = (session: Session) => {
  const call = <T>(options: Call) => session.call<T>('network', options)
  return {
    async networks(
      query: Record<string, string | boolean>,
      as: Pick<Call, 'token' | 'requestId'>,
    ): Promise<Network[]> {
      return (await call<{ networks: Network[] }>({ path: '/v2.0/networks', query, ...as })).networks
    },
    async network(id: string, as: Pick<Call, 'token' | 'requestId'>): Promise<Network | null> {
      return orNull(
        async () => (await call<{ network: Network }>({ path: `/v2.0/networks/${id}`, ...as })).network,
      )
    },
    async port(id: string, as: Pick<Call, 'token' | 'requestId'>): Promise<Port | null> {
      return orNull(async () => (await call<{ port: Port }>({ path: `/v2.0/ports/${id}`, ...as })).port)
    },
    /** by id, else by name among the project's own: an administrator sees every project's group called "default" */
    async securityGroup(
      idOrName: string,
      projectId: string,
      as: Pick<Call, 'token' | 'requestId'>,
    ): Promise<{ id: string; name: string }[]> {
      const list = async (query: Record<string, string>) =>
        (
          await call<{ security_groups: { id: string; name: string }[] }>({
            path: '/v2.0/security-groups',
            query,
            ...as,
          })
        ).security_groups
      const byId = await list({ id: idOrName })
      return byId.length > 0 ? byId : list({ name: idOrName, project_id: projectId })
    },
    async ensurePort(port: NewPort, requestId: string): Promise<Port> {
      return (await call<{ port: Port }>({ method: 'POST', path: '/v2.0/ports', body: { port }, requestId }))
        .port
    },
    async updatePort(id: string, port: Record<string, unknown>, requestId: string): Promise<Port> {
      return (
        await call<{ port: Port }>({ method: 'PUT', path: `/v2.0/ports/${id}`, body: { port }, requestId })
      ).port
    },
    async removePort(id: string, requestId: string): Promise<void> {
      await orNull(() => call({ method: 'DELETE', path: `/v2.0/ports/${id}`, requestId }))
    },
    /** `limit` and `marker` page through them */
    async ports(query: Record<string, string | number>): Promise<Port[]> {
      return (await call<{ ports: Port[] }>({ path: '/v2.0/ports', query })).ports
    },
    wiring: (portId: string, requestId: string): Promise<Wiring> =>
      call<Wiring>({ path: `/v2.0/ports/${portId}/wiring`, requestId }),
  }
}

async function orNull<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof RemoteError && error.status === 404) return null
    throw error
  }
}
