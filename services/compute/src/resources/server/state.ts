/**
 * The server, thought through without touching anything: what is the next step towards what is wanted, what does a
 * client see meanwhile, and what may be asked of it in this state.
 *
 *   want (API)            seen (reconciler, agent)
 *   power, reboots   ──►  vm claimed on a host → ports made for that host → agent reports the generation → rest
 *   deleted          ──►  vm wanted gone → agent reports gone (its row goes) → ports released → the row goes
 *   power  ◄──  the guest went off by itself, seen at the generation that is wanted
 *
 * Invariants: at most one vm row per server, and it is written only together with its claim; a vm's generation is
 * the server's generation that it carries, 0 for a mere claim that no agent sees yet; a server rests only when
 * `seen_generation = generation`, or with a fault.
 * Nothing here undoes anything: from every state, and after dying in every state, the next step leads forward.
 *
 * A guest that switches itself off is taken at its word: want becomes "stopped", a generation of its own. The agent
 * does not start it again meanwhile, and says so in every report for as long as that generation is wanted, so nothing
 * is lost by whoever dies: the agent finds the reason again in the hypervisor; the report is one commit, and its row is
 * found by the sweep; the new want is one commit with the action that tells of it. A user who changes the server at the
 * same moment was first: that is a newer want, it says running, and the guest is started.
 */
export interface ServerFacts {
  want_deleted: boolean
  generation: number
  seen_generation: number
  /** null: not made yet */
  seen_ports: readonly { bound_host: string | null }[] | null
  fault: Fault | null
}

export interface Fault {
  code: number
  message: string
  details?: string
  at: string
}

export interface VmFacts {
  host_name: string
  host_up: boolean
  want_power: 'running' | 'stopped' | 'gone'
  want_reboots_soft: number
  want_reboots_hard: number
  generation: number
  seen_generation: number
  seen_power: 'running' | 'stopped' | 'paused' | 'crashed' | 'absent' | 'gone'
  /** wanted running at `seen_generation`, the guest has switched itself off */
  seen_guest_off: boolean
  seen_reboots_soft: number
  seen_reboots_hard: number
  seen_step: string | null
  seen_fault: { code: string; message: string; permanent: boolean } | null
}

export type Step =
  | 'place'
  | 'ensure-ports'
  | 'revise-vm'
  | 'follow-guest'
  | 'await-agent'
  | 'record-fault'
  | 'record-seen'
  | 'remove-vm'
  | 'release-ports'
  | 'forget-server'
  | 'rest'

export function next(server: ServerFacts, vm: VmFacts | null): Step {
  if (server.want_deleted) return nextOfDeleted(server, vm)
  if (server.fault) return 'rest'
  if (!vm) return 'place'
  if (!server.seen_ports?.every(port => port.bound_host === vm.host_name)) return 'ensure-ports'
  if (vm.generation < server.generation) return 'revise-vm'
  if (vm.seen_fault?.permanent && vm.seen_generation >= vm.generation) return 'record-fault'
  if (hasSwitchedItselfOff(vm)) return 'follow-guest'
  if (!isTrue(vm)) return 'await-agent'
  return server.seen_generation < server.generation ? 'record-seen' : 'rest'
}

/** A host that is down cannot say "gone"; its vm row stays for when it comes back, the server does not wait. */
function nextOfDeleted(server: ServerFacts, vm: VmFacts | null): Step {
  if (vm && vm.want_power !== 'gone') return 'remove-vm'
  if (vm?.host_up) return 'await-agent'
  return server.seen_ports?.length === 0 ? 'forget-server' : 'release-ports'
}

/** Everything asked of the vm has been seen true by its agent. */
const isTrue = (vm: VmFacts) =>
  vm.seen_generation >= vm.generation &&
  vm.seen_power === vm.want_power &&
  vm.seen_reboots_soft >= vm.want_reboots_soft &&
  vm.seen_reboots_hard >= vm.want_reboots_hard

const hasSwitchedItselfOff = (vm: VmFacts) =>
  vm.want_power === 'running' && vm.seen_guest_off && vm.seen_generation >= vm.generation

