import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../src/command.ts'
import type { LabHost } from '../src/lab-host.ts'

export type TestGuest = {
  host: LabHost
  name: string
  portId: string
  mac: string
  image: string
  script: string
}

/** Boots a guest on a host through libvirt, with its script as user data on a config drive. */
export async function bootGuest(guest: TestGuest): Promise<{ console(): Promise<string> }> {
  const dir = join(guest.host.agentDir, guest.name)
  const [disk, drive, consoleLog] = [
    join(dir, 'disk.qcow2'),
    join(dir, 'config.img'),
    join(dir, 'console.log'),
  ]
  await mkdir(join(dir, 'openstack/latest'), { recursive: true })
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', guest.image, '-F', 'qcow2', disk, '1G'])
  const metadata = {
    uuid: guest.portId,
    hostname: guest.name,
    public_keys: { test: 'ssh-ed25519 AAAA test\n' },
  }
  await writeFile(join(dir, 'openstack/latest/meta_data.json'), JSON.stringify(metadata))
  await writeFile(join(dir, 'openstack/latest/user_data'), guest.script)
  await run(['truncate', '-s', '2M', drive])
  await run(['mkfs.fat', '-n', 'CONFIG-2', drive])
  await run(['mcopy', '-s', '-i', drive, join(dir, 'openstack'), '::'])
  await writeFile(join(dir, 'domain.xml'), domain(guest, disk, drive, consoleLog))
  await guest.host.exec(['virsh', '-q', 'create', join(dir, 'domain.xml')])
  return { console: () => readFile(consoleLog, 'utf8').catch(() => '') }
}

const OFFLOADS_OFF = `<driver name='qemu'><host csum='off' gso='off' tso4='off' tso6='off' ecn='off' ufo='off'/>
  <guest csum='off' tso4='off' tso6='off' ecn='off' ufo='off'/></driver>`

function domain(guest: TestGuest, disk: string, drive: string, consoleLog: string): string {
  return `<domain type='qemu'><name>${guest.name}</name><memory unit='MiB'>128</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
<devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${drive}'/><target dev='vdb' bus='virtio'/></disk>
<interface type='bridge'><mac address='${guest.mac}'/><source bridge='br-int'/>
<virtualport type='openvswitch'><parameters interfaceid='${guest.portId}'/></virtualport>
<model type='virtio'/>${OFFLOADS_OFF}</interface>
<serial type='file'><source path='${consoleLog}'/></serial>
<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>
</devices></domain>`
}
