import { join } from 'node:path'
import {
  caDirOf,
  ensureCa,
  ensureCertificate,
  type Instance,
  LabHost,
  OvnCentral,
  type ProcessSpec,
} from '@caelum/lab'
import type { Settings } from '../instance/settings.ts'
import type { Unit } from '../supervisor/unit.ts'
import type { ServiceExtras } from './api-services.ts'
import { nodeArgv, nodeEnv } from './node-program.ts'

/** name of the step that everything else here waits for */
const UNDERLAY = 'underlay'

export type HostPlan = {
  units: Unit[]
  hosts: Map<string, LabHost>
  /** what the services that speak with hosts and OVN need on top */
  extras: { compute: ServiceExtras; network: ServiceExtras }
}

/**
 * The hosts, real or simulated, with their agents, and OVN between them. The underlay and all certificates are made
 * by one step, one after the other, because two makers of the same certificate would get into each other's way.
 */
export function planHosts(instance: Instance, settings: Settings): HostPlan {
  const ovn = new OvnCentral(instance)
  const hosts = Array.from({ length: settings.hosts }, (_, i) => new LabHost(instance, i + 1))
  const agentListen = `${instance.underlay.gateway}:${settings.ports['agent']}`
  const computePki = join(instance.dataDir, 'compute-pki')
  const underlay: Unit = {
    name: UNDERLAY,
    after: [],
    prepare: async () => {
      await ovn.prepare()
      const ca = await ensureCa(caDirOf(instance.dataDir))
      const names = { commonName: 'compute', dns: ['compute'], ips: [instance.underlay.gateway] }
      await ensureCertificate(ca, computePki, names)
      for (const host of hosts) await host.prepare()
    },
  }
  const central = ovn.processes().map(
    (spec): Unit => ({
      name: spec.name,
      after: [UNDERLAY],
      prepare: () => ovn.prepare(),
      process: () => spec,
    }),
  )
  const machines = hosts.flatMap(host =>
    settings.hypervisor === 'libvirt'
      ? [hostUnit(host), agentUnit(host, agentListen)]
      : [simUnit(host, agentListen)],
  )
  return {
    units: [underlay, ...central, ...machines],
    hosts: new Map(hosts.map(host => [host.name, host])),
    extras: {
      compute: {
        after: [UNDERLAY],
        env: {
          CAELUM_AGENT_LISTEN: agentListen,
          CAELUM_AGENT_CA_FILE: join(computePki, 'ca.pem'),
          CAELUM_AGENT_CERT_FILE: join(computePki, 'cert.pem'),
          CAELUM_AGENT_KEY_FILE: join(computePki, 'key.pem'),
        },
      },
      network: { after: ['ovn-nb', 'ovn-sb'], env: { CAELUM_OVN_NB: ovn.nb, CAELUM_OVN_SB: ovn.sb } },
    },
  }
}

function hostUnit(host: LabHost): Unit {
  return {
    name: host.name,
    after: [UNDERLAY],
    prepare: () => host.prepare(),
    process: () => host.process(),
    cleanup: () => host.down(),
    outlives: true,
  }
}

/** services/compute-agent/src/main.ts */
const DISPLACED: NonNullable<Unit['displaced']> = {
  status: 3,
  why: 'a newer agent speaks for this host to compute; it runs somewhere else with the same certificate',
}

const AGENT = 'services/compute-agent/src/main.ts'

function agentSpec(
  host: LabHost,
  hypervisor: string,
  agentListen: string,
  env: Record<string, string>,
): ProcessSpec {
  return {
    name: `agent-${host.name}`,
    argv: nodeArgv(AGENT),
    env: {
      ...nodeEnv(),
      CAELUM_COMPUTE_AGENT_URL: `https://${agentListen}`,
      CAELUM_AGENT_CA_FILE: host.certificate.ca,
      CAELUM_AGENT_CERT_FILE: host.certificate.cert,
      CAELUM_AGENT_KEY_FILE: host.certificate.key,
      CAELUM_HOST_NAME: host.name,
      CAELUM_HOST_IP: host.ip,
      CAELUM_HYPERVISOR: hypervisor,
      CAELUM_DATA_DIR: host.agentDir,
      ...env,
    },
    // it has no listener; whether it does its work is what compute says of its host
    ready: async () => true,
  }
}

function agentUnit(host: LabHost, agentListen: string): Unit {
  const spec = agentSpec(host, 'libvirt', agentListen, {
    CAELUM_LIBVIRT_SOCKET: '/run/libvirt/libvirt-sock',
    CAELUM_OVSDB: 'unix:/run/openvswitch/db.sock',
  })
  return {
    name: spec.name,
    after: [host.name],
    process: () => host.processInside(spec),
    displaced: DISPLACED,
  }
}

function simUnit(host: LabHost, agentListen: string): Unit {
  const spec = agentSpec(host, 'sim', agentListen, {})
  const prepare = () => host.prepare()
  return { name: spec.name, after: [UNDERLAY], prepare, process: () => spec, displaced: DISPLACED }
}
