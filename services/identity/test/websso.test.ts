import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { type Browser, browser, formOf } from './browser.ts'
import { CLIENT, type OpenIdProvider, openIdProvider } from './openid.ts'
import { type World, world } from './world.ts'

const DASHBOARD = 'https://dashboard.example/auth/websso/'
let api: TestApp
let w: World
let provider: OpenIdProvider
let base: string
beforeAll(async () => {
  provider = await openIdProvider()
  api = await testApp({ federation: { trustedDashboards: [DASHBOARD], plainHttp: true } })
  base = await api.app.listen({ host: '127.0.0.1', port: 0 })
  provider.restart([callback('door'), callback('second')])
  w = await world(api)
  const rules = [{ local: [{ user: { name: '{0}' } }], remote: [{ type: 'preferred_username' }] }]
  await federation('PUT', 'mappings/people', { mapping: { rules } })
  await open('door')
})
afterAll(async () => {
  await api.close()
  await provider.close()
  expect(provider.faults).toEqual([])
})

const AT = '/v3/auth/OS-FEDERATION'
const callback = (name: string) => `${base}${AT}/identity_providers/${name}/protocols/openid/websso/callback`
const federation = (method: 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
  api.call(method, `/v3/OS-FEDERATION/${path}`, { token: w.admin, ...(body ? { body } : {}) })
async function open(name: string): Promise<void> {
  const x_oidc = { issuer: provider.issuer, ...CLIENT }
  const identity_provider = { enabled: true, domain_id: w.domain, x_oidc }
  await federation('PUT', `identity_providers/${name}`, { identity_provider })
  await federation('PUT', `identity_providers/${name}/protocols/openid`, {
    protocol: { mapping_id: 'people' },
  })
}

const START = `${AT}/identity_providers/door/protocols/openid/websso`
const start = (path = START, origin = DASHBOARD) => `${base}${path}?origin=${encodeURIComponent(origin)}`
const isCallback = (url: URL) => url.pathname.endsWith('/websso/callback')

/** Through the pages of the provider, to where it sends the browser. */
async function logIn(as: Browser, name = 'alice', from = start()): Promise<URL> {
  let page = await as.open(from, undefined, isCallback)
  while (!isCallback(page.url)) {
    const { action, fields } = formOf(page.text, page.url)
    const filled = 'login' in fields ? { ...fields, login: name, password: name } : fields
    page = await as.open(action, filled, isCallback)
  }
  return page.url
}

let user: Browser
beforeEach(() => {
  user = browser()
})

test('a browser logs in at the provider, and the dashboard gets a token', async () => {
  const back = await logIn(user)
  const page = await user.open(back.href)
  expect(page.status).toBe(200)
  const { action, fields } = formOf(page.text, page.url)
  expect(action).toBe(DASHBOARD)
  const token = await api.call('GET', '/v3/auth/tokens', {
    token: w.admin,
    headers: { 'x-subject-token': fields['token'] ?? '' },
  })
  expect(token.body.token).toMatchObject({ methods: ['openid'], user: { name: 'alice' } })
  expect(page.headers.get('cache-control')).toBe('no-store')
  expect(page.headers.get('x-frame-options')).toBe('DENY')
  expect(page.headers.get('referrer-policy')).toBe('no-referrer')
  const [, nonce] = /<script nonce="([^"]+)">/.exec(page.text) ?? []
  expect(page.headers.get('content-security-policy')).toContain(`script-src 'nonce-${nonce}'`)
  expect(page.headers.get('content-security-policy')).toContain('form-action https://dashboard.example;')
})

test('the browser is sent with a challenge, a state and a nonce, and keeps nothing it could read', async () => {
  const sent = await fetch(start(), { redirect: 'manual' })
  expect(sent.status).toBe(302)
  const { searchParams } = new URL(sent.headers.get('location') ?? '')
  expect(Object.fromEntries(searchParams)).toMatchObject({
    response_type: 'code',
    client_id: 'caelum',
    redirect_uri: callback('door'),
    scope: 'openid profile email',
    code_challenge_method: 'S256',
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    state: expect.stringMatching(/^[\w-]{43}$/),
    nonce: expect.stringMatching(/^[\w-]{43}$/),
  })
  const [cookie = ''] = sent.headers.getSetCookie()
  expect(cookie).toMatch(/; Path=\/v3\/auth\/OS-FEDERATION; Max-Age=600; HttpOnly; SameSite=Lax$/)
  expect(Buffer.from(cookie.split(/[=;]/)[1] ?? '', 'base64url').toString()).not.toContain('dashboard')
})

