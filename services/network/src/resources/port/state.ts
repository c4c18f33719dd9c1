/** What a client is told of a port follows from what is wanted and what OVN was seen to do. */
export interface PortState {
  binding_host_id: string
  seen_up: boolean
}

/** ACTIVE: wanted on a host, and OVN says that a host has it plugged with all its flows in place. */
export const statusOf = (port: PortState): 'ACTIVE' | 'DOWN' =>
  port.binding_host_id !== '' && port.seen_up ? 'ACTIVE' : 'DOWN'

export const vifTypeOf = (port: PortState): 'ovs' | 'unbound' => (port.binding_host_id ? 'ovs' : 'unbound')
