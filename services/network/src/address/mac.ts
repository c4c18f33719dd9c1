import { createHash, randomBytes } from 'node:crypto'

/** Neutron's default `base_mac`: the prefix of every address made here (neutron/conf/common.py). */
const BASE = 'fa:16:3e'

const format = (bytes: Buffer): string => `${BASE}:${bytes.toString('hex').replace(/..(?!$)/g, '$&:')}`

export const randomMac = (): string => format(randomBytes(3))

/** The same address for the same name, for what OVN itself answers with (its DHCP server). */
export const derivedMac = (name: string): string =>
  format(createHash('sha256').update(name).digest().subarray(0, 3))

/** Lower case with colons, or null: neither multicast nor all zeros may be a port's address. */
export const parseMac = (text: string): string | null => {
  const mac = text.toLowerCase().replaceAll('-', ':')
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac) || mac === '00:00:00:00:00:00') return null
  return Number.parseInt(mac.slice(0, 2), 16) & 1 ? null : mac
}
