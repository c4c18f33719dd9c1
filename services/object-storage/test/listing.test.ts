import { persona } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rollUp, successor } from '../src/listing/roll-up.ts'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
const user = persona('member')
const NAMES = ['a', 'a/1', 'a/2', 'a/b/', 'a/b/3', 'b', 'b/', 'b/4', 'c-5', 'z', 'Ä', '漢', '\u{1f600}']
beforeAll(async () => {
  api = await testApp()
  await api.call(user, 'PUT', '/box')
  for (const name of NAMES) await api.put(user, `/box/${encodeURIComponent(name)}`, name)
  for (const name of ['Upper', 'lower', 'lower-2']) await api.call(user, 'PUT', `/${name}`)
})
afterAll(() => api.close())

const byBytes = (names: string[]) => [...names].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)))
const SORTED = byBytes(NAMES)
const list = async (query: string, path = '/box') => (await api.call(user, 'GET', `${path}?${query}`)).lines

describe('lines', () => {
  test.each([
    ['', SORTED],
    ['limit=3', ['a', 'a/1', 'a/2']],
    ['limit=0', []],
    ['limit=nonsense', SORTED],
    ['marker=a/2&limit=2', ['a/b/', 'a/b/3']],
    ['end_marker=a/b/', ['a', 'a/1', 'a/2']],
    ['marker=a&end_marker=a/b/', ['a/1', 'a/2']],
    ['marker=zzzz', ['Ä', '漢', '\u{1f600}']],
    ['prefix=a/', ['a/1', 'a/2', 'a/b/', 'a/b/3']],
    [`prefix=${encodeURIComponent('漢')}`, ['漢']],
    ['prefix=a/&marker=a/1&limit=1', ['a/2']],
    ['prefix=b&marker=a', ['b', 'b/', 'b/4']],
    ['prefix=nothing', []],
    ['prefix=%25', []],
    ['delimiter=/', ['a', 'a/', 'b', 'b/', 'c-5', 'z', 'Ä', '漢', '\u{1f600}']],
    ['delimiter=/&limit=2', ['a', 'a/']],
    ['delimiter=/&marker=a/&limit=2', ['b', 'b/']],
    ['delimiter=/&prefix=a/', ['a/1', 'a/2', 'a/b/']],
    ['delimiter=-', SORTED.map(name => (name === 'c-5' ? 'c-' : name))],
    ['delimiter=/b/', ['a', 'a/1', 'a/2', 'a/b/', ...SORTED.slice(5)]],
    ['path=', ['a', 'b', 'b/', 'c-5', 'z', 'Ä', '漢', '\u{1f600}']],
    ['path=a', ['a/1', 'a/2', 'a/b/']],
    ['path=a/b', ['a/b/3']],
    ['reverse=true', [...SORTED].reverse()],
    ['reverse=1&limit=2&marker=b', ['a/b/3', 'a/b/']],
    ['reverse=true&marker=b&end_marker=a/1', ['a/b/3', 'a/b/', 'a/2']],
    ['reverse=yes&delimiter=/&marker=c', ['b/', 'b', 'a/', 'a']],
  ])('%s', async (query, expected) => {
    expect(await list(query)).toEqual(expected)
  })

  test('pages follow each other', async () => {
    for (const delimiter of ['', '/']) {
      const whole = await list(`delimiter=${delimiter}`)
      for (const limit of [1, 2, 5]) {
        const walked: string[] = []
        for (;;) {
          const marker = encodeURIComponent(walked.at(-1) ?? '')
          const page = await list(`delimiter=${delimiter}&limit=${limit}&marker=${marker}`)
          if (page.length === 0) break
          walked.push(...page)
        }
        expect(walked).toEqual(whole)
      }
    }
  })

  test('of an account', async () => {
    expect(await list('', '')).toEqual(['Upper', 'box', 'lower', 'lower-2'])
    expect(await list('prefix=lower&marker=lower', '')).toEqual(['lower-2'])
    expect(await list('delimiter=-&prefix=l', '')).toEqual(['lower', 'lower-'])
    expect(await list('reverse=on&limit=2', '')).toEqual(['lower-2', 'lower'])
  })

  test('more than the limit cannot be asked for', async () => {
    expect((await api.call(user, 'GET', '/box?limit=10001')).status).toBe(412)
    expect((await api.call(user, 'GET', '?limit=10001')).status).toBe(412)
  })
})

