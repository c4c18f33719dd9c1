/** Places where a crash test kills this process; see packages/reconcile. */
export const points = ['network.ovn.written'] as const
