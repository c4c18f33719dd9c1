import { expect, it } from 'vitest'
import { parseTargets } from '../src/index.ts'

it('reads the spellings of Open vSwitch', () => {
  expect(parseTargets('unix:/run/a.sock')).toEqual([{ kind: 'unix', path: '/run/a.sock' }])
  expect(parseTargets('tcp:10.0.0.1:6641, ssl:[fe80::1]:6642')).toEqual([
    { kind: 'tcp', host: '10.0.0.1', port: 6641 },
    { kind: 'ssl', host: 'fe80::1', port: 6642 },
  ])
})

it.each(['', 'unix:', 'tcp:host', 'tcp:host:0', 'tcp:host:70000', 'http:host:1', 'tcp:a:1,'])(
  'refuses "%s"',
  text => {
    expect(() => parseTargets(text)).toThrow(/no OVSDB target/)
  },
)
