import { describe, expect, it, test } from 'vitest'
import {
  contains,
  formatAddress,
  formatCidr,
  overlaps,
  parseAddress,
  parseCidr,
} from '../../src/address/ip.ts'
import { derivedMac, parseMac, randomMac } from '../../src/address/mac.ts'
import { checkPools, defaultPools, searchOrder } from '../../src/address/pool.ts'

describe('an address', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:0:2:3:4:5:6:7', '1:0:2:3:4:5:6:7'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['fe80:0:0:1::', 'fe80:0:0:1::'],
  ])('%s is written %s', (text, canonical) => {
    const address = parseAddress(text)!
    expect(formatAddress(address)).toBe(canonical)
    expect(parseAddress(canonical)).toEqual(address)
  })
  test.each(['', '10.0.0', '10.0.0.256', '01.0.0.1', 'fe80::1%eth0', '1::2::3', ':::', '10.0.0.1/8', 'x'])(
    '%j is none',
    text => {
      expect(parseAddress(text)).toBeNull()
    },
  )
  it('survives a round trip, whatever its value', () => {
    for (let i = 0n; i < 128n; i++)
      for (const value of [
        1n << i,
        (1n << i) - 1n,
        ((1n << 128n) - 1n) ^ (1n << i),
        (0xffffn << i) % (1n << 128n),
      ])
        expect(parseAddress(formatAddress({ version: 6, value }))).toEqual({ version: 6, value })
  })
})

describe('a cidr', () => {
  test.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['10.1.2.3/32', '10.1.2.3/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:db8:ffff::1/33', '2001:db8:8000::/33'],
  ])('%s is %s', (text, canonical) => expect(formatCidr(parseCidr(text)!)).toBe(canonical))
  test.each(['10.0.0.0', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', '::/129', '/8', '10.0.0.0/'])(
    '%j is none',
    text => {
      expect(parseCidr(text)).toBeNull()
    },
  )
  test.each([
    ['10.0.0.0/8', '10.255.0.0/16', true],
    ['10.0.0.0/9', '10.128.0.0/9', false],
    ['0.0.0.0/0', '::/0', false],
  ])('%s and %s overlap: %s', (a, b, expected) => {
    expect(overlaps(parseCidr(a)!, parseCidr(b)!)).toBe(expected)
    expect(overlaps(parseCidr(b)!, parseCidr(a)!)).toBe(expected)
  })
  it('contains its own addresses', () => {
    expect(contains(parseCidr('10.0.0.0/24')!, parseAddress('10.0.0.255')!)).toBe(true)
    expect(contains(parseCidr('10.0.0.0/24')!, parseAddress('10.0.1.0')!)).toBe(false)
    expect(contains(parseCidr('10.0.0.0/24')!, parseAddress('::a00:1')!)).toBe(false)
  })
})

describe('pools', () => {
  const cidr = parseCidr('10.0.0.0/29')!
  test.each([
    ['10.0.0.1', ['10.0.0.2-10.0.0.6']],
    ['10.0.0.6', ['10.0.0.1-10.0.0.5']],
    ['10.0.0.3', ['10.0.0.1-10.0.0.2', '10.0.0.4-10.0.0.6']],
    [null, ['10.0.0.1-10.0.0.6']],
    ['192.0.2.1', ['10.0.0.1-10.0.0.6']],
  ])('with gateway %s', (gateway, expected) => {
    const pools = defaultPools(cidr, gateway)
    expect(pools.map(pool => `${pool.start}-${pool.end}`)).toEqual(expected)
    expect(checkPools(cidr, pools, gateway)).toEqual(pools)
  })

  it('are searched from the cursor on, every address once', () => {
    const pools = [
      { start: '0.0.0.2', end: '0.0.0.4' },
      { start: '0.0.0.7', end: '0.0.0.8' },
    ]
    for (let cursor = 0n; cursor <= 10n; cursor++) {
      const order = searchOrder(pools, cursor).flatMap(({ first, last }) =>
        Array.from({ length: Number(last - first) + 1 }, (_, i) => Number(first) + i),
      )
      const all = [2, 3, 4, 7, 8]
      expect(order).toEqual([...all.filter(n => n >= cursor), ...all.filter(n => n < cursor)])
    }
  })
})

describe('a MAC address', () => {
  it('is made with our prefix', () => {
    for (let i = 0; i < 50; i++) expect(parseMac(randomMac())).toMatch(/^fa:16:3e(:[0-9a-f]{2}){3}$/)
    expect(derivedMac('x')).toBe(derivedMac('x'))
    expect(derivedMac('x')).not.toBe(derivedMac('y'))
  })
})
