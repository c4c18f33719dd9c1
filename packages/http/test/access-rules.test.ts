import { silentLogger } from '@caelum/kernel'
import { persona, testVerifier } from '@caelum/testkit'
import { afterAll, describe, expect, test } from 'vitest'
import { matchesPath } from '../src/access-rules.ts'
import { buildService, novaEnvelope, rules } from '../src/index.ts'

describe('a path pattern', () => {
  test.each<[pattern: string, path: string, matches: boolean]>([
    ['/v2.1/servers', '/v2.1/servers', true],
    ['/v2.1/servers', '/v2.1/servers/', false],
    ['/v2.1/servers', '/v2.1/serversx', false],
    ['/v2.1/servers', '/v2x1/servers', false],
    ['/v2.1/servers/*', '/v2.1/servers/1', true],
    ['/v2.1/servers/*', '/v2.1/servers/', false],
    ['/v2.1/servers/*', '/v2.1/servers/1/ips', false],
    ['/v2.1/servers/*/ips', '/v2.1/servers/1/ips', true],
    ['/v2.1/servers/{id}/ips', '/v2.1/servers/1/ips', true],
    ['/v2.1/servers/{id}/ips', '/v2.1/servers/1/2/ips', false],
    ['/v2.1/servers/{id', '/v2.1/servers/{id', true],
    ['/v2.1/a*b', '/v2.1/axb', true],
    ['/v2.1/a*b', '/v2.1/ab', false],
    ['/v2.1/a*b', '/v2.1/axxbxb', true],
    ['/v2.1/a*b', '/v2.1/ax/b', false],
    ['/v2.1/**', '/v2.1/', true],
    ['/v2.1/**', '/v2.1/servers/1/ips', true],
    ['/v2.1/**/ips', '/v2.1/servers/1/ips', true],
    ['/v2.1/**/ips', '/v2.1/servers/1/ip', false],
    ['/v2.1**', '/v2.1', true],
    ['/**', '/', true],
    ['/*', '/ü', true],
  ])('%s against %s: %s', (pattern, path, matches) => {
    expect(matchesPath(pattern, path)).toBe(matches)
  })

  test('says the same as a regular expression, whatever is in it', () => {
    let state = 42
    const next = (below: number) => {
      state = (state * 48_271) % 2_147_483_647
      return state % below
    }
    const text = (alphabet: string[], length: number) =>
      Array.from({ length: next(length) }, () => alphabet[next(alphabet.length)]).join('')
    for (let round = 0; round < 5_000; round++) {
      const pattern = `/${text(['a', 'b', '/', '*', '**', '{x}'], 7)}`.replace(/\*{3,}/g, '**')
      const path = `/${text(['a', 'b', '/'], 9)}`
      const slow = new RegExp(
        `^${pattern.replace(/\*\*|\*|\{x\}/g, token => (token === '**' ? '.*' : '[^/]+'))}$`,
      )
      expect([pattern, path, matchesPath(pattern, path)]).toEqual([pattern, path, slow.test(path)])
    }
  })

  test('made to be slow is not', () => {
    const began = performance.now()
    expect(matchesPath('/**a'.repeat(60), `/${'a'.repeat(4_000)}`)).toBe(false)
    expect(performance.now() - began).toBeLessThan(1_000)
  })
})

describe('a service asked with a token that has access rules', () => {
  const route = (method: 'GET' | 'DELETE', path: string) => ({
    operation: 'thing:look',
    method,
    path,
    summary: '',
    handle: () => ({ ok: true }),
  })
  const app = buildService({
    name: 'thing',
    serviceType: 'things',
    log: silentLogger,
    verifier: testVerifier(),
    policy: { 'thing:look': rules.anyone },
    routes: [route('GET', '/v1/things'), route('GET', '/v1/things/:id'), route('DELETE', '/v1/things/:id')],
    envelope: novaEnvelope,
    identityUrl: 'http://identity/v3',
  })
  afterAll(() => app.close())

  const limited = (...ar: [string, string, string][]) =>
    persona('member', { claims: { ac: { id: 'c', n: 'c', ar } } }).headers
  const ask = async (method: 'GET' | 'DELETE' | 'HEAD', url: string, headers: Record<string, string>) =>
    (await app.inject({ method, url, headers })).statusCode

  test('answers what they name, and nothing else', async () => {
    const headers = limited(['things', 'GET', '/v1/things/*'])
    expect(await ask('GET', '/v1/things/1', headers)).toBe(200)
    expect(await ask('GET', '/v1/things/1?x=/y', headers)).toBe(200)
    expect(await ask('GET', '/v1/things', headers)).toBe(401)
    expect(await ask('DELETE', '/v1/things/1', headers)).toBe(401)
    expect(await ask('HEAD', '/v1/things/1', headers)).toBe(401)
  })

  test('a fragment hides nothing', async () => {
    expect(await ask('GET', '/v1/things#/1', limited(['things', 'GET', '/v1/**/1']))).toBe(401)
  })

  test('goes by the type in the catalogue', async () => {
    expect(await ask('GET', '/v1/things', limited(['thing', 'GET', '/**']))).toBe(401)
    expect(await ask('GET', '/v1/things', limited(['compute', 'GET', '/**'], ['things', 'GET', '/**']))).toBe(
      200,
    )
  })

  test('answers another service that asks on the user’s behalf', async () => {
    const headers = limited(['compute', 'POST', '/v2.1/servers'])
    const by = (role: 'service' | 'member') => ({ 'x-service-token': persona(role).token })
    expect(await ask('GET', '/v1/things', { ...headers, ...by('service') })).toBe(200)
    expect(await ask('GET', '/v1/things', { ...headers, ...by('member') })).toBe(401)
    expect(await ask('GET', '/v1/things', { ...headers, 'x-service-token': 'nonsense' })).toBe(401)
  })

  test('without rules there is no limit', async () => {
    const { headers } = persona('member', { claims: { ac: { id: 'c', n: 'c' } } })
    expect(await ask('GET', '/v1/things', headers)).toBe(200)
  })
})
