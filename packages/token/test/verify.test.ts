import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { Problem } from '@caelum/kernel'
import jwt from 'jsonwebtoken'
import { describe, expect, test } from 'vitest'
import { AUDIENCE, type Claims, signToken, subject, TokenVerifier, type Trust } from '../src/index.ts'

const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const theirs = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const key = { kid: 'k1', privateKey: ours.privateKey }

const NOW = Date.now()
const claims = (change: Partial<Claims> = {}): Claims => ({
  sub: 'user-1',
  un: 'someone',
  ud: ['default', 'Default'],
  p: ['project-1', 'somewhere', 'default', 'Default'],
  r: [['role-1', 'member']],
  m: ['password'],
  aid: ['audit-1'],
  iat: NOW / 1000,
  exp: NOW / 1000 + 3_600,
  ...change,
})

interface World {
  keys?: Record<string, KeyObject>
  revoked?: Record<string, number>
  fresh?: boolean
}
const trust = ({ keys = { k1: ours.publicKey }, revoked = {}, fresh = true }: World): Trust => ({
  keyOf: kid => (Object.hasOwn(keys, kid) ? keys[kid] : undefined),
  revokedUntil: name => revoked[name],
  isFresh: () => fresh,
})

function statusOf(token: string, world: World = {}, now = NOW): number {
  try {
    new TokenVerifier(trust(world)).verify(token, now)
    return 200
  } catch (error) {
    if (error instanceof Problem) return error.status
    throw error
  }
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const signed = (header: unknown, payload: unknown, privateKey = ours.privateKey): string => {
  const text = `${part(header)}.${part(payload)}`
  const signature = createSign('sha256').update(text).sign({ key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}
const good = () => signToken(claims(), key)
const payload = () => ({ ...claims(), aud: AUDIENCE })

test('a good token is accepted and says what was signed', () => {
  expect(new TokenVerifier(trust({})).verify(good(), NOW)).toEqual({ ...claims() })
})

test('the hand-made signature of this test is a good one', () => {
  expect(statusOf(signed({ alg: 'ES256', typ: 'JWT', kid: 'k1' }, payload()))).toBe(200)
})

describe('forged tokens are refused', () => {
  const [header = '', body = '', signature = ''] = good().split('.')
  const publicPem = ours.publicKey.export({ type: 'spki', format: 'pem' })
  const hmac = (alg: string, digest: string) => {
    const text = `${part({ alg, kid: 'k1' })}.${part(payload())}`
    return `${text}.${createHmac(digest, publicPem).update(text).digest('base64url')}`
  }
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const es256 = { alg: 'ES256', typ: 'JWT', kid: 'k1' }
  const flipped = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`

  test.each<[string, string]>([
    ['nothing', ''],
    ['no token at all', 'gAAAAABhello'],
    ['dots', '..'],
    ['not base64', '!!.!!.!!'],
    ['a body that is no JSON', `${header}.${Buffer.from('nonsense').toString('base64url')}.${signature}`],
    ['a header that is no JSON', `${Buffer.from('{').toString('base64url')}.${body}.${signature}`],
    ['a body that is a string', signed(es256, 'text')],
    ['signed with another key', signed(es256, payload(), theirs.privateKey)],
    ['alg none, unsigned', `${part({ alg: 'none', kid: 'k1' })}.${body}.`],
    ['alg None, unsigned', `${part({ alg: 'None', kid: 'k1' })}.${body}.`],
    ['alg none, with the old signature', `${part({ alg: 'none', kid: 'k1' })}.${body}.${signature}`],
    ['no alg', signed({ kid: 'k1' }, payload())],
    ['HS256 with the public key as the secret', hmac('HS256', 'sha256')],
    ['HS512 with the public key as the secret', hmac('HS512', 'sha512')],
    ['RS256', jwt.sign(payload(), rsa.privateKey, { algorithm: 'RS256', keyid: 'k1' })],
    [
      'an embedded key (jwk)',
      signed({ ...es256, jwk: theirs.publicKey.export({ format: 'jwk' }) }, payload(), theirs.privateKey),
    ],
    [
      'a key by URL (jku)',
      signed({ ...es256, jku: 'https://evil.example/keys' }, payload(), theirs.privateKey),
    ],
    ['no kid', signed({ alg: 'ES256' }, payload())],
    ['an unknown kid', signed({ ...es256, kid: 'k2' }, payload())],
    ['a kid that is a path', signed({ ...es256, kid: '../../dev/null' }, payload())],
    ['a kid that is a number', signed({ ...es256, kid: 1 }, payload())],
    ['a kid that is an object', signed({ ...es256, kid: { toString: 'k1' } }, payload())],
    ['a kid that is a list', signed({ ...es256, kid: ['k1'] }, payload())],
    ['a kid named like a property of every object', signed({ ...es256, kid: 'constructor' }, payload())],
    [
      'another body under the signature',
      `${header}.${part({ ...payload(), r: [['role-0', 'admin']] })}.${signature}`,
    ],
    ['another header under the signature', `${part({ ...es256, extra: 1 })}.${body}.${signature}`],
    ['a changed signature', `${header}.${body}.${flipped}`],
    ['a truncated signature', `${header}.${body}.${signature.slice(0, -4)}`],
    ['no signature', `${header}.${body}.`],
    ['two parts', `${header}.${body}`],
    ['four parts', `${good()}.more`],
    [
      'a signature in DER',
      `${header}.${body}.${createSign('sha256').update(`${header}.${body}`).sign(ours.privateKey).toString('base64url')}`,
    ],
    ['another audience', signed(es256, { ...payload(), aud: 'elsewhere' })],
    ['no audience', signed(es256, claims())],
    ['no end', signed(es256, { ...payload(), exp: undefined })],
    ['an end that is no number', signed(es256, { ...payload(), exp: 'never' })],
    ['no user', signed(es256, { ...payload(), sub: undefined })],
    ['roles of a wrong shape', signed(es256, { ...payload(), r: ['admin'] })],
    ['no audit id', signed(es256, { ...payload(), aid: [] })],
    ['not yet valid', signed(es256, { ...payload(), nbf: NOW / 1000 + 60 })],
    ['far too long', `${good()}${'A'.repeat(9_000)}`],
  ])('%s', (_, token) => {
    expect(statusOf(token)).toBe(401)
  })

  test('cut off anywhere', () => {
    const token = good()
    const accepted = Array.from({ length: token.length - 1 }, (_, length) => token.slice(0, length)).filter(
      cut => statusOf(cut) !== 401,
    )
    expect(accepted).toEqual([])
  })

  test('the words of the refusal never say why', () => {
    const words = [good().slice(1), signed({ ...es256, kid: 'k2' }, payload()), ''].map(token => {
      try {
        new TokenVerifier(trust({})).verify(token, NOW)
        return 'accepted'
      } catch (error) {
        return (error as Error).message
      }
    })
    expect(new Set(words)).toEqual(new Set(['The request you have made requires authentication.']))
  })
})

describe('time', () => {
  const token = signToken(claims({ exp: NOW / 1000 + 10 }), key)
  test.each([
    ['a second before its end', 9_000, 200],
    ['at its end', 10_000, 401],
    ['a second after its end', 11_000, 401],
  ])('%s', (_, laterMs, status) => {
    expect(statusOf(token, {}, NOW + laterMs)).toBe(status)
  })

  test('a token that was seen before ends all the same', () => {
    const verifier = new TokenVerifier(trust({}))
    expect(verifier.verify(token, NOW).sub).toBe('user-1')
    expect(() => verifier.verify(token, NOW + 10_000)).toThrow(Problem)
  })

  test.each([
    ['from a clock a little ahead', 5, 200],
    ['from the future', 60, 401],
  ])('a token %s', (_, aheadS, status) => {
    expect(statusOf(signToken(claims({ iat: NOW / 1000 + aheadS }), key))).toBe(status)
  })
})

describe('revocation', () => {
  const project = good()
  const domain = signToken(claims({ p: undefined, d: ['domain-1', 'D'] } as Partial<Claims>), key)
  const system = signToken(claims({ p: undefined, sys: 1 } as Partial<Claims>), key)
  const child = signToken(claims({ aid: ['audit-2', 'audit-1'] }), key)

  test.each<[string, string, string, number]>([
    ['itself', project, subject.token('audit-1'), 401],
    ['another token', project, subject.token('audit-2'), 200],
    ['the token it was made from', child, subject.token('audit-1'), 401],
    ['its user', project, subject.user('user-1'), 401],
    ['another user', project, subject.user('user-2'), 200],
    ['its user’s domain', project, subject.domain('default'), 401],
    ['its project', project, subject.project('project-1'), 401],
    ['another project', project, subject.project('project-2'), 200],
    ['its user in its project', project, subject.userInProject('user-1', 'project-1'), 401],
    ['its user in another project', project, subject.userInProject('user-1', 'project-2'), 200],
    ['another user in its project', project, subject.userInProject('user-2', 'project-1'), 200],
    ['a role it shows', project, subject.role('role-1'), 401],
    ['a role it does not show', project, subject.role('role-2'), 200],
    ['its domain', domain, subject.domain('domain-1'), 401],
    ['its user in its domain', domain, subject.userInDomain('user-1', 'domain-1'), 401],
    ['its user in that domain, for a project token', project, subject.userInDomain('user-1', 'default'), 200],
    ['its user on the system', system, subject.userInSystem('user-1'), 401],
    ['its user on the system, for a project token', project, subject.userInSystem('user-1'), 200],
  ])('of %s', (_, token, name, status) => {
    expect(statusOf(token, { revoked: { [name]: NOW } })).toBe(status)
  })

  test.each([
    ['a millisecond before it was issued', -1, 200],
    ['in the millisecond it was issued', 0, 401],
    ['a millisecond after', 1, 401],
  ])('%s', (_, offset, status) => {
    for (let ms = 0; ms < 1_000; ms++) {
      const issued = NOW - ms
      const verifier = new TokenVerifier(trust({ revoked: { 'user:user-1': issued + offset } }))
      const token = signToken(claims({ iat: issued / 1000 }), key)
      const answer = () => verifier.verify(token, NOW)
      if (status === 200) expect(answer).not.toThrow()
      else expect(answer).toThrow(Problem)
    }
  })

  test('of a token that was seen before', () => {
    const revoked: Record<string, number> = {}
    const verifier = new TokenVerifier(trust({ revoked }))
    expect(verifier.verify(project, NOW).sub).toBe('user-1')
    revoked['user:user-1'] = NOW
    expect(() => verifier.verify(project, NOW)).toThrow(Problem)
  })
})

test('a key that is withdrawn takes its tokens with it, those seen before too', () => {
  const keys: Record<string, KeyObject> = { k1: ours.publicKey }
  const verifier = new TokenVerifier(trust({ keys }))
  const token = good()
  expect(verifier.verify(token, NOW).sub).toBe('user-1')
  delete keys['k1']
  expect(() => verifier.verify(token, NOW)).toThrow(Problem)
})

test('who cannot know the revocations vouches for nobody', () => {
  expect(statusOf(good(), { fresh: false })).toBe(503)
})
