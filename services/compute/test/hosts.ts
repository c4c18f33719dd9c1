import type { HostFacts, SeenVm, WantedVm } from '@caelum/agent-protocol'
import type { Deps } from '../src/deps.ts'

const facts = (name: string, ram_mb: number): HostFacts => ({
  hostname: name,
  agent_version: '0',
  protocol: 1,
  hypervisor_type: 'test',
  hypervisor_version: 1,
  acceleration: 'none',
  host_ip: '192.0.2.1',
  vcpus: 4,
  ram_mb,
  disk_gb: 100,
  cpu_model: 'none',
  arch: 'x86_64',
  hypervisor_up: true,
  capabilities: [],
})

/** A host whose agent does at once what is wanted, spoken for by a test through the stores of the agent API. */
export async function testHost(deps: Deps, name: string, ram_mb = 4_096) {
  const { id, epoch } = await deps.hosts.hello(name, facts(name, ram_mb), new Date())
  let seq = 0
  const report = async (vms: SeenVm[], rings = true) => {
    seq += 1
    const report = { epoch, seq, host: facts(name, ram_mb), vms, strays: [] }
    const due = await deps.reports.take(name, report, new Date())
    if (rings) for (const server of due ?? []) deps.bell.ring(server)
    return due !== null
  }
  return {
    id,
    name,
    epoch,
    report,
    wanted: () => deps.vms.wanted(id, 0n),
    /** reports everything wanted here as done; `rings`: the bell that follows is heard */
    async obey(rings = true) {
      const seen = (await deps.vms.wanted(id, 0n)).map(asWanted)
      await report(seen, rings)
      return seen.length
    },
    /** reports that every guest wanted running here has switched itself off */
    async allSwitchedOff(rings = true) {
      const seen = (await deps.vms.wanted(id, 0n)).map(asWanted)
      await report(
        seen.map(vm => (vm.power === 'running' ? { ...vm, power: 'stopped', guest_off: true } : vm)),
        rings,
      )
    },
  }
}

const asWanted = (vm: WantedVm): SeenVm => ({
  id: vm.id,
  generation: vm.generation,
  power: vm.power,
  guest_off: false,
  reboots_soft: vm.reboots_soft,
  reboots_hard: vm.reboots_hard,
  step: null,
  fault: null,
})