describe('formats', () => {
  test('JSON', async () => {
    const { json, headers } = await api.call(user, 'GET', '/box?format=json&prefix=a&delimiter=/')
    expect(headers['content-type']).toBe('application/json; charset=utf-8')
    expect(json).toEqual([
      {
        name: 'a',
        bytes: 1,
        hash: '0cc175b9c0f1b6a831c399e269772661',
        content_type: 'text/plain',
        last_modified: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/),
      },
      { subdir: 'a/' },
    ])
    const accepted = await api.call(user, 'GET', '/box?limit=1', { headers: { accept: 'application/json' } })
    expect(accepted.json).toHaveLength(1)
  })
  test('XML', async () => {
    await api.call(user, 'PUT', '/xml')
    await api.put(user, '/xml/%3C%26%22%01')
    await api.put(user, '/xml/a/b')
    const { text, headers } = await api.call(user, 'GET', '/xml?format=xml&delimiter=/')
    expect(headers['content-type']).toContain('application/xml')
    expect(text).toContain('<container name="xml"><object><name>&lt;&amp;&quot;\ufffd</name><hash>')
    expect(text).toContain('<subdir name="a/"><name>a/</name></subdir></container>')
    const account = await api.call(user, 'GET', '', { headers: { accept: 'text/xml' } })
    expect(account.text).toContain('<container><name>box</name><count>')
    await api.call(user, 'DELETE', '/xml/%3C%26%22%01')
    await api.call(user, 'DELETE', '/xml/a/b')
    await api.call(user, 'DELETE', '/xml')
  })
  test('nothing is 204 as lines, and an empty list as JSON', async () => {
    expect((await api.call(user, 'GET', '/lower')).status).toBe(204)
    const empty = await api.call(user, 'GET', '/lower?format=json')
    expect([empty.status, empty.json]).toEqual([200, []])
  })
})

describe('rolling up', () => {
  /** the rows a table of these names would give */
  const table = (names: string[]) => {
    const sorted = byBytes(names)
    let fetched = 0
    return {
      fetched: () => fetched,
      async fetch(
        bounds: { after: string; from: string; before: string; until: string },
        limit: number,
        reverse: boolean,
      ) {
        const order = (x: string, y: string) => Buffer.compare(Buffer.from(x), Buffer.from(y))
        const within = sorted.filter(
          name =>
            (!bounds.after || order(name, bounds.after) > 0) &&
            (!bounds.from || order(name, bounds.from) >= 0) &&
            (!bounds.before || order(name, bounds.before) < 0) &&
            (!bounds.until || order(name, bounds.until) < 0),
        )
        const rows = (reverse ? within.reverse() : within).slice(0, limit).map(name => ({ name }))
        fetched += rows.length
        return rows
      },
    }
  }
  const query = {
    limit: 100,
    marker: '',
    endMarker: '',
    prefix: '',
    delimiter: '/',
    reverse: false,
    onlyDirect: false,
  }

  test.each([false, true])('a folder is not read through (reverse: %s)', async reverse => {
    const names = ['x', 'y'].flatMap(folder => Array.from({ length: 20_000 }, (_, n) => `${folder}/${n}`))
    const { fetch, fetched } = table([...names, 'w', 'z'])
    const found = await rollUp({ ...query, reverse }, (bounds, limit) => fetch(bounds, limit, reverse))
    const expected = [{ name: 'w' }, { subdir: 'x/' }, { subdir: 'y/' }, { name: 'z' }]
    expect(found).toEqual(reverse ? expected.reverse() : expected)
    expect(fetched()).toBeLessThan(2_000)
  })

  test('what follows a text in the order of bytes', () => {
    expect(successor('a')).toBe('b')
    expect(successor('a/')).toBe('a0')
    expect(successor('\ud7ff')).toBe('\ue000')
    expect(successor('a\u{10ffff}')).toBe('b')
    expect(successor('\u{10ffff}')).toBe('')
  })
})
