import type { WantedNic, WantedVm } from '@caelum/agent-protocol'
import { newId } from '@caelum/kernel'

let revision = 0

export const wantedNic = (over: Partial<WantedNic> = {}): WantedNic => ({
  port_id: newId(),
  network_id: newId(),
  mac: 'fa:16:3e:00:00:01',
  mtu: 1442,
  fixed_ips: [{ address: '10.0.0.5', prefix_length: 24 }],
  metadata: null,
  ...over,
})

export const wantedVm = (over: Partial<WantedVm> = {}): WantedVm => ({
  id: newId(),
  server_id: newId(),
  generation: 1,
  revision: ++revision,
  power: 'running',
  reboots_soft: 0,
  reboots_hard: 0,
  vcpus: 1,
  ram_mb: 128,
  disk: { image: null, size_gb: 1 },
  nics: [],
  metadata: {
    name: 'web',
    hostname: 'web',
    project_id: '0f0e0d0c0b0a09080706050403020100',
    availability_zone: 'nova',
    launch_index: 0,
    meta: {},
    keys: [],
    user_data: null,
  },
  request_id: 'req-1',
  ...over,
})
