import { describe, expect, test } from 'vitest'
import { breachesOf, RULES, sourceOf, treeOf } from '../boundaries.ts'

const A = 'services/a/src/resources/x'

/** A file that breaks exactly one rule, and its lawful neighbour. */
const CASES: { rule: string; file: string; bad: string; good: string }[] = [
  {
    rule: 'a service imports packages, never another service',
    file: 'services/a/src/app.ts',
    bad: "import { thing } from '@caelum/b'",
    good: "import { thing } from '@caelum/http'",
  },
  {
    rule: 'a service imports packages, never another service',
    file: 'services/a/src/app.ts',
    bad: "export * from '../../b/src/index.ts'",
    good: "export * from './index.ts'",
  },
  {
    rule: 'a package imports no service, and another package only by its name',
    file: 'packages/p/src/index.ts',
    bad: "const b = await import('@caelum/b')",
    good: "const b = await import('@caelum/kernel')",
  },
  {
    rule: 'a package imports no service, and another package only by its name',
    file: 'packages/p/src/index.ts',
    bad: "import type { X } from '../../q/src/x.ts'",
    good: "import type { X } from '@caelum/q'",
  },
  {
    rule: 'a resource uses no store, routes or reconciler of another resource',
    file: `${A}/service.ts`,
    bad: "import { yStore } from '../y/store.ts'",
    good: "import type { Y } from '../y/store.ts'\nimport { yService } from '../y/service.ts'",
  },
  {
    rule: 'a resource uses no store, routes or reconciler of another resource',
    file: `${A}/service.ts`,
    bad: "import { reconcileY } from '../y/reconcile.ts'",
    good: "import { reconcileX } from './reconcile.ts'",
  },
  {
    rule: 'a resource uses no store, routes or reconciler of another resource',
    file: `${A}/store.ts`,
    bad: "import { yRoutes } from '../y/routes.ts'",
    good: "import { lockY } from '../y/store.ts'",
  },
  {
    rule: 'in a service only stores know the database',
    file: `${A}/service.ts`,
    bad: "import type { PrismaClient } from '../../generated/client.ts'",
    good: "import type { Tx } from './store.ts'",
  },
  {
    rule: 'in a service only stores know the database',
    file: 'services/a/src/upkeep.ts',
    bad: "import pg from 'pg'",
    good: "import { listen } from '@caelum/db'",
  },
  {
    rule: 'only config.ts reads the environment',
    file: 'services/a/src/main.ts',
    bad: "const level = process.env['LOG_LEVEL']",
    good: 'const pid = process.pid',
  },
  {
    rule: 'only config.ts reads the environment',
    file: 'packages/p/src/index.ts',
    bad: "import { env } from 'node:process'",
    good: "import { pid } from 'node:process'",
  },
  {
    rule: 'state.ts decides and does nothing else',
    file: `${A}/state.ts`,
    bad: "import { readFile } from 'node:fs/promises'",
    good: "import { createHash } from 'node:crypto'",
  },
  {
    rule: 'state.ts decides and does nothing else',
    file: `${A}/state.ts`,
    bad: "import { xStore } from './store.ts'",
    good: "import type { X } from './store.ts'",
  },
  {
    rule: 'state.ts decides and does nothing else',
    file: `${A}/state.ts`,
    bad: "import { helper } from './reach.ts'",
    good: "import { helper } from './words.ts'",
  },
  {
    rule: 'a statement names the columns it answers with',
    file: `${A}/store.ts`,
    bad: 'const sql = `select s.*, v.id from servers s join vms v using (id)`',
    good: 'const sql = `with s as (select * from servers) select id from s`',
  },
]

const others = {
  'services/b/src/index.ts': '',
  'services/a/src/config.ts': 'export const config = process.env',
  'services/a/src/deps.ts': "import { PrismaClient } from './generated/client.ts'",
  [`${A}/store.ts`]: "import type { PrismaClient } from '../../generated/client.ts'",
  [`${A}/reach.ts`]: "import { request } from 'undici'",
  [`${A}/words.ts`]: 'export const words = []',
}

test('the neighbours alone break nothing', () => {
  expect(breachesOf(treeOf(others))).toEqual([])
})

describe.each(CASES)('$rule', ({ rule, file, bad, good }) => {
  test(`is broken in ${file} by ${bad}`, () => {
    const found = breachesOf(treeOf({ ...others, [file]: `// one line above\n${bad}\n` }))
    expect(found.map(breach => [breach.rule, breach.where])).toEqual([[rule, `${file}:2`]])
  })
  test(`is kept by ${good}`, () => {
    expect(breachesOf(treeOf({ ...others, [file]: `${good}\n` }))).toEqual([])
  })
})

test('every rule is tried', () => {
  expect(new Set(CASES.map(c => c.rule))).toEqual(new Set(RULES.map(rule => rule.name)))
})

test('imports are found however they are written', () => {
  const source = sourceOf(
    'services/a/src/x.ts',
    [
      "import './side.ts'",
      'import {',
      '  one,',
      '  type Two,',
      "} from '../three.ts'",
      "import type { Four } from 'four/five'",
      "export type { Six } from './six.ts'",
      "const text = 'no import from here'",
      "const seven = import('./seven.ts')",
      '// a comment: import it from somewhere',
    ].join('\n'),
  )
  expect(source.imports).toEqual([
    { specifier: './side.ts', target: 'services/a/src/side.ts', typeOnly: false, line: 1 },
    { specifier: '../three.ts', target: 'services/a/three.ts', typeOnly: false, line: 5 },
    { specifier: 'four/five', target: 'four/five', typeOnly: true, line: 6 },
    { specifier: './six.ts', target: 'services/a/src/six.ts', typeOnly: true, line: 7 },
    { specifier: './seven.ts', target: 'services/a/src/seven.ts', typeOnly: false, line: 9 },
  ])
})
