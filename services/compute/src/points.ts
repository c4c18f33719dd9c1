/** Every place where dying is interesting, for `test/crash`: which operation passes there. */
export const points = [
  { name: 'server.create.committed', at: 'create' },
  { name: 'server.ensure-ports.made', at: 'create' },
  { name: 'server.ensure-ports.saved', at: 'create' },
  { name: 'server.place.committed', at: 'create' },
  { name: 'server.revise-vm.saved', at: 'create' },
  { name: 'server.record-seen.saved', at: 'create' },
  { name: 'agent-api.report.committed', at: 'create' },
  { name: 'server.follow-guest.committed', at: 'power-off' },
  { name: 'server.delete.committed', at: 'delete' },
  { name: 'server.remove-vm.saved', at: 'delete' },
  { name: 'server.release-ports.released', at: 'delete' },
  { name: 'server.forget.gone', at: 'delete' },
] as const satisfies readonly { name: string; at: 'create' | 'power-off' | 'delete' }[]

export type PointName = (typeof points)[number]['name']
