/**
 * The agent's crash points, by the life of a server in which they are passed. A crash test kills the agent at each of
 * them in turn and asserts that everything comes to rest as wanted, nothing lost and nothing doubled.
 */
type Passage = 'start-up' | 'create' | 'stop' | 'reboot' | 'soft-reboot' | 'delete'

export interface Point {
  name: string
  at: Passage
  /** passed only where networks are real; simulated hosts have none */
  on?: 'ovn'
}

const around = (name: string, at: Passage): Point[] => [
  { name: `${name}.before`, at },
  { name: `${name}.after`, at },
]

export const points: readonly Point[] = [
  { name: 'agent.hello.after', at: 'start-up' },
  { name: 'agent.wanted.received', at: 'create' },
  ...around('agent.vm.image', 'create'),
  { name: 'agent.image.downloaded', at: 'create' },
  { name: 'agent.image.kept', at: 'create' },
  ...around('agent.vm.disk', 'create'),
  ...around('agent.vm.nics', 'create'),
  { name: 'agent.network.wired', at: 'create', on: 'ovn' },
  { name: 'agent.network.plugged', at: 'create', on: 'ovn' },
  ...around('agent.vm.define', 'create'),
  ...around('agent.vm.start', 'create'),
  ...around('agent.report', 'create'),
  ...around('agent.vm.stop', 'stop'),
  ...around('agent.vm.reset', 'reboot'),
  ...around('agent.vm.reboot', 'soft-reboot'),
  ...around('agent.vm.remove', 'delete'),
  { name: 'agent.network.unplugged', at: 'delete', on: 'ovn' },
]
