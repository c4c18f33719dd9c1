import { writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { newId, silentLogger } from '@caelum/kernel'
import { Libvirt } from '@caelum/libvirt'
import { PrivateLibvirtd } from '@caelum/libvirt/testing'
import type { HypervisorDriver } from '../../src/hypervisor/driver.ts'
import { LibvirtDriver } from '../../src/hypervisor/libvirt/driver.ts'
import { domainName } from '../../src/hypervisor/libvirt/spec.ts'
import { writeTinyGuest } from './tiny-guest.ts'
import type { WalkPlan } from './walk.ts'
import type { World } from './world.ts'

export interface LibvirtWorld extends World {
  host: PrivateLibvirtd
  dataDir: string
  /** for virsh inside the host */
  uri: string
  restartAgent(keepalive?: { intervalMs: number; count: number }): Promise<HypervisorDriver>
}

export const makeLibvirtWorld = async (): Promise<LibvirtWorld> => {
  const host = await PrivateLibvirtd.start({ ovs: true })
  const { socketPath, ovsdb } = host
  const dataDir = join(host.dir, 'data')
  const images = join(host.dir, 'images')
  await mkdir(images)
  const obedient = await writeTinyGuest(join(images, 'obedient'), 'obedient')
  const other = await writeTinyGuest(join(images, 'deaf'), 'deaf')
  const newDriver = (keepalive = { intervalMs: 2_000, count: 3 }) =>
    new LibvirtDriver({ socketPath, ovsdb, dataDir, keepalive, acceleration: 'tcg', log: silentLogger })
  let driver = newDriver()

  const withLibvirt = async <T>(act: (libvirt: Libvirt) => Promise<T>): Promise<T> => {
    const libvirt = await Libvirt.connect({ socketPath, uri: 'qemu:///system' })
    try {
      return await act(libvirt)
    } finally {
      await libvirt.close()
    }
  }
  const restartAgent: LibvirtWorld['restartAgent'] = async keepalive => {
    await driver.close()
    driver = newDriver(keepalive)
    await driver.open(60_000)
    return driver
  }
  /** libvirt writes the pid of each guest's process, as it is inside the host's namespace */
  const killQemu = (guests: string) =>
    host.exec('sh', '-c', `for f in /run/libvirt/qemu/${guests}.pid; do kill -KILL $(cat $f); done`)

  return {
    host,
    dataDir,
    uri: `qemu+unix:///system?socket=${socketPath}`,
    restartAgent,
    obedient,
    other,
    deaf: async () => other,
    allObedient: async () => undefined,
    bootLine: /guest up/g,
    nics: [
      {
        port_id: '',
        network_id: newId(),
        mac: 'fa:16:3e:00:00:20',
        mtu: 1442,
        fixed_ips: [],
        metadata: null,
      },
    ],
    addForeign: () =>
      withLibvirt(async libvirt => {
        const id = newId()
        const xml = `<domain type="qemu"><name>caelum-stranger</name><uuid>${id}</uuid><memory unit="MiB">16</memory>
          <os><type arch="x86_64" machine="pc">hvm</type></os></domain>`
        await libvirt.create(await libvirt.define(xml))
        const isUntouched = () =>
          withLibvirt(async again => {
            const domain = await again.lookup(id)
            return domain.name === 'caelum-stranger' && (await again.state(domain)).state === 'running'
          })
        return { id, isUntouched }
      }),
    // the button is pressed; libvirt tells no difference to what the guest does by itself
    powerOff: id => withLibvirt(async libvirt => libvirt.shutdown(await libvirt.lookup(id))),
    killGuest: async id => {
      await killQemu(domainName(id))
    },
    hypervisorAway: () => host.signal('KILL', true),
    hypervisorBack: () => host.release(),
    rebootHost: async () => {
      await host.signal('KILL', true)
      await killQemu('caelum-*')
      await host.exec('sh', '-c', 'rm -rf /run/libvirt/qemu/*')
      await host.release()
    },
    walkCommand: vms => {
      const plan: WalkPlan = { kind: 'libvirt', vms, image: obedient, dataDir, socketPath, ovsdb }
      const path = join(host.dir, 'walk.json')
      writeFileSync(path, JSON.stringify(plan))
      return { command: process.execPath, args: [join(import.meta.dirname, 'walk.ts'), path] }
    },
    close: async () => {
      await driver.close()
      await host.stop()
    },
  }
}
