import { eventually } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
/** The trustor is `w.user`, a member of `w.project`; the others have no role anywhere. */
let trustee: string
let third: string
let fourth: string
let own: string
beforeAll(async () => {
  api = await testApp()
  w = await world(api)
  const create = (name: string) => w.create('users', 'user', { name, password: name })
  ;[trustee, third, fourth] = [await create('trustee'), await create('third'), await create('fourth')]
  own = await freshToken()
})
afterAll(() => api.close())

async function freshToken(): Promise<string> {
  const { headers } = await api.login(w.user, { project: { id: w.project } })
  return String(headers['x-subject-token'])
}

const PATH = '/v3/OS-TRUST/trusts'
async function create(fields: Record<string, unknown> = {}, token = own) {
  const trust = {
    trustor_user_id: w.userId,
    trustee_user_id: trustee,
    project_id: w.project,
    impersonation: false,
    roles: [{ name: 'member' }],
    ...fields,
  }
  const { status, body } = await api.call('POST', PATH, { token, body: { trust } })
  return { status, error: body?.error?.message as string, ...body?.trust }
}
const by = (name: string, id: string) =>
  api.login({ name, password: name, domain: { id: 'default' } }, { 'OS-TRUST:trust': { id } })
async function tokenBy(name: string, id: string): Promise<string> {
  const { status, headers } = await by(name, id)
  expect(status).toBe(201)
  return String(headers['x-subject-token'])
}
const names = (roles: { name: string }[]) => roles.map(role => role.name).sort()
const works = async (token: string) => (await api.call('GET', '/v3/auth/projects', { token })).status === 200
const remove = (id: string, token = own) => api.call('DELETE', `${PATH}/${id}`, { token })

test('a trustor lends roles, and the trustee uses them', async () => {
  const { status, ...trust } = await create()
  expect(status).toBe(201)
  expect(trust).toMatchObject({
    id: expect.stringMatching(/^[0-9a-f]{32}$/),
    trustor_user_id: w.userId,
    trustee_user_id: trustee,
    project_id: w.project,
    impersonation: false,
    expires_at: null,
    deleted_at: null,
    remaining_uses: null,
    redelegation_count: 0,
    redelegated_trust_id: null,
    roles_links: { self: expect.stringMatching(`${PATH}/${trust.id}/roles$`) },
  })
  expect(names(trust.roles)).toEqual(['member'])
  const { status: issued, body } = await by('trustee', trust.id)
  expect(issued).toBe(201)
  expect(body.token).toMatchObject({
    user: { id: trustee, name: 'trustee' },
    project: { id: w.project },
    methods: ['password'],
    'OS-TRUST:trust': {
      id: trust.id,
      impersonation: false,
      trustor_user: { id: w.userId },
      trustee_user: { id: trustee },
    },
  })
  expect(names(body.token.roles)).toEqual(['member', 'reader'])
})

test('with impersonation the token is the trustor’s', async () => {
  const { id } = await create({ impersonation: true, roles: [{ id: w.role('reader') }] })
  const { body } = await by('trustee', id)
  expect(body.token).toMatchObject({
    user: { id: w.userId, name: w.user.name, domain: { id: 'default', name: 'Default' } },
    'OS-TRUST:trust': { id, impersonation: true, trustee_user: { id: trustee } },
  })
  expect(names(body.token.roles)).toEqual(['reader'])
})

test('a token of the trustee’s does as well as a password', async () => {
  const { id } = await create()
  const { headers } = await api.login(api.named('trustee', 'trustee'))
  const { status, body } = await api.call('POST', '/v3/auth/tokens', {
    body: {
      auth: {
        identity: { methods: ['token'], token: { id: String(headers['x-subject-token']) } },
        scope: { 'OS-TRUST:trust': { id } },
      },
    },
  })
  expect(status).toBe(201)
  expect(body.token.methods).toEqual(['token', 'password'])
})

