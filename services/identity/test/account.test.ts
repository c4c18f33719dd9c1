import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { AccountRules } from '../src/account/rules.ts'
import { addressKey } from '../src/login/guard.ts'
import { STANDARD_RULES, type TestApp, testApp, testDeps } from './app.ts'
import { type World, world } from './world.ts'

const DAY_S = 86_400

/** A cloud of its own with these rules. */
function cloud(rules: Partial<AccountRules>, limits = {}) {
  let api: TestApp
  let w: World
  let users = 0
  beforeAll(async () => {
    api = await testApp({
      accountRules: { ...STANDARD_RULES, ...rules },
      guardLimits: { perAddress: 1_000, perAccount: 1_000, ...limits },
    })
    w = await world(api)
  })
  afterAll(() => api.close())
  const user = (fields: Record<string, unknown> = {}) => {
    users += 1
    return w.create('users', 'user', { name: `user-${users}`, password: 'right', ...fields })
  }
  const login = async (id: string, password = 'right', remoteAddress?: string) => {
    const payload = { auth: { identity: { methods: ['password'], password: { user: { id, password } } } } }
    const reply = await api.app.inject({
      method: 'POST',
      url: '/v3/auth/tokens',
      payload,
      ...(remoteAddress ? { remoteAddress } : {}),
    })
    return { status: reply.statusCode, text: reply.body, headers: reply.headers }
  }
  const status = async (id: string, password?: string) => (await login(id, password)).status
  const change = async (id: string, original_password: string, password: string) =>
    api.call('POST', `/v3/users/${id}/password`, { body: { user: { original_password, password } } })
  const patch = (id: string, fields: Record<string, unknown>) =>
    api.call('PATCH', `/v3/users/${id}`, { token: w.admin, body: { user: fields } })
  /** as if so much time had passed for what is in these rows */
  const age = async (table: 'login_failures' | 'passwords' | 'users', column: string, seconds: number) => {
    await api.deps.db.$executeRawUnsafe(
      `update ${table} set ${column} = ${column} - interval '${seconds} seconds'`,
    )
  }
  return {
    ...{ user, login, status, change, patch, age },
    api: () => api,
    w: () => w,
  }
}

describe('lock-out', () => {
  const c = cloud({ lockout_failure_attempts: 3, lockout_duration: 60 })
  const guess = async (id: string, times: number) => {
    for (let n = 0; n < times; n++) expect(await c.status(id, 'wrong')).toBe(401)
  }

  test('after three wrong guesses the right password is refused in the same words, until the time is over', async () => {
    const id = await c.user()
    const other = await c.user()
    await guess(id, 3)
    const [locked, wrong, nobody] = [
      await c.login(id),
      await c.login(other, 'wrong'),
      await c.login('nobody'),
    ]
    expect([locked.status, locked.text]).toEqual([wrong.status, wrong.text])
    expect([nobody.status, nobody.text]).toEqual([wrong.status, wrong.text])
    expect(locked.headers).not.toHaveProperty('retry-after')
    expect(await c.status(other)).toBe(201)
    await c.age('login_failures', 'last_at', 61)
    expect(await c.status(id)).toBe(201)
  })

  test('a login that works starts the count again', async () => {
    const id = await c.user()
    for (let round = 0; round < 3; round++) {
      await guess(id, 2)
      expect(await c.status(id)).toBe(201)
    }
  })

  test('guessing on does not lock it for longer, and one guess after the time is one', async () => {
    const id = await c.user()
    await guess(id, 3)
    await c.age('login_failures', 'last_at', 40)
    await guess(id, 3)
    await c.age('login_failures', 'last_at', 21)
    await guess(id, 1)
    expect(await c.status(id)).toBe(201)
  })

  test('is the same in every process, and after a restart', async () => {
    const id = await c.user()
    await guess(id, 3)
    const second = await testDeps(c.api().database.url)
    onTestFinished(() => second.close())
    const account = `account:${id}`
    const row = await second.db.loginFailure.findUniqueOrThrow({ where: { key: account } })
    expect(row.failures).toBe(3)
    expect(await c.status(id)).toBe(401)
  })

  test('of many guesses at once no more than three are counted, and none after them is answered right', async () => {
    const id = await c.user()
    const wrong = await Promise.all(Array.from({ length: 20 }, (_, n) => c.status(id, `guess-${n}`)))
    expect(new Set(wrong)).toEqual(new Set([401]))
    const row = await c.api().deps.db.loginFailure.findUniqueOrThrow({ where: { key: `account:${id}` } })
    expect(row.failures).toBe(3)
    expect(await c.status(id)).toBe(401)
  })

  test('counts guesses at the old password of a change, and forbids the change', async () => {
    const id = await c.user()
    for (let n = 0; n < 3; n++) expect((await c.change(id, 'wrong', 'new')).status).toBe(401)
    expect((await c.change(id, 'right', 'new')).status).toBe(401)
    expect(await c.status(id)).toBe(401)
  })

  test('ends when an administrator enables the user or sets a password', async () => {
    const [one, two] = [await c.user(), await c.user()]
    await guess(one, 3)
    await guess(two, 3)
    await c.patch(one, { description: 'nothing to do with it' })
    expect(await c.status(one)).toBe(401)
    await c.patch(one, { enabled: true })
    await c.patch(two, { password: 'new' })
    expect([await c.status(one), await c.status(two, 'new')]).toEqual([201, 201])
  })

  test('leaves tokens alone, and those who may ignore it', async () => {
    const id = await c.user()
    const { headers } = await c.login(id)
    await guess(id, 3)
    const again = await c.api().call('POST', '/v3/auth/tokens', {
      body: { auth: { identity: { methods: ['token'], token: { id: headers['x-subject-token'] } } } },
    })
    expect(again.status).toBe(201)
    const exempt = await c.user({ options: { ignore_lockout_failure_attempts: true } })
    await guess(exempt, 5)
    expect(await c.status(exempt)).toBe(201)
  })

  test('the services’ users and the first administrator may', async () => {
    const users = await c.api().deps.db.user.findMany({ where: { name: { in: ['admin', 'compute'] } } })
    for (const { options } of users) expect(options).toMatchObject({ ignore_lockout_failure_attempts: true })
    expect(users).toHaveLength(2)
  })
})

