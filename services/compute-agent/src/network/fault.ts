/** Why the host's side of a network is not there yet; always tried again. */
export type NetworkFaultCode =
  /** the integration bridge, which ovn-controller makes, is missing */
  | 'bridge-missing'
  /** Open vSwitch's database does not answer */
  | 'switch-down'
  /** a namespace, device or port of a metadata network could not be made */
  | 'network-failed'

export class NetworkFault extends Error {
  override readonly name = 'NetworkFault'
  readonly code: NetworkFaultCode
  readonly permanent = false

  constructor(code: NetworkFaultCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