describe('refused', () => {
  test('to whoever is not the trustee, and where there is none', async () => {
    const { id } = await create()
    expect((await by('third', id)).status).toBe(401)
    expect((await by('trustee', 'nothing')).status).toBe(401)
    expect((await api.login(w.user, { 'OS-TRUST:trust': { id } })).status).toBe(401)
  })

  test.each<[string, () => Record<string, unknown>, number]>([
    ['in somebody else’s name', () => ({ trustor_user_id: trustee }), 403],
    ['to nobody', () => ({ trustee_user_id: 'nobody' }), 404],
    ['without a project', () => ({ project_id: null }), 400],
    ['where one has no role', () => ({ project_id: w.otherProject }), 404],
    ['without a role', () => ({ roles: [] }), 403],
    ['with a role that is not one’s', () => ({ roles: [{ name: 'admin' }] }), 404],
    ['with a role that is none', () => ({ roles: [{ name: 'nothing' }] }), 404],
    ['with no use', () => ({ remaining_uses: 0 }), 400],
    ['with a use and a half', () => ({ remaining_uses: 1.5 }), 400],
    ['that has ended', () => ({ expires_at: '2020-01-01T00:00:00Z' }), 400],
    ['that ends at no time', () => ({ expires_at: 'bad.123Z' }), 400],
    ['counted and to be lent on', () => ({ remaining_uses: 1, allow_redelegation: true }), 400],
    ['to be lent on too often', () => ({ redelegation_count: 4, allow_redelegation: true }), 403],
  ])('a trust %s', async (_, fields, status) => {
    expect((await create(fields())).status).toBe(status)
  })
})

test('it ends when it says, and its tokens with it', async () => {
  const soon = new Date(Date.now() + 60_000).toISOString().slice(0, 19)
  const { id, expires_at } = await create({ expires_at: `${soon}.123456Z` })
  expect(expires_at).toBe(`${soon}.000000Z`)
  expect((await by('trustee', id)).body.token.expires_at).toBe(`${soon}.000000Z`)
  await api.deps.db.trust.update({ where: { id }, data: { expires_at: new Date(Date.now() - 1) } })
  expect((await by('trustee', id)).status).toBe(401)
  expect((await api.call('GET', `${PATH}/${id}`, { token: own })).status).toBe(404)
  expect((await remove(id)).status).toBe(204)
})