test('without an end, a lock holds until an administrator lifts it', async () => {
  const api = await testApp({
    accountRules: { ...STANDARD_RULES, lockout_failure_attempts: 1, lockout_duration: null },
  })
  onTestFinished(() => api.close())
  const w = await world(api)
  await api.login({ id: w.userId, password: 'wrong' })
  await api.deps.db.$executeRaw`update login_failures set last_at = last_at - interval '300 days'`
  expect((await api.login(w.user)).status).toBe(401)
  await api.call('PATCH', `/v3/users/${w.userId}`, { token: w.admin, body: { user: { enabled: true } } })
  expect((await api.login(w.user)).status).toBe(201)
})

describe('limits of guesses a minute', () => {
  const c = cloud({ lockout_failure_attempts: null }, { perAddress: 5, perAccount: 3 })
  afterEach(() => c.api().deps.db.loginFailure.deleteMany())

  test('an address that guesses too much is turned away before any work, and nobody else', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, () => c.user()))
    for (const id of ids) expect((await c.login(id, 'wrong', '192.0.2.1')).status).toBe(401)
    const refused = await c.login(ids[0] ?? '', 'right', '192.0.2.1')
    expect(refused.status).toBe(429)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60)
    expect((await c.login(ids[0] ?? '', 'right', '192.0.2.2')).status).toBe(201)
    expect((await c.login(ids[0] ?? '', 'right')).status).toBe(201)
  })

  test('an account that is guessed at too much too, also one that is not there', async () => {
    const id = await c.user()
    for (const user of [id, 'nobody-at-all']) {
      for (let n = 0; n < 3; n++) expect((await c.login(user, 'wrong', `198.51.100.${n}`)).status).toBe(401)
      expect((await c.login(user, 'right', '198.51.100.9')).status).toBe(429)
    }
  })

  test('another process counts into the same rows', async () => {
    const id = await c.user()
    const second = await testDeps(c.api().database.url, {}, { guardLimits: { perAddress: 5, perAccount: 3 } })
    onTestFinished(() => second.close())
    const asked = (n: number) => ({
      ctx: { clock: { now: () => new Date() } },
      request: { ip: `203.0.113.${n}`, id: 'req', operation: 'identity:tokens:issue', headers: {} },
    })
    const user = { id, password: 'wrong' }
    const auth = { identity: { methods: ['password'], password: { user } } }
    for (let n = 0; n < 2; n++) expect((await c.login(id, 'wrong', `203.0.113.${n}`)).status).toBe(401)
    await expect(second.tokens.issue(asked(3) as never, auth)).rejects.toMatchObject({ status: 401 })
    await expect(second.tokens.issue(asked(4) as never, auth)).rejects.toMatchObject({ status: 429 })
    expect((await c.login(id, 'wrong', '203.0.113.5')).status).toBe(401)
    expect((await c.login(id, 'wrong', '203.0.113.6')).status).toBe(429)
  })

  test('an address that a stranger claims for itself does not count', async () => {
    const id = await c.user()
    const via = async (remoteAddress: string, claimed: string) => {
      const { statusCode } = await c.api().app.inject({
        method: 'POST',
        url: '/v3/auth/tokens',
        payload: {
          auth: { identity: { methods: ['password'], password: { user: { id, password: 'wrong' } } } },
        },
        remoteAddress,
        headers: { 'x-forwarded-for': claimed },
      })
      return statusCode
    }
    await via('192.0.2.77', '203.0.113.77')
    await via('127.0.0.1', '203.0.113.78, 192.0.2.78')
    const keys = (await c.api().deps.db.loginFailure.findMany()).map(row => row.key)
    expect(keys.filter(key => key.startsWith('address:')).sort()).toEqual([
      'address:192.0.2.77',
      'address:192.0.2.78',
    ])
  })

  test('addresses are told apart as their owners are', () => {
    expect(addressKey('127.0.0.1')).toBeNull()
    expect(addressKey('::1')).toBeNull()
    expect(addressKey('::ffff:127.0.0.5')).toBeNull()
    expect(addressKey('::ffff:192.0.2.1')).toBe('address:192.0.2.1')
    expect(addressKey('2001:db8::1')).toBe(addressKey('2001:0db8:0:0:ffff::2'))
    expect(addressKey('2001:db8:0:1::1')).not.toBe(addressKey('2001:db8::1'))
  })
})

