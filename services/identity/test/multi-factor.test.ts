import { generateKeyPairSync } from 'node:crypto'
import { eventually } from '@caelum/testkit'
import { signReceipt, signToken } from '@caelum/token'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { missingMethods } from '../src/account/rules.ts'
import { fromBase32, passcode } from '../src/resources/token/methods/totp.ts'
import { STANDARD_RULES, type TestApp, testApp, testDeps } from './app.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
beforeAll(async () => {
  api = await testApp({
    accountRules: { ...STANDARD_RULES, lockout_failure_attempts: 5 },
    guardLimits: { perAddress: 1_000, perAccount: 1_000 },
  })
  w = await world(api)
})
afterAll(() => api.close())

/** The secret of RFC 6238, appendix B. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const secret = fromBase32(SECRET) as Buffer
const now = () => Math.floor(Date.now() / 1000 / 30)
/** Lets a step that is nearly over pass. */
const calm = () => eventually(() => (Date.now() / 1000) % 30 < 24, { within: 10_000 })
beforeEach(async () => {
  await calm()
})
let users = 0

async function person(rules?: string[][], blob = SECRET) {
  users += 1
  const options = rules ? { multi_factor_auth_rules: rules, multi_factor_auth_enabled: true } : {}
  const id = await w.create('users', 'user', { name: `mfa-${users}`, password: 'right', options })
  await w.create('credentials', 'credential', { user_id: id, type: 'totp', blob })
  return id
}

type Given = { password?: string; passcode?: string; token?: string }
async function login(id: string, given: Given, receipt?: string) {
  const { password, passcode: code, token } = given
  const identity = {
    methods: [
      ...(password === undefined ? [] : ['password']),
      ...(code === undefined ? [] : ['totp']),
      ...(token === undefined ? [] : ['token']),
    ],
    password: { user: { id, password } },
    totp: { user: { id, passcode: code } },
    token: { id: token },
  }
  const kept = Object.fromEntries(
    Object.entries(identity).filter(([key]) => key === 'methods' || identity.methods.includes(key)),
  )
  return api.call('POST', '/v3/auth/tokens', {
    body: { auth: { identity: kept } },
    ...(receipt === undefined ? {} : { headers: { 'openstack-auth-receipt': receipt } }),
  })
}
const receiptOf = ({ headers }: { headers: Record<string, unknown> }) =>
  String(headers['openstack-auth-receipt'])

describe('passcodes by time', () => {
  test('are those of RFC 6238, in their last six digits', () => {
    const table: [seconds: number, code: string][] = [
      [59, '287082'],
      [1_111_111_109, '081804'],
      [1_111_111_111, '050471'],
      [1_234_567_890, '005924'],
      [2_000_000_000, '279037'],
      [20_000_000_000, '353130'],
    ]
    for (const [seconds, code] of table) expect(passcode(secret, Math.floor(seconds / 30))).toBe(code)
    expect(secret.toString()).toBe('12345678901234567890')
    expect(fromBase32('mfrgg===')?.toString()).toBe('abc')
    expect([fromBase32('1'), fromBase32('a b'), fromBase32('')]).toEqual([null, null, null])
  })

  test('prove their user, this one and the one before, each of them once', async () => {
    const id = await person()
    const [before, current] = [passcode(secret, now() - 1), passcode(secret, now())]
    const first = await login(id, { passcode: before })
    expect(first.status).toBe(201)
    expect(first.body.token.methods).toEqual(['totp'])
    expect((await login(id, { passcode: before })).status).toBe(401)
    expect((await login(id, { passcode: current })).status).toBe(201)
    expect((await login(id, { passcode: current })).status).toBe(401)
    const fresh = await person()
    for (const wrong of [passcode(secret, now() - 3), passcode(secret, now() + 3), '', '12345', 'ünïcöd'])
      expect((await login(fresh, { passcode: wrong })).status).toBe(401)
  })

  test('of many who send the same one at once, to any process, one gets in', async () => {
    const id = await person()
    const second = await testDeps(api.database.url)
    onTestFinished(() => second.close())
    const code = passcode(secret, now())
    const elsewhere = () =>
      second.tokens
        .issue(
          {
            ctx: { clock: { now: () => new Date() } },
            request: { ip: '127.0.0.1', id: 'r', operation: 'o', headers: {} },
          } as never,
          { identity: { methods: ['totp'], totp: { user: { id, passcode: code } } } },
        )
        .then(
          () => 201,
          error => error.status,
        )
    const here = () => login(id, { passcode: code }).then(answer => answer.status)
    const answers = await Promise.all([here(), elsewhere(), here(), elsewhere()])
    expect(answers.sort()).toEqual([201, 401, 401, 401])
  })

  test('a secret that is no base32 proves nobody, and another one still does', async () => {
    const id = await person(undefined, 'no base32!')
    expect((await login(id, { passcode: passcode(secret, now()) })).status).toBe(401)
    await w.create('credentials', 'credential', { user_id: id, type: 'totp', blob: SECRET })
    expect((await login(id, { passcode: passcode(secret, now()) })).status).toBe(201)
  })

  test('guessing them locks the account', async () => {
    const id = await person()
    for (let n = 0; n < 5; n++) expect((await login(id, { passcode: `00000${n}` })).status).toBe(401)
    expect((await login(id, { passcode: passcode(secret, now()) })).status).toBe(401)
    expect((await login(id, { password: 'right' })).status).toBe(401)
  })
})

