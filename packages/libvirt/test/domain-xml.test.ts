import { describe, expect, it } from 'vitest'
import { parseDomain, parseMark } from '../src/domain-parse.ts'
import { renderDomain, renderMark } from '../src/domain-render.ts'
import type { DomainSpec, NicSpec } from '../src/domain-spec.ts'

/** mulberry32: the same specs in every run */
const randomFrom = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const NASTY = [
  '&',
  '<',
  '>',
  '"',
  "'",
  ' ',
  '\t',
  '\n',
  '\r',
  ']]>',
  '&amp;',
  '&#10;',
  '%',
  'ä',
  '😀',
  '/',
  'a',
  'Z',
  '0',
]

const anySpec = (seed: number): DomainSpec => {
  const random = randomFrom(seed)
  const word = () => `a${Array.from({ length: random(12) }, () => NASTY[random(NASTY.length)]).join('')}z`
  const nic = (): NicSpec => ({
    mac: word(),
    bridge: word(),
    port_id: word(),
    tap: word(),
    mtu: random(9000),
  })
  return {
    uuid: word(),
    name: word(),
    mark: {
      server: word(),
      generation: random(2 ** 31),
      reboots_soft: random(100),
      reboots_hard: random(100),
    },
    acceleration: random(2) ? 'kvm' : 'tcg',
    machine: word(),
    vcpus: 1 + random(64),
    memory_mb: 1 + random(2 ** 20),
    disk: { path: `/${word()}`, format: random(2) ? 'qcow2' : 'raw' },
    nics: Array.from({ length: random(4) }, nic),
    console_path: `/${word()}`,
  }
}

/** as seen from `virDomainGetMetadata`: neither prefix nor binding */
const asLibvirtReturnsIt = (spec: DomainSpec): string =>
  renderMark(spec.mark)
    .replace('caelum:', '')
    .replace(/ xmlns:caelum="[^"]*"/, '')

describe('domain XML', () => {
  it('parses back to the spec it was rendered from, whatever the strings hold', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const spec = anySpec(seed)
      expect(parseDomain(renderDomain(spec)), `seed ${seed}`).toEqual(spec)
      expect(parseMark(asLibvirtReturnsIt(spec)), `seed ${seed}`).toEqual(spec.mark)
    }
  })

  it.each([
    ['no mark', (xml: string) => xml.replace(/<caelum:vm[^>]*>/, '')],
    [
      'a mark in another namespace',
      (xml: string) => xml.replace('https://caelum.example/ns/1', 'https://other'),
    ],
    ['a mark without a generation', (xml: string) => xml.replace(/ generation="\d+"/, '')],
    ['a generation that is no number', (xml: string) => xml.replace(/generation="\d+"/, 'generation="1e3"')],
    ['no disk', (xml: string) => xml.replace(/<disk[\s\S]*<\/disk>/, '')],
    ['no console', (xml: string) => xml.replace(/<serial[\s\S]*<\/serial>/, '')],
    ['no devices', (xml: string) => xml.replace(/<devices>[\s\S]*<\/devices>/, '')],
    ['another root', () => '<network><name>default</name></network>'],
  ])('with %s is not ours', (_what, edit) => {
    const xml = renderDomain(anySpec(4))
    expect(edit(xml)).not.toBe(xml)
    expect(parseDomain(edit(xml))).toBeNull()
  })

  it('finds the mark under any prefix', () => {
    const xml = renderDomain(anySpec(4))
    expect(parseDomain(xml.replace('caelum:vm', 'x:vm').replace('xmlns:caelum', 'xmlns:x'))).toEqual(
      anySpec(4),
    )
  })

  it('refuses a mark element without a generation', () => {
    expect(parseMark('<vm server="s"/>')).toBeNull()
  })

  it('reads memory in every unit libvirt writes', () => {
    const xml = renderDomain({ ...anySpec(4), memory_mb: 2048 })
    const as = (element: string) => parseDomain(xml.replace(/<memory.*<\/memory>/, element))?.memory_mb
    expect(as('<memory unit="KiB">2097152</memory>')).toBe(2048)
    expect(as('<memory>2097152</memory>')).toBe(2048)
    expect(as('<memory unit="GiB">2</memory>')).toBe(2048)
  })
})