describe('expiry', () => {
  const c = cloud({ password_expires_days: 10 })
  const shown = async (id: string) =>
    (await c.api().call('GET', `/v3/users/${id}`, { token: c.w().admin })).body.user.password_expires_at

  test('a password is good for its days, is shown with its end, and can be changed after it', async () => {
    const id = await c.user()
    const end = await shown(id)
    expect(end).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000$/)
    const days = (new Date(`${end}Z`).getTime() - Date.now()) / 1000 / DAY_S
    expect(days).toBeGreaterThan(9.9)
    expect(days).toBeLessThanOrEqual(10)
    const { text, status } = await c.login(id)
    expect(status).toBe(201)
    expect(JSON.parse(text).token.user.password_expires_at).toBe(end)
    await c.age('users', 'password_expires_at', 11 * DAY_S)
    const expired = await c.login(id)
    expect(expired.status).toBe(401)
    expect(JSON.parse(expired.text).error.message).toBe(
      `The password is expired and needs to be changed for user: ${id}.`,
    )
    expect((await c.login(id, 'wrong')).text).not.toContain('expired')
    expect((await c.change(id, 'right', 'newer')).status).toBe(204)
    expect(await c.status(id, 'newer')).toBe(201)
  })

  test('not for those who may ignore it', async () => {
    const id = await c.user({ options: { ignore_password_expiry: true } })
    expect(await shown(id)).toBeNull()
    const later = await c.user()
    await c.age('users', 'password_expires_at', 11 * DAY_S)
    await c.patch(later, { options: { ignore_password_expiry: true } })
    expect([await c.status(id), await c.status(later)]).toEqual([201, 201])
  })

  test('users are found by the end of their password', async () => {
    const id = await c.user({ name: 'found-by-expiry' })
    const end = new Date(`${await shown(id)}Z`)
    const found = async (query: string) => {
      const url = `/v3/users?name=found-by-expiry&password_expires_at=${query}`
      const { status, body } = await c.api().call('GET', url, { token: c.w().admin })
      return status === 200 ? body.users.length : status
    }
    const at = (ms: number) => new Date(end.getTime() + ms).toISOString().replace('.000', '')
    expect(await found(`lt:${at(1000)}`)).toBe(1)
    expect(await found(`lt:${at(0)}`)).toBe(0)
    expect(await found(`lte:${at(0)}`)).toBe(1)
    expect(await found(`gt:${at(0)}`)).toBe(0)
    expect(await found(`gte:${at(0)}`)).toBe(1)
    expect(await found(`eq:${at(0)}`)).toBe(1)
    expect(await found(at(0))).toBe(1)
    expect(await found(`neq:${at(0)}`)).toBe(0)
    expect(await found('xx:2026-01-01T00:00:00Z')).toBe(400)
    expect(await found('lt:soon')).toBe(400)
    const group = await c.w().create('groups', 'group', { name: 'expiring' })
    await c.w().put(`/v3/groups/${group}/users/${id}`)
    const inGroup = async (query: string) => {
      const url = `/v3/groups/${group}/users?password_expires_at=${query}`
      return (await c.api().call('GET', url, { token: c.w().admin })).body.users.length
    }
    expect([await inGroup(`lt:${at(1000)}`), await inGroup(`lt:${at(0)}`)]).toEqual([1, 0])
  })
})