describe('uses', () => {
  test('are counted, and a refusal is none', async () => {
    const { id } = await create({ remaining_uses: 2 })
    const left = async () =>
      (await api.call('GET', `${PATH}/${id}`, { token: own })).body.trust?.remaining_uses
    expect((await by('third', id)).status).toBe(401)
    const disabled = (enabled: boolean) =>
      api.call('PATCH', `/v3/projects/${w.project}`, { token: w.admin, body: { project: { enabled } } })
    await disabled(false)
    expect((await by('trustee', id)).status).toBe(401)
    await disabled(true)
    own = await freshToken()
    expect(await left()).toBe(2)
    const first = await tokenBy('trustee', id)
    expect(await left()).toBe(1)
    await tokenBy('trustee', id)
    expect((await by('trustee', id)).status).toBe(401)
    expect((await api.call('GET', `${PATH}/${id}`, { token: own })).status).toBe(404)
    expect(await works(first)).toBe(true)
  })

  test('are exact when many ask at once', async () => {
    const { id } = await create({ remaining_uses: 5 })
    const answers = await Promise.all(Array.from({ length: 12 }, () => by('trustee', id)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5)
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(7)
  })
})

describe('lent on', () => {
  const onward = { allow_redelegation: true, impersonation: true }

  test('as far as it says, to nobody’s surprise', async () => {
    const first = await create(onward)
    expect(first.redelegation_count).toBe(3)
    const second = await create({ ...onward, trustee_user_id: third }, await tokenBy('trustee', first.id))
    expect(second).toMatchObject({
      status: 201,
      redelegated_trust_id: first.id,
      redelegation_count: 2,
      trustor_user_id: w.userId,
    })
    const last = await create(
      { impersonation: true, trustee_user_id: fourth },
      await tokenBy('third', second.id),
    )
    expect(last).toMatchObject({ status: 201, redelegated_trust_id: second.id, redelegation_count: 0 })
    const token = await tokenBy('fourth', last.id)
    expect((await create({ trustee_user_id: third }, token)).status).toBe(403)
    expect(
      (await api.call('GET', '/v3/auth/tokens', { token, headers: { 'x-subject-token': token } })).body.token,
    ).toMatchObject({
      user: { id: w.userId },
      'OS-TRUST:trust': { trustee_user: { id: fourth } },
    })
    expect((await remove(first.id)).status).toBe(204)
    expect(await works(token)).toBe(false)
    expect((await by('fourth', last.id)).status).toBe(401)
    expect((await api.call('GET', `${PATH}/${last.id}`, { token: own })).status).toBe(404)
  })

  test('without impersonation by the trustee, who has none of the roles', async () => {
    const first = await create({ allow_redelegation: true, redelegation_count: 1 })
    const link = { trustor_user_id: trustee, trustee_user_id: third }
    const token = await tokenBy('trustee', first.id)
    const second = await create(link, token)
    expect(second).toMatchObject({ status: 201, trustor_user_id: trustee, redelegation_count: 0 })
    const { body } = await by('third', second.id)
    expect(body.token).toMatchObject({
      user: { id: third },
      'OS-TRUST:trust': { trustor_user: { id: trustee }, trustee_user: { id: third } },
    })
    expect(names(body.token.roles)).toEqual(['member', 'reader'])
    expect((await create({ ...link, impersonation: true }, token)).status).toBe(403)
  })

  test('everybody on the way must be enabled, and may not be gone', async () => {
    const middle = await w.create('users', 'user', { name: 'middle', password: 'middle' })
    const first = await create({ ...onward, trustee_user_id: middle })
    const second = await create({ ...onward, trustee_user_id: third }, await tokenBy('middle', first.id))
    const token = await tokenBy('third', second.id)
    const able = (enabled: boolean) =>
      api.call('PATCH', `/v3/users/${middle}`, { token: w.admin, body: { user: { enabled } } })
    await able(false)
    expect(await works(token)).toBe(false)
    expect((await by('third', second.id)).status).toBe(401)
    await able(true)
    const again = await tokenBy('third', second.id)
    await api.call('DELETE', `/v3/users/${middle}`, { token: w.admin })
    expect(await works(again)).toBe(false)
    expect((await by('third', second.id)).status).toBe(401)
  })
})

describe('a token by a trust', () => {
  test('makes no other, and nothing that lasts', async () => {
    const { id } = await create({ impersonation: true })
    const token = await tokenBy('trustee', id)
    const again = await api.call('POST', '/v3/auth/tokens', {
      body: { auth: { identity: { methods: ['token'], token: { id: token } } } },
    })
    expect(again.status).toBe(403)
    const application_credential = { name: 'x' }
    const path = `/v3/users/${w.userId}/application_credentials`
    expect((await api.call('POST', path, { token, body: { application_credential } })).status).toBe(403)
    expect((await api.call('GET', path, { token })).status).toBe(403)
    expect((await api.call('GET', `/v3/users/${w.userId}/access_rules`, { token })).status).toBe(403)
    const credential = { user_id: w.userId, type: 'x', blob: 'x' }
    expect((await api.call('POST', '/v3/credentials', { token, body: { credential } })).status).toBe(403)
    expect((await create({ trustee_user_id: third }, token)).status).toBe(403)
  })

  test('tells of the project it is for and of no other', async () => {
    const { id } = await create({ impersonation: true })
    const token = await tokenBy('trustee', id)
    const { body } = await api.call('GET', '/v3/auth/projects', { token })
    expect(body.projects.map((it: { id: string }) => it.id)).toEqual([w.project])
    expect((await api.call('GET', '/v3/auth/domains', { token })).body.domains).toEqual([])
    expect((await api.call('GET', '/v3/auth/system', { token })).body.system).toEqual([])
    const plain = await tokenBy('trustee', (await create()).id)
    const seen = await api.call('GET', '/v3/auth/projects', { token: plain })
    expect(seen.body.projects.map((it: { id: string }) => it.id)).toEqual([w.project])
  })

  test('an application credential has nothing to do with trusts', async () => {
    const { body } = await api.call('POST', `/v3/users/${w.userId}/application_credentials`, {
      token: own,
      body: { application_credential: { name: 'untrusted', unrestricted: true } },
    })
    const { id, secret } = body.application_credential
    const { headers } = await api.call('POST', '/v3/auth/tokens', {
      body: {
        auth: {
          identity: { methods: ['application_credential'], application_credential: { id, secret } },
        },
      },
    })
    const token = String(headers['x-subject-token'])
    expect((await create({}, token)).status).toBe(403)
    expect((await api.call('GET', `${PATH}?trustor_user_id=${w.userId}`, { token })).status).toBe(403)
  })
})

describe('who sees it', () => {
  test('trustor, trustee and administrators; and the trustor deletes it', async () => {
    const { id } = await create()
    const { headers } = await api.login(api.named('trustee', 'trustee'))
    const theirs = String(headers['x-subject-token'])
    const stranger = await api.demo()
    const status = async (url: string, token: string) => (await api.call('GET', url, { token })).status
    for (const url of [`${PATH}/${id}`, `${PATH}/${id}/roles`, `${PATH}/${id}/roles/${w.role('member')}`]) {
      expect(await status(url, own)).toBe(200)
      expect(await status(url, theirs)).toBe(200)
      expect(await status(url, w.admin)).toBe(200)
      expect(await status(url, stranger)).toBe(403)
    }
    expect(await status(`${PATH}/${id}/roles/${w.role('admin')}`, own)).toBe(404)
    expect(await status(`${PATH}/nothing`, stranger)).toBe(404)
    expect(await status(PATH, own)).toBe(403)
    expect(await status(`${PATH}?trustor_user_id=${w.userId}`, theirs)).toBe(403)
    const listed = async (query: string, token: string) => {
      const { body } = await api.call('GET', `${PATH}${query}`, { token })
      return body.trusts.map((it: { id: string }) => it.id)
    }
    expect(await listed(`?trustor_user_id=${w.userId}`, own)).toContain(id)
    expect(await listed(`?trustee_user_id=${trustee}`, theirs)).toContain(id)
    expect(await listed(`?trustor_user_id=${w.userId}&trustee_user_id=${fourth}`, w.admin)).not.toContain(id)
    expect(await listed('', w.admin)).toContain(id)
    const { body } = await api.call('GET', `${PATH}?trustor_user_id=${w.userId}`, { token: own })
    expect(body.trusts[0]).not.toHaveProperty('roles')
    expect((await remove(id, theirs)).status).toBe(403)
    expect((await remove(id, stranger)).status).toBe(403)
    expect((await remove(id)).status).toBe(204)
    expect((await remove(id)).status).toBe(404)
  })
})

describe('what ends its tokens', () => {
  let pilots = 0
  const pilot = async () => {
    pilots += 1
    const role = await w.create('roles', 'role', { name: `pilot-${pilots}` })
    const grant = `/v3/projects/${w.project}/users/${w.userId}/roles/${role}`
    await w.put(grant)
    return { role, grant }
  }

  test('its deletion, and nothing else does', async () => {
    const [one, other] = [await create(), await create()]
    const [gone, stays] = [await tokenBy('trustee', one.id), await tokenBy('trustee', other.id)]
    await remove(one.id)
    expect([await works(gone), await works(stays), await works(own)]).toEqual([false, true, true])
  })

  test.each([true, false])('a role taken from the trustor (impersonation: %s)', async impersonation => {
    const { role, grant } = await pilot()
    const { id } = await create({ impersonation, roles: [{ id: role }, { name: 'reader' }] })
    const token = await tokenBy('trustee', id)
    await api.call('DELETE', grant, { token: w.admin })
    expect(await works(token)).toBe(false)
    expect((await by('trustee', id)).status).toBe(401)
    await w.put(grant)
    expect((await by('trustee', id)).status).toBe(201)
    await api.call('DELETE', `/v3/roles/${role}`, { token: w.admin })
    expect(names((await by('trustee', id)).body.token.roles)).toEqual(['reader'])
    own = await freshToken()
  })

  test.each<[string, boolean, () => string]>([
    ['the trustor', true, () => w.userId],
    ['the trustor', false, () => w.userId],
    ['the trustee', true, () => trustee],
    ['the trustee', false, () => trustee],
  ])('%s disabled (impersonation: %s)', async (_, impersonation, who) => {
    const { id } = await create({ impersonation })
    const token = await tokenBy('trustee', id)
    const able = (enabled: boolean) =>
      api.call('PATCH', `/v3/users/${who()}`, { token: w.admin, body: { user: { enabled } } })
    await able(false)
    expect(await works(token)).toBe(false)
    expect((await by('trustee', id)).status).toBe(401)
    await able(true)
    expect((await by('trustee', id)).status).toBe(201)
    own = await freshToken()
  })

  test('the domain of the trustor disabled, and the trustor deleted with it', async () => {
    const domain = await w.create('domains', 'domain', { name: 'afar' })
    const trustor = await w.create('users', 'user', { name: 'afar', password: 'x', domain_id: domain })
    await w.put(`/v3/projects/${w.project}/users/${trustor}/roles/${w.role('member')}`)
    const { headers } = await api.login({ id: trustor, password: 'x' }, { project: { id: w.project } })
    const { id } = await create({ trustor_user_id: trustor }, String(headers['x-subject-token']))
    const token = await tokenBy('trustee', id)
    await api.call('PATCH', `/v3/domains/${domain}`, { token: w.admin, body: { domain: { enabled: false } } })
    expect(await works(token)).toBe(false)
    expect((await by('trustee', id)).status).toBe(401)
    await api.call('DELETE', `/v3/domains/${domain}`, { token: w.admin })
    expect((await api.call('GET', `${PATH}/${id}`, { token: w.admin })).status).toBe(404)
  })

  test('its deletion, however it races with logins', async () => {
    for (const remaining_uses of [null, 1_000]) {
      const { id } = await create({ remaining_uses })
      const tokens: string[] = []
      let racing = true
      const trustees = [0, 1, 2].map(async () => {
        while (racing) {
          const { status, headers } = await by('trustee', id)
          if (status === 201) tokens.push(String(headers['x-subject-token']))
        }
      })
      await eventually(() => tokens.length > 2)
      await remove(id)
      racing = false
      await Promise.all(trustees)
      for (const token of tokens) expect(await works(token)).toBe(false)
    }
  })
})
