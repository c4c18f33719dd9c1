import type { Logger } from '@caelum/kernel'
import type { Config } from './config.ts'
import type { HypervisorDriver } from './hypervisor/driver.ts'
import { LibvirtDriver } from './hypervisor/libvirt/driver.ts'
import { SimDriver } from './hypervisor/sim/driver.ts'
import type { Directory } from './metadata/directory.ts'
import { MetadataServer } from './metadata/server.ts'
import { type HostNetwork, noNetwork } from './network/host-network.ts'
import { OvnNetwork } from './network/ovn-network.ts'

export interface Host {
  driver: HypervisorDriver
  network: HostNetwork
}

/** The drivers of this host. A simulated one needs no privileges: it has neither guests nor networks. */
export function createHost(config: Config, directory: Directory, log: Logger): Host {
  const dataDir = config.CAELUM_DATA_DIR
  if (config.CAELUM_HYPERVISOR === 'sim')
    return { driver: new SimDriver({ dataDir, log }), network: noNetwork }
  const ovsdb = config.CAELUM_OVSDB
  const metadata = new MetadataServer(directory, log)
  return {
    driver: new LibvirtDriver({ socketPath: config.CAELUM_LIBVIRT_SOCKET, dataDir, ovsdb, log }),
    network: new OvnNetwork({ ovsdb, log, onConnection: (socket, id) => metadata.serve(socket, id) }),
  }
}