describe('what a new password must be', () => {
  const c = cloud({
    unique_last_password_count: 3,
    minimum_password_age: 2,
    password_regex: /^(?:[a-z]+)/u,
    password_regex_description: 'it begins with a letter',
  })
  const pass = () => c.age('passwords', 'created_at', 2 * DAY_S)

  test('it differs from the last three, unless an administrator sets it', async () => {
    const id = await c.user()
    expect((await c.change(id, 'right', 'right')).status).toBe(400)
    for (const [from, to] of [
      ['right', 'b'],
      ['b', 'c'],
      ['c', 'd'],
    ] as const) {
      expect((await c.change(id, from, to)).status).toBe(204)
      await pass()
    }
    for (const used of ['b', 'c', 'd']) {
      const { status, body } = await c.change(id, 'd', used)
      expect([status, body.error.message]).toEqual([400, expect.stringContaining('identical to a previous')])
    }
    expect((await c.change(id, 'd', 'right')).status).toBe(204)
    expect((await c.patch(id, { password: 'right' })).status).toBe(200)
    const kept = await c.api().deps.db.password.findMany({ where: { user_id: id } })
    expect(kept).toHaveLength(3)
    expect(kept.filter(it => it.replaced_at === null)).toHaveLength(1)
    for (const old of ['b', 'c', 'd']) expect(await c.status(id, old)).toBe(401)
  })

  test('one of one’s own is kept for its days; one of an administrator’s need not be', async () => {
    const id = await c.user()
    expect((await c.change(id, 'right', 'b')).status).toBe(204)
    const { status, body } = await c.change(id, 'b', 'c')
    expect([status, body.error.message]).toEqual([400, expect.stringContaining('try again in 2 day(s)')])
    await pass()
    expect((await c.change(id, 'b', 'c')).status).toBe(204)
  })

  test('it matches the pattern, whoever sets it', async () => {
    const id = await c.user()
    for (const answer of [await c.change(id, 'right', '1'), await c.patch(id, { password: '1' })]) {
      expect(answer.status).toBe(400)
      expect(answer.body.error.message).toContain('it begins with a letter')
    }
    const made = { user: { name: 'weak', password: '1' } }
    expect((await c.api().call('POST', '/v3/users', { token: c.w().admin, body: made })).status).toBe(400)
  })

  test('it is not one’s own to change with lock_password', async () => {
    const id = await c.user({ options: { lock_password: true } })
    const { status, body } = await c.change(id, 'right', 'b')
    expect([status, body.error.message]).toEqual([
      400,
      expect.stringContaining('disallowing password changes'),
    ])
    expect((await c.change(id, 'wrong', 'b')).status).toBe(401)
    expect((await c.patch(id, { password: 'b' })).status).toBe(200)
  })
})

describe('a password by an administrator, with change_password_upon_first_use', () => {
  const c = cloud({ change_password_upon_first_use: true })

  test('is good for nothing but its change', async () => {
    const id = await c.user()
    expect(await c.status(id)).toBe(401)
    expect((await c.change(id, 'right', 'own')).status).toBe(204)
    expect(await c.status(id, 'own')).toBe(201)
    await c.patch(id, { password: 'reset' })
    expect(await c.status(id, 'reset')).toBe(401)
  })

  test('is good at once for those who may ignore it', async () => {
    expect(await c.status(await c.user({ options: { ignore_change_password_upon_first_use: true } }))).toBe(
      201,
    )
  })
})

describe('inactivity', () => {
  const c = cloud({ disable_user_account_days_inactive: 5 })
  const enabled = async (id: string) =>
    (await c.api().call('GET', `/v3/users/${id}`, { token: c.w().admin })).body.user.enabled

  test('who was not seen for its days counts as disabled until enabled again', async () => {
    const id = await c.user()
    expect(await c.status(id)).toBe(201)
    await c.age('users', 'created_at', 9 * DAY_S)
    expect(await c.status(id)).toBe(201)
    await c.age('users', 'last_active_on', 5 * DAY_S)
    expect([await enabled(id), await c.status(id)]).toEqual([false, 401])
    expect((await c.change(id, 'right', 'b')).status).toBe(401)
    await c.patch(id, { enabled: true })
    expect([await enabled(id), await c.status(id)]).toEqual([true, 201])
  })

  test('who never was is counted from the first day; who may ignore it is not', async () => {
    const [never, exempt] = [await c.user(), await c.user({ options: { ignore_user_inactivity: true } })]
    await c.age('users', 'created_at', 5 * DAY_S)
    expect([await c.status(never), await c.status(exempt)]).toEqual([401, 201])
    await c.patch(never, { options: { ignore_user_inactivity: true } })
    expect(await c.status(never)).toBe(201)
  })
})
