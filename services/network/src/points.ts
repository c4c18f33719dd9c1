/** Every place where dying is interesting, for `test/crash`: which operation passes there. */
export const points = [
  { name: 'network.port.created', at: 'create' },
  { name: 'network.port.updated', at: 'create' },
  { name: 'network.ovn.written', at: 'create' },
  { name: 'network.seen.saved', at: 'create' },
  { name: 'network.port.removed', at: 'delete' },
  { name: 'network.port.updated', at: 'delete' },
  { name: 'network.ovn.written', at: 'delete' },
  { name: 'network.seen.saved', at: 'delete' },
] as const satisfies readonly { name: string; at: 'create' | 'delete' }[]

export type PointName = (typeof points)[number]['name']