export interface Shown {
  status: 'BUILD' | 'ACTIVE' | 'SHUTOFF' | 'PAUSED' | 'REBOOT' | 'HARD_REBOOT' | 'ERROR'
  vm_state: 'building' | 'active' | 'stopped' | 'paused' | 'error'
  task_state: string | null
  /** nova/compute/power_state.py */
  power_state: 0 | 1 | 3 | 4 | 6
  progress: number
}

const POWER = { running: 1, stopped: 4, paused: 3, crashed: 6, absent: 0, gone: 0 } as const
const BUILD_TASKS: Record<string, string> = {
  image: 'block_device_mapping',
  disk: 'block_device_mapping',
  nics: 'networking',
  define: 'spawning',
  start: 'spawning',
}

/** What clients are told (nova/api/openstack/common.py, _STATE_MAP). */
export function statusOf(server: ServerFacts, vm: VmFacts | null): Shown {
  const power_state = vm ? POWER[vm.seen_power] : 0
  const base = { power_state, progress: 0 }
  const deleting = server.want_deleted ? 'deleting' : null
  if (server.fault) return { ...base, status: 'ERROR', vm_state: 'error', task_state: deleting }
  if (server.seen_generation === 0) {
    const task_state = deleting ?? buildTask(server, vm)
    return { ...base, status: 'BUILD', vm_state: 'building', task_state }
  }
  const task_state = deleting ?? (vm ? taskOf(vm) : null)
  if (vm?.seen_power === 'running') {
    if (task_state === 'rebooting')
      return { ...base, status: 'REBOOT', vm_state: 'active', task_state, progress: 100 }
    if (task_state === 'rebooting_hard')
      return { ...base, status: 'HARD_REBOOT', vm_state: 'active', task_state, progress: 100 }
    return { ...base, status: 'ACTIVE', vm_state: 'active', task_state, progress: 100 }
  }
  if (vm?.seen_power === 'paused') return { ...base, status: 'PAUSED', vm_state: 'paused', task_state }
  return { ...base, status: 'SHUTOFF', vm_state: 'stopped', task_state }
}

function buildTask(server: ServerFacts, vm: VmFacts | null): string {
  if (!vm) return 'scheduling'
  return server.seen_ports ? (BUILD_TASKS[vm.seen_step ?? 'start'] ?? 'spawning') : 'networking'
}

function taskOf(vm: VmFacts): string | null {
  if (vm.seen_reboots_hard < vm.want_reboots_hard) return 'rebooting_hard'
  if (vm.seen_reboots_soft < vm.want_reboots_soft) return 'rebooting'
  if (hasSwitchedItselfOff(vm)) return null
  if (vm.want_power === 'running' && vm.seen_power !== 'running') return 'powering-on'
  if (vm.want_power === 'stopped' && vm.seen_power === 'running') return 'powering-off'
  return null
}

export type Verb = 'start' | 'stop' | 'reboot' | 'console' | 'metadata'

/** In which statuses each verb is allowed; the others are refused with 409 that names them. */
const ALLOWED: Record<Verb, readonly Shown['status'][]> = {
  start: ['SHUTOFF'],
  stop: ['ACTIVE', 'ERROR'],
  reboot: ['ACTIVE', 'SHUTOFF', 'ERROR', 'REBOOT', 'HARD_REBOOT', 'PAUSED'],
  console: ['ACTIVE', 'SHUTOFF', 'PAUSED', 'REBOOT', 'HARD_REBOOT', 'BUILD', 'ERROR'],
  metadata: ['ACTIVE', 'SHUTOFF', 'PAUSED', 'REBOOT', 'HARD_REBOOT', 'BUILD', 'ERROR'],
}

/** null: allowed; otherwise why not, in Nova's words plus what would be. */
export function refusalOf(verb: Verb, server: ServerFacts, vm: VmFacts | null): string | null {
  const { status, vm_state, task_state } = statusOf(server, vm)
  if (server.want_deleted) return `while it is in task_state deleting`
  if (ALLOWED[verb].includes(status)) return null
  const allowed = ALLOWED[verb].join(', ')
  return `while it is in vm_state ${vm_state}${task_state ? ` (${task_state})` : ''}; it is possible in ${allowed}`
}