test('behind an entry point the browser comes back through it', async () => {
  const forwarded = { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-prefix': '/identity' }
  const headers = { ...forwarded, 'x-forwarded-proto': 'https', 'x-forwarded-host': 'cloud.example' }
  const sent = await fetch(start(), { redirect: 'manual', headers })
  const { searchParams } = new URL(sent.headers.get('location') ?? '')
  expect(searchParams.get('redirect_uri')).toBe(
    'https://cloud.example/identity/v3/auth/OS-FEDERATION/identity_providers/door/protocols/openid/websso/callback',
  )
  const [cookie = ''] = sent.headers.getSetCookie()
  expect(cookie).toContain('; Path=/identity/v3/auth/OS-FEDERATION;')
  expect(cookie).toMatch(/; Secure$/)
})

test('a login is good once', async () => {
  const back = await logIn(user)
  const thief = user.copy()
  expect((await user.open(back.href)).status).toBe(200)
  expect((await user.open(back.href)).status).toBe(401)
  expect((await thief.open(back.href)).status).toBe(401)
  const state = back.searchParams.get('state') ?? ''
  expect(await api.deps.db.usedLogin.count({ where: { state } })).toBe(1)
})

test('a login begun in one browser does not end in another', async () => {
  const back = await logIn(browser())
  const victim = browser()
  await victim.open(start(), undefined, () => true)
  expect((await victim.open(back.href)).status).toBe(401)
})

test('nor with another state, at another provider, or with a code of somebody else', async () => {
  await open('second')
  const back = await logIn(user)
  const changed = new URL(back)
  changed.searchParams.set('state', 'x'.repeat(43))
  expect((await user.open(changed.href)).status).toBe(401)
  expect((await user.open(back.href.replace('/door/', '/second/'))).status).toBe(401)
  const other = await logIn(browser(), 'bob')
  const mixed = new URL(back)
  mixed.searchParams.set('code', other.searchParams.get('code') ?? '')
  expect((await user.open(mixed.href)).status).toBe(401)
  await federation('DELETE', 'identity_providers/second')
})

test('a provider that says no is a refused login', async () => {
  const begun = await user.open(start(), undefined, () => true)
  const back = new URL(callback('door'))
  back.searchParams.set('state', begun.url.searchParams.get('state') ?? '')
  back.searchParams.set('error', 'access_denied')
  back.searchParams.set('iss', provider.issuer)
  const refused = await user.open(back.href)
  expect(refused.status).toBe(401)
  expect(JSON.parse(refused.text).error.title).toBe('Unauthorized')
})

test('tokens go to trusted dashboards, exactly', async () => {
  const status = async (origin: string) => (await fetch(start(START, origin), { redirect: 'manual' })).status
  expect(await status(DASHBOARD)).toBe(302)
  expect(await status('https://DASHBOARD.example/auth/websso/')).toBe(302)
  for (const origin of [
    'https://dashboard.example/auth/websso',
    'https://dashboard.example/auth/websso/../else',
    'https://dashboard.example.evil.example/auth/websso/',
    'http://dashboard.example/auth/websso/',
    'javascript:alert(1)',
  ])
    expect(await status(origin)).toBe(401)
  expect((await fetch(`${base}${START}`, { redirect: 'manual' })).status).toBe(400)
  expect(await status('no url')).toBe(400)
})

test('a dashboard that names the protocol alone lets the user choose, where there is a choice', async () => {
  const path = `${AT}/websso/openid`
  const sent = await fetch(start(path), { redirect: 'manual', method: 'POST' })
  expect(sent.headers.get('location')).toContain(provider.issuer)
  await open('second')
  const page = await user.open(start(path))
  const links = [...page.text.matchAll(/href="([^"]+)">(\w+)</g)].map(([, href = '', name]) => ({
    name,
    href: href.replaceAll('&#38;', '&'),
  }))
  expect(links.map(link => link.name)).toEqual(['door', 'second'])
  const back = await logIn(user, 'bob', links[1]?.href)
  expect((await user.open(back.href)).status).toBe(200)
  await federation('DELETE', 'identity_providers/second')
  expect((await fetch(start(`${AT}/websso/nothing`), { redirect: 'manual' })).status).toBe(404)
})

test('an identity provider that is disabled in the meantime lets nobody in', async () => {
  const back = await logIn(user)
  const enabled = (is: boolean) =>
    federation('PATCH', 'identity_providers/door', { identity_provider: { enabled: is } })
  await enabled(false)
  expect((await user.open(back.href)).status).toBe(403)
  expect((await user.open(start())).status).toBe(403)
  await enabled(true)
})
