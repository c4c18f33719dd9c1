import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export type HostIdentity = { instanceId: string; name: string; index: number; ip: string; prefix: string }

/**
 * Writes what is constant about a host into its folder: identity and configuration. Same input, same files; what
 * libvirt keeps beside them (definitions of domains, state) is left alone. The certificate comes from `pki.ts`.
 */
export async function writeHostFiles(dir: string, host: HostIdentity): Promise<void> {
  for (const part of ['etc/libvirt/qemu', 'etc/pki', 'var', 'log', 'agent']) {
    await mkdir(join(dir, part), { recursive: true, mode: 0o700 })
  }
  const files: Record<string, string> = {
    hostname: `${host.name}\n`,
    hosts: `127.0.0.1 localhost\n${host.prefix}.254 control\n${host.ip} ${host.name}\n`,
    'machine-id': `${fingerprint(host, 'machine-id')}\n`,
    'libvirt/libvirtd.conf': settings({
      host_uuid: uuid(fingerprint(host, 'host-uuid')),
      unix_sock_group: 'root',
      unix_sock_rw_perms: '0700',
      auth_unix_ro: 'none',
      auth_unix_rw: 'none',
      log_outputs: '3:stderr',
    }),
    'libvirt/virtlogd.conf': settings({ log_outputs: '3:stderr' }),
    'libvirt/qemu.conf': settings({
      user: 'root',
      group: 'root',
      // The host is the sandbox: none of these work, or are needed, inside its namespaces.
      dynamic_ownership: 0,
      remember_owner: 0,
      security_driver: 'none',
      seccomp_sandbox: 0,
      namespaces: [],
      vnc_listen: host.ip,
      migration_address: host.ip,
      migration_host: host.ip,
    }),
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, 'etc', name), text)
}

/** A locally administered MAC address: stable, and different for every host of every instance. */
export function underlayMac(instanceId: string, index: number): string {
  const bytes = [0x02, ...Buffer.from(instanceId, 'hex'), index >> 8, index & 255]
  return bytes.map(byte => byte.toString(16).padStart(2, '0')).join(':')
}

function fingerprint(host: HostIdentity, purpose: string): string {
  const text = `${host.instanceId}/${host.name} ${purpose}`
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

function uuid(hex: string): string {
  const bytes = Buffer.from(hex, 'hex')
  bytes[6] = (bytes[6]! & 0x0f) | 0x80 // version 8: our own derivation (RFC 9562)
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function settings(values: Record<string, string | number | string[]>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
    .join('')
}
