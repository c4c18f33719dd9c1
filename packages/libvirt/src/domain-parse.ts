/**
 * Reads domain XML back. Strangers' definitions pass through here too (libvirt lists them all), so what is not ours
 * is answered with null, never with an exception; only text that is no XML at all throws.
 */
import { XMLParser } from 'fast-xml-parser'
import { type DomainMark, type DomainSpec, MARK_NAMESPACE, type NicSpec } from './domain-spec.ts'

interface Element {
  readonly [name: string]: unknown
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  htmlEntities: true,
})

const isElement = (value: unknown): value is Element => typeof value === 'object' && value !== null
const children = (parent: Element | null, name: string): Element[] => {
  const value = parent?.[name]
  const list = Array.isArray(value) ? value : [value]
  return list.map(entry => (typeof entry === 'string' ? { '#text': entry } : entry)).filter(isElement)
}
const child = (parent: Element | null, ...path: string[]): Element | null =>
  path.reduce((at: Element | null, name) => children(at, name)[0] ?? null, parent)
const attribute = (element: Element | null, name: string): string | null => {
  const value = element?.[`@${name}`]
  return typeof value === 'string' ? value : null
}
const text = (element: Element | null): string | null => {
  const value = element?.['#text']
  return typeof value === 'string' ? value : null
}
const whole = (digits: string | null): number | null =>
  digits !== null && /^\d{1,15}$/.test(digits) ? Number(digits) : null

const readMark = (element: Element): DomainMark | null => {
  const server = attribute(element, 'server')
  const generation = whole(attribute(element, 'generation'))
  if (server === null || generation === null) return null
  return {
    server,
    generation,
    reboots_soft: whole(attribute(element, 'reboots-soft')) ?? 0,
    reboots_hard: whole(attribute(element, 'reboots-hard')) ?? 0,
  }
}

/** Prefixes are free: the mark is the element `vm` whose prefix is bound to our namespace. */
const markIn = (metadata: Element | null): DomainMark | null => {
  for (const [tag, value] of Object.entries(metadata ?? {})) {
    const [prefix, local] = tag.split(':')
    if (local !== 'vm' || !isElement(value)) continue
    if (attribute(value, `xmlns:${prefix}`) === MARK_NAMESPACE) return readMark(value)
  }
  return null
}

/** Of the element that `Libvirt.metadata` returns: libvirt chose it by namespace, and hands it out without any. */
export const parseMark = (xml: string): DomainMark | null => {
  const element = child(parser.parse(xml) as Element, 'vm')
  return element && readMark(element)
}

const UNIT_BYTES: Record<string, number> = {
  b: 1,
  bytes: 1,
  KiB: 2 ** 10,
  k: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
}

const memoryMb = (element: Element | null): number | null => {
  const amount = whole(text(element))
  const unit = UNIT_BYTES[attribute(element, 'unit') ?? 'KiB']
  return amount === null || unit === undefined ? null : (amount * unit) / 2 ** 20
}

const parseNic = (element: Element): NicSpec | null => {
  const nic = {
    mac: attribute(child(element, 'mac'), 'address'),
    bridge: attribute(child(element, 'source'), 'bridge'),
    port_id: attribute(child(element, 'virtualport', 'parameters'), 'interfaceid'),
    tap: attribute(child(element, 'target'), 'dev'),
    mtu: whole(attribute(child(element, 'mtu'), 'size')),
  }
  return complete(nic)
}

type Complete<T> = { [K in keyof T]: NonNullable<T[K]> }
const complete = <T extends object>(fields: T): Complete<T> | null =>
  Object.values(fields).every(value => value !== null) ? (fields as Complete<T>) : null

const ACCELERATION = new Map<string | null, DomainSpec['acceleration']>([
  ['kvm', 'kvm'],
  ['qemu', 'tcg'],
])
const FORMATS = ['qcow2', 'raw'] as const

/** The spec of a domain of ours; null for anybody else's, and for one that we would not have written. */
export const parseDomain = (xml: string): DomainSpec | null => {
  const domain = child(parser.parse(xml) as Element, 'domain')
  const devices = child(domain, 'devices')
  const disk = child(devices, 'disk')
  const diskPath = attribute(child(disk, 'source'), 'file')
  const diskFormat = FORMATS.find(format => format === attribute(child(disk, 'driver'), 'type'))
  const nics = children(devices, 'interface').map(parseNic)
  return complete({
    uuid: text(child(domain, 'uuid')),
    name: text(child(domain, 'name')),
    mark: markIn(child(domain, 'metadata')),
    acceleration: ACCELERATION.get(attribute(domain, 'type')) ?? null,
    machine: attribute(child(domain, 'os', 'type'), 'machine'),
    vcpus: whole(text(child(domain, 'vcpu'))),
    memory_mb: memoryMb(child(domain, 'memory')),
    disk: diskPath !== null && diskFormat ? { path: diskPath, format: diskFormat } : null,
    nics: nics.every(nic => nic !== null) ? (nics as NicSpec[]) : null,
    console_path: attribute(child(devices, 'serial', 'source'), 'path'),
  })
}
