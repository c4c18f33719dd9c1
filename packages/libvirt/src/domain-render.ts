import { type DomainMark, type DomainSpec, MARK_NAMESPACE, type NicSpec } from './domain-spec.ts'

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
}
const esc = (text: string): string => text.replace(/[&<>"'\n\r\t]/g, character => ENTITIES[character] ?? '')

/** The mark as it stands in `<metadata>`. */
export const renderMark = (mark: DomainMark): string =>
  `<caelum:vm xmlns:caelum="${MARK_NAMESPACE}" generation="${mark.generation}" server="${esc(mark.server)}"` +
  ` reboots-soft="${mark.reboots_soft}" reboots-hard="${mark.reboots_hard}"/>`

/**
 * Checksum and segmentation offloads are off on both sides: Open vSwitch's userspace datapath forwards what virtio
 * leaves unfinished, and TCP then stalls.
 */
const renderNic = (nic: NicSpec): string => `
    <interface type="bridge">
      <mac address="${esc(nic.mac)}"/>
      <source bridge="${esc(nic.bridge)}"/>
      <virtualport type="openvswitch"><parameters interfaceid="${esc(nic.port_id)}"/></virtualport>
      <target dev="${esc(nic.tap)}"/>
      <model type="virtio"/>
      <driver name="qemu">
        <host csum="off" gso="off" tso4="off" tso6="off" ecn="off" ufo="off" mrg_rxbuf="on"/>
        <guest csum="off" tso4="off" tso6="off" ecn="off" ufo="off"/>
      </driver>
      <mtu size="${nic.mtu}"/>
    </interface>`

/** libvirt's domain XML (https://libvirt.org/formatdomain.html). */
export const renderDomain = (spec: DomainSpec): string => `\
<domain type="${spec.acceleration === 'kvm' ? 'kvm' : 'qemu'}">
  <name>${esc(spec.name)}</name>
  <uuid>${esc(spec.uuid)}</uuid>
  <metadata>${renderMark(spec.mark)}</metadata>
  <memory unit="MiB">${spec.memory_mb}</memory>
  <vcpu>${spec.vcpus}</vcpu>
  <os><type arch="x86_64" machine="${esc(spec.machine)}">hvm</type><boot dev="hd"/></os>
  <features><acpi/><apic/></features>${spec.acceleration === 'kvm' ? '\n  <cpu mode="host-model"/>' : ''}
  <clock offset="utc"/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type="file" device="disk">
      <driver name="qemu" type="${spec.disk.format}" discard="unmap"/>
      <source file="${esc(spec.disk.path)}"/>
      <target dev="vda" bus="virtio"/>
    </disk>${spec.nics.map(renderNic).join('')}
    <serial type="file"><source path="${esc(spec.console_path)}" append="on"/><target port="0"/></serial>
    <controller type="usb" model="none"/>
    <memballoon model="virtio"/>
    <rng model="virtio"><backend model="random">/dev/urandom</backend></rng>
  </devices>
</domain>`