describe('rules of several methods', () => {
  test('both at once will do, and one will not', async () => {
    const id = await person([['password', 'totp']])
    const partial = await login(id, { password: 'right' })
    expect(partial.status).toBe(401)
    expect(partial.headers).not.toHaveProperty('x-subject-token')
    expect(partial.body).toEqual({
      receipt: {
        methods: ['password'],
        user: { id, name: `mfa-${users}`, domain: { id: 'default', name: 'Default' } },
        issued_at: expect.any(String),
        expires_at: expect.any(String),
      },
      required_auth_methods: [['password', 'totp']],
    })
    const { issued_at, expires_at } = partial.body.receipt
    expect(new Date(expires_at).getTime() - new Date(issued_at).getTime()).toBeLessThanOrEqual(300_000)
    const whole = await login(id, { password: 'right', passcode: passcode(secret, now()) })
    expect(whole.status).toBe(201)
    expect(whole.body.token.methods.sort()).toEqual(['password', 'totp'])
  })

  test('a receipt stands for what was given before; the token made from both can be rescoped', async () => {
    const id = await person([['password', 'totp']])
    const receipt = receiptOf(await login(id, { password: 'right' }))
    const done = await login(id, { passcode: passcode(secret, now()) }, receipt)
    expect(done.status).toBe(201)
    expect(done.body.token.methods.sort()).toEqual(['password', 'totp'])
    const again = await login(id, { token: String(done.headers['x-subject-token']) })
    expect(again.status).toBe(201)
  })

  test('a wrong method gets no receipt, and no hint that there are rules', async () => {
    const id = await person([['password', 'totp']])
    const wrong = await login(id, { password: 'wrong' })
    expect([wrong.status, Object.keys(wrong.body)]).toEqual([401, ['error']])
    expect(wrong.headers).not.toHaveProperty('openstack-auth-receipt')
  })

  test('a receipt is good for its user, in its time, as a receipt, until the password changes', async () => {
    const id = await person([['password', 'totp']])
    const other = await person([['password', 'totp']])
    const receipt = receiptOf(await login(id, { password: 'right' }))
    const code = () => ({ passcode: passcode(secret, now()) })
    expect((await login(other, code(), receipt)).status).toBe(401)
    for (const bad of ['nonsense', `${receipt}x`, receipt.slice(0, -4), ''])
      expect((await login(await person([['password', 'totp']]), code(), bad)).status).toBe(401)
    expect((await api.call('GET', '/v3/auth/projects', { token: receipt })).status).toBe(401)
    const admin = { headers: { 'openstack-auth-receipt': w.admin } }
    const user = { id, passcode: passcode(secret, now()) }
    const body = { auth: { identity: { methods: ['totp'], totp: { user } } } }
    expect((await api.call('POST', '/v3/auth/tokens', { body, ...admin })).status).toBe(401)
    const third = await person([['password', 'totp']])
    const old = receiptOf(await login(third, { password: 'right' }))
    await api.call('PATCH', `/v3/users/${third}`, { token: w.admin, body: { user: { password: 'new' } } })
    expect((await login(third, code(), old)).status).toBe(401)
  })

  test('a receipt of a strange key, or one that is over, is none', async () => {
    const id = await person([['password', 'totp']])
    const [{ kid } = { kid: '' }] = await api.deps.db.signingKey.findMany({ where: { verifies_until: null } })
    const at = Date.now() / 1000
    const receipt = {
      sub: id,
      un: 'x',
      ud: ['default', 'Default'] as [string, string],
      m: ['password'],
      iat: at,
    }
    const strange = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const ours = await api.deps.keys.key(kid)
    const token = signToken({ ...receipt, exp: at + 60, r: [], aid: ['x'] }, ours)
    for (const forged of [
      signReceipt({ ...receipt, exp: at + 60 }, { kid, privateKey: strange }),
      signReceipt({ ...receipt, exp: at - 1 }, ours),
      token,
    ])
      expect((await login(id, { passcode: passcode(secret, now()) }, forged)).status).toBe(401)
    const fresh = await person([['password', 'totp']])
    const good = signReceipt({ ...receipt, sub: fresh, exp: at + 60 }, ours)
    expect((await login(fresh, { passcode: passcode(secret, now()) }, good)).status).toBe(201)
  })

  test('rules that are switched off, or name no method there is, ask for nothing', async () => {
    const off = await person([['password', 'totp']])
    await api.call('PATCH', `/v3/users/${off}`, {
      token: w.admin,
      body: { user: { options: { multi_factor_auth_enabled: false } } },
    })
    expect((await login(off, { password: 'right' })).status).toBe(201)
    expect((await login(await person([['hologram']]), { password: 'right' })).status).toBe(201)
    expect((await login(await person([['totp'], ['password']]), { password: 'right' })).status).toBe(201)
  })

  test.each([[[['a', 'a']]], [[['a'], ['a']]], [[[]]], [['a']]])('%j is no set of rules', async rules => {
    const user = { name: 'x', options: { multi_factor_auth_rules: rules } }
    expect((await api.call('POST', '/v3/users', { token: w.admin, body: { user } })).status).toBe(400)
  })

  test('a login is complete exactly when some rule is covered', () => {
    const all = ['a', 'b', 'c']
    const subsets = Array.from({ length: 8 }, (_, bits) => all.filter((_, n) => bits & (1 << n)))
    for (const one of subsets)
      for (const two of subsets)
        for (const given of subsets) {
          const rules = [one, two].filter(rule => rule.length > 0)
          const covered = rules.some(rule => rule.every(it => given.includes(it)))
          const missing = missingMethods({ multi_factor_auth_rules: rules }, given, it => all.includes(it))
          expect(missing === null).toBe(rules.length === 0 || covered)
        }
  })
})
