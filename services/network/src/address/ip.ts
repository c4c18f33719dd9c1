/** Addresses as numbers, so that pools, gaps and overlaps are plain arithmetic for IPv4 and IPv6 alike. */
import { isIPv4, isIPv6 } from 'node:net'

export type IpVersion = 4 | 6

export interface Address {
  readonly version: IpVersion
  readonly value: bigint
}

export interface Cidr {
  readonly version: IpVersion
  readonly prefix: number
  /** lowest and highest address, both included */
  readonly first: bigint
  readonly last: bigint
}

export const BITS = { 4: 32, 6: 128 } as const

/** Null unless `text` is one address in standard form; zone ids (`fe80::1%eth0`) are no addresses of a network. */
export const parseAddress = (text: string): Address | null => {
  if (isIPv4(text)) return { version: 4, value: joinParts(text.split('.').map(Number), 8n) }
  if (!isIPv6(text) || text.includes('%')) return null
  return { version: 6, value: joinParts(wordsOf(text), 16n) }
}

const joinParts = (parts: number[], bits: bigint): bigint =>
  parts.reduce((value, part) => (value << bits) | BigInt(part), 0n)

const wordsOf = (text: string): number[] => {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)
  const plain = dotted
    ? `${dotted[1]}${hexPair(dotted[2]!, dotted[3]!)}:${hexPair(dotted[4]!, dotted[5]!)}`
    : text
  const [head = '', tail] = plain.split('::')
  const words = (part: string) => (part ? part.split(':').map(word => Number.parseInt(word, 16)) : [])
  if (tail === undefined) return words(head)
  const zeros = Array(8 - words(head).length - words(tail).length).fill(0)
  return [...words(head), ...zeros, ...words(tail)]
}

const hexPair = (high: string, low: string) => (Number(high) * 256 + Number(low)).toString(16)

/** The canonical text; for IPv6 that of RFC 5952. */
export const formatAddress = ({ version, value }: Address): string => {
  if (version === 4) return [24n, 16n, 8n, 0n].map(shift => (value >> shift) & 0xffn).join('.')
  const words = Array.from({ length: 8 }, (_, i) => (value >> BigInt(112 - 16 * i)) & 0xffffn)
  const runs = words.map((_, i) => {
    const end = words.findIndex((word, j) => j >= i && word !== 0n)
    return (end < 0 ? 8 : end) - i
  })
  const longest = Math.max(...runs)
  const hex = (part: bigint[]) => part.map(word => word.toString(16)).join(':')
  if (longest < 2) return hex(words)
  const at = runs.indexOf(longest)
  return `${hex(words.slice(0, at))}::${hex(words.slice(at + longest))}`
}

/** Null unless `text` is `address/prefix`. Host bits are cut off: `10.0.0.7/24` is `10.0.0.0/24`. */
export const parseCidr = (text: string): Cidr | null => {
  const [host = '', length = '', more] = text.split('/')
  const address = parseAddress(host)
  if (!address || more !== undefined || !/^\d{1,3}$/.test(length)) return null
  const bits = BITS[address.version]
  const prefix = Number(length)
  if (prefix > bits) return null
  const size = 1n << BigInt(bits - prefix)
  const first = address.value - (address.value % size)
  return { version: address.version, prefix, first, last: first + size - 1n }
}

export const formatCidr = ({ version, prefix, first }: Cidr): string =>
  `${formatAddress({ version, value: first })}/${prefix}`

export const contains = (cidr: Cidr, address: Address): boolean =>
  cidr.version === address.version && cidr.first <= address.value && address.value <= cidr.last

export const overlaps = (a: Cidr, b: Cidr): boolean =>
  a.version === b.version && a.first <= b.last && b.first <= a.last

/** One spelling per address, for comparisons and unique indexes; throws for text that is none. */
export const canonicalAddress = (text: string): string => {
  const address = parseAddress(text)
  if (!address) throw new TypeError(`"${text}" is no IP address`)
  return formatAddress(address)
}
