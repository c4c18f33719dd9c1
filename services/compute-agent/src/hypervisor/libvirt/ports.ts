/**
 * The guests' ports on Open vSwitch. libvirt adds and removes them with the guest, through ovs-vsctl; what remains for
 * us is to see that the bridge is there, and to sweep ports whose guest died without libvirt (a power failure).
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { DriverFault } from '../fault.ts'

const run = promisify(execFile)
const TIMEOUT_S = 5

const vsctl = async (db: string, ...args: string[]): Promise<string> => {
  const { stdout } = await run('ovs-vsctl', [`--db=${db}`, `--timeout=${TIMEOUT_S}`, '--no-wait', ...args])
  return stdout
}

export const ensureBridge = async (db: string, bridge: string): Promise<void> => {
  try {
    await vsctl(db, 'br-exists', bridge)
  } catch (error) {
    const words = (error as { stderr?: string }).stderr?.trim() || `no bridge ${bridge}`
    throw new DriverFault('bridge-missing', words, { cause: error })
  }
}

/** libvirt writes the domain's UUID into `external_ids:vm-id` of each interface. The guest is off. */
export const removePorts = async (db: string, id: string): Promise<void> => {
  const found = await vsctl(db, '--bare', '--columns=name', 'find', 'Interface', `external_ids:vm-id=${id}`)
  const ports = found.split(/\s+/).filter(name => name !== '')
  if (ports.length === 0) return
  await vsctl(db, ...ports.flatMap(port => ['--', '--if-exists', 'del-port', port]))
}
