import type { WantedNic } from '@caelum/agent-protocol'
import type { VmSpec } from '../vm/store.ts'
import type { ServerRow } from './row.ts'

/** What a host needs to know of a server to run it, made from the row alone and the wiring of its ports. */
export const specOf = (server: ServerRow, nics: WantedNic[], zone: string): VmSpec => ({
  disk: {
    image: server.image_id && server.image ? { id: server.image_id, ...server.image } : null,
    size_gb: server.flavor.disk_gb,
  },
  nics,
  metadata: {
    name: server.name,
    hostname: server.hostname,
    project_id: server.project_id,
    availability_zone: zone,
    launch_index: server.launch_index,
    meta: server.metadata,
    keys: server.key ? [server.key] : [],
    user_data: server.user_data,
  },
})
