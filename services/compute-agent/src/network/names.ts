import { createHash } from 'node:crypto'

const NAMESPACE = 'caelum-md-'

/** The namespace in which a network's guests find their metadata; unique by the network's id. */
export const namespaceOf = (networkId: string): string => `${NAMESPACE}${networkId}`

/** The reverse of `namespaceOf`; null for a namespace that is not ours. */
export const networkOf = (namespace: string): string | null =>
  namespace.startsWith(NAMESPACE) ? namespace.slice(NAMESPACE.length) : null

/**
 * The host's end of the wire into that namespace, at most 15 characters. From a hash: ids made in the same moment
 * begin alike.
 */
export const deviceOf = (networkId: string): string =>
  `md${createHash('sha256').update(networkId).digest('hex').slice(0, 12)}`

/**
 * The tap device of a guest's NIC. An interface name has at most 15 characters; `tap` + 11 as in Neutron, but from the
 * random end of the id: a UUIDv7 begins with the time, the same for ports made in one moment.
 */
export const tapOf = (portId: string): string => `tap${portId.slice(-11)}`
