import { createHash } from 'node:crypto'
import { eventually } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { type Slapd, SUFFIX, startSlapd } from './slapd.ts'
import { type World, world } from './world.ts'

let slapd: Slapd
let api: TestApp
let w: World
/** of the people in the directory */
let domain: string
const LDAP = {
  user: `cn=reader,${SUFFIX}`,
  suffix: SUFFIX,
  user_tree_dn: `ou=people,${SUFFIX}`,
  user_id_attribute: 'uid',
  user_name_attribute: 'cn',
  user_enabled_attribute: 'employeeType',
  group_tree_dn: `ou=groups,${SUFFIX}`,
  group_name_attribute: 'cn',
  page_size: 3,
}

const person = (uid: string, more: Record<string, string | string[]> = {}) =>
  slapd.add(`uid=${uid},ou=people`, {
    objectClass: 'inetOrgPerson',
    uid,
    cn: uid,
    sn: uid,
    userPassword: `${uid}-secret`,
    mail: `${uid}@example.org`,
    ...more,
  })
const dnOf = (uid: string) => `uid=${uid},ou=people,${SUFFIX}`
const group = (cn: string, members: string[]) =>
  slapd.add(`cn=${cn},ou=groups`, { objectClass: 'groupOfNames', cn, member: members.map(dnOf) })

beforeAll(async () => {
  slapd = await startSlapd()
  await slapd.add('', { objectClass: ['dcObject', 'organization'], dc: 'example', o: 'example' })

  for (const ou of ['people', 'groups'])
    await slapd.add(`ou=${ou}`, { objectClass: 'organizationalUnit', ou })
  await slapd.add('cn=reader', {
    objectClass: ['organizationalRole', 'simpleSecurityObject'],
    cn: 'reader',
    userPassword: 'reader-secret',
  })
  await person('ann', { description: 'the first' })
  await person('bob')
  await person('cid', { employeeType: 'FALSE' })
  await person('dup1', { cn: 'dup' })
  await person('dup2', { cn: 'dup' })
  await group('crew', ['ann', 'bob'])
  api = await testApp()
  w = await world(api)
  domain = await w.create('domains', 'domain', { name: 'directory' })
  await configure({ url: slapd.urls.tcp })
  await until(people => people.length === 5)
})
afterAll(async () => {
  await api.close()
  await slapd.close()
})

const put = (of: string, config: unknown) =>
  api.call('PUT', `/v3/domains/${of}/config`, { token: w.admin, body: { config } })
async function configure(ldap: Record<string, unknown>, of = domain) {
  const made = await put(of, {
    identity: { driver: 'ldap' },
    ldap: { ...LDAP, password: 'reader-secret', ...ldap },
  })
  expect(made.status).toBeLessThan(300)
}
/** What a configuration says counts within a second. */
const until = (is: (people: Person[]) => boolean, of = domain) =>
  eventually(async () => is((await get(`users?domain_id=${of}`)).body.users ?? []))
interface Person {
  name: string
  enabled: boolean
}
const find = (people: Person[], name: string) => people.find(it => it.name === name)
const get = (path: string, token = w.admin) => api.call('GET', `/v3/${path}`, { token })
const idOf = (kind: 'user' | 'group', localId: string) =>
  createHash('sha256').update(`${domain}${kind}${localId}`).digest('hex')
const named = (rows: { name: string }[]) => rows.map(row => row.name).sort()
const login = (name: string, password = `${name}-secret`, scope?: unknown) =>
  api.login({ name, password, domain: { name: 'directory' } }, scope)

const tokenOf = (reply: { headers: Record<string, unknown> }) => String(reply.headers['x-subject-token'])
const rescope = (id: string, scope: unknown) =>
  api.call('POST', '/v3/auth/tokens', {
    body: { auth: { identity: { methods: ['token'], token: { id } }, scope } },
  })

describe('its people and groups', () => {
  test('are listed, page by page of the directory, with ids as Keystone makes them', async () => {
    const { body } = await get(`users?domain_id=${domain}`)
    expect(named(body.users)).toEqual(['ann', 'bob', 'cid', 'dup', 'dup'])
    expect(body.users.find((it: { name: string }) => it.name === 'ann')).toMatchObject({
      id: idOf('user', 'ann'),
      domain_id: domain,
      enabled: true,
      email: 'ann@example.org',
      description: 'the first',
    })
    expect(named((await get(`users?domain_id=${domain}&enabled=false`)).body.users)).toEqual(['cid'])
    expect(named((await get(`users?domain_id=${domain}&name=bob`)).body.users)).toEqual(['bob'])
    expect(named((await get(`users?domain_id=${domain}&name__startswith=b`)).body.users)).toEqual(['bob'])
    const pages = []
    let next = `users?domain_id=${domain}&limit=2`
    while (next) {
      const page = (await get(next)).body
      pages.push(...page.users)
      next = page.links.next?.split('/v3/')[1]
    }
    expect(named(pages)).toEqual(['ann', 'bob', 'cid', 'dup', 'dup'])
    const groups = (await get(`groups?domain_id=${domain}`)).body.groups
    expect(groups).toMatchObject([{ id: idOf('group', 'crew'), name: 'crew', domain_id: domain }])
  })

  test('are shown, with who is in what', async () => {
    const [ann, crew] = [idOf('user', 'ann'), idOf('group', 'crew')]
    await get(`users?domain_id=${domain}`)
    await get(`groups?domain_id=${domain}`)
    expect((await get(`users/${ann}`)).body.user.name).toBe('ann')
    expect((await get(`groups/${crew}`)).body.group.name).toBe('crew')
    expect(named((await get(`groups/${crew}/users`)).body.users)).toEqual(['ann', 'bob'])
    expect(named((await get(`users/${ann}/groups`)).body.groups)).toEqual(['crew'])
    const isIn = async (uid: string) =>
      (await api.call('HEAD', `/v3/groups/${crew}/users/${idOf('user', uid)}`, { token: w.admin })).status
    expect([await isIn('ann'), await isIn('cid')]).toEqual([204, 404])
    expect((await get(`users/${'0'.repeat(64)}`)).status).toBe(404)
  })

  test('follow the directory', async () => {
    await person('eve')
    await get(`users?domain_id=${domain}&name=eve`)
    const eve = idOf('user', 'eve')
    await slapd.replace('uid=eve,ou=people', 'cn', ['Evelyn'])
    expect((await get(`users/${eve}`)).body.user.name).toBe('Evelyn')
    expect(named((await get(`users?domain_id=${domain}`)).body.users)).toContain('Evelyn')
    await slapd.remove('uid=eve,ou=people')
    expect((await get(`users/${eve}`)).status).toBe(404)
    expect(named((await get(`users?domain_id=${domain}`)).body.users)).not.toContain('Evelyn')
    await person('eve')
    expect(named((await get(`users?domain_id=${domain}`)).body.users)).toContain('eve')
    expect((await get(`users/${eve}`)).body.user).toMatchObject({ id: eve, name: 'eve', enabled: true })
    await slapd.remove('uid=eve,ou=people')
    expect(named((await get(`users?domain_id=${domain}`)).body.users)).not.toContain('eve')
  })

  test('cannot be changed here', async () => {
    await get(`users?domain_id=${domain}`)
    await get(`groups?domain_id=${domain}`)
    const [ann, crew] = [idOf('user', 'ann'), idOf('group', 'crew')]
    const refused = async (method: 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, body?: unknown) => {
      const { status, text } = await api.call(method, `/v3/${path}`, {
        token: w.admin,
        ...(body ? { body } : {}),
      })
      expect({ path, status, text }).toMatchObject({ status: 403, text: expect.stringMatching(/directory/) })
    }
    await refused('POST', 'users', { user: { name: 'new', domain_id: domain } })
    await refused('PATCH', `users/${ann}`, { user: { description: 'd' } })
    await refused('DELETE', `users/${ann}`)
    await refused('POST', `users/${ann}/password`, { user: { original_password: 'a', password: 'b' } })
    await refused('POST', 'groups', { group: { name: 'new', domain_id: domain } })
    await refused('PATCH', `groups/${crew}`, { group: { description: 'd' } })
    await refused('DELETE', `groups/${crew}`)
    await refused('PUT', `groups/${crew}/users/${ann}`)
    await refused('DELETE', `groups/${crew}/users/${ann}`)
  })
})

describe('a login', () => {
  const project = () => ({ project: { id: w.project } })

  test('is by the password there, by name or by id, and roles come by the groups there', async () => {
    const first = await login('ann')
    expect(first.status).toBe(201)
    const ann = idOf('user', 'ann')
    expect(first.body.token).toMatchObject({
      methods: ['password'],
      user: { id: ann, name: 'ann', domain: { id: domain, name: 'directory' } },
    })
    expect((await api.login({ id: ann, password: 'ann-secret' })).status).toBe(201)
    expect((await api.login({ name: 'ann', password: 'ann-secret', domain: { id: domain } })).status).toBe(
      201,
    )
    expect((await login('ann', 'ann-secret', project())).status).toBe(401)
    await w.put(`/v3/projects/${w.project}/groups/${idOf('group', 'crew')}/roles/${w.role('member')}`)
    const scoped = await login('ann', 'ann-secret', project())
    expect(scoped.body.token.roles.map((it: { name: string }) => it.name)).toContain('member')
    expect((await rescope(tokenOf(first), project())).status).toBe(201)
    const own = await get('auth/projects', tokenOf(first))
    expect(own.body.projects).toMatchObject([{ id: w.project }])
  })

  test.each([
    ['a wrong password', 'ann', 'wrong'],
    ['no password, which servers take for no login', 'ann', ''],
    ['nobody there', 'nobody', 'nobody-secret'],
    ['somebody disabled there', 'cid', 'cid-secret'],
    ['one of two with the same name', 'dup', 'dup1-secret'],
    ['a filter instead of a name', '*', 'ann-secret'],
    ['a filter around a name', 'ann)(cn=*', 'ann-secret'],
    ['a name escaped as in a filter', '\\61nn', 'ann-secret'],
    ['a DN instead of a name', `uid=ann,ou=people,${SUFFIX}`, 'ann-secret'],
  ])('not by %s', async (_, name, password) => {
    const refused = await login(name, password)
    expect(refused.status).toBe(401)
    expect(refused.body.error.message).toBe('The request you have made requires authentication.')
  })

  test('whose groups change there loses or gains by it, whose entry goes all', async () => {
    await w.put(`/v3/projects/${w.project}/groups/${idOf('group', 'crew')}/roles/${w.role('member')}`)
    await person('fay')
    await slapd.replace('cn=crew,ou=groups', 'member', ['ann', 'bob', 'fay'].map(dnOf))
    const before = tokenOf(await login('fay', 'fay-secret', project()))
    await slapd.replace('cn=crew,ou=groups', 'member', ['ann', 'bob'].map(dnOf))
    const unscoped = await login('fay')
    expect(unscoped.status).toBe(201)
    expect((await get('auth/projects', before)).status).toBe(401)
    expect((await rescope(tokenOf(unscoped), project())).status).toBe(401)
    expect((await get('auth/projects', tokenOf(unscoped))).status).toBe(200)
    await slapd.remove('uid=fay,ou=people')
    expect((await login('fay')).status).toBe(401)
    await get(`users?domain_id=${domain}`)
    expect((await get('auth/projects', tokenOf(unscoped))).status).toBe(401)
  })

  test('of a user of our own in that domain is as before', async () => {
    const other = await w.create('domains', 'domain', { name: 'both' })
    await w.create('users', 'user', { name: 'ann', password: 'own-secret', domain_id: other })
    await configure({ url: slapd.urls.tcp }, other)
    const as = (name: string, password: string) => api.login({ name, password, domain: { id: other } })
    await until(people => people.length === 6, other)
    expect((await as('bob', 'bob-secret')).status).toBe(201)
    expect((await as('ann', 'own-secret')).status).toBe(201)
    expect((await as('ann', 'ann-secret')).status).toBe(401)
  })

  test('goes on by what was lent, until the directory says otherwise', async () => {
    await w.put(`/v3/projects/${w.project}/groups/${idOf('group', 'crew')}/roles/${w.role('member')}`)
    await person('gil')
    await slapd.replace('cn=crew,ou=groups', 'member', ['ann', 'bob', 'gil'].map(dnOf))
    const token = tokenOf(await login('gil', 'gil-secret', project()))
    const made = await api.call('POST', `/v3/users/${idOf('user', 'gil')}/application_credentials`, {
      token,
      body: { application_credential: { name: 'program' } },
    })
    const { id, secret } = made.body.application_credential
    const program = () =>
      api.call('POST', '/v3/auth/tokens', {
        body: {
          auth: { identity: { methods: ['application_credential'], application_credential: { id, secret } } },
        },
      })
    expect((await program()).status).toBe(201)
    await slapd.remove('uid=gil,ou=people')
    const now = Date.now
    Date.now = () => now() + 61_000
    try {
      expect((await program()).status).toBe(401)
    } finally {
      Date.now = now
    }
    await slapd.replace('cn=crew,ou=groups', 'member', ['ann', 'bob'].map(dnOf))
  })
})

describe('a directory that is away', () => {
  const waits = async () => {
    const began = performance.now()
    const replies = [
      await login('ann'),
      await get(`users?domain_id=${domain}`),
      await get(`groups?domain_id=${domain}`),
    ]
    expect(performance.now() - began).toBeLessThan(12_000)
    for (const { status, headers } of replies)
      expect({ status, after: headers['retry-after'] }).toEqual({ status: 503, after: '5' })
    expect((await api.login(w.user)).status).toBe(201)
    expect((await get('users?domain_id=default')).status).toBe(200)
  }

  test('is a 503 for its domain, and for nobody else', async () => {
    await slapd.stop()
    await waits()
    await slapd.start()
    await eventually(async () => (await login('ann')).status === 201)
  })

  test('and so is one that hears and does not answer', async () => {
    slapd.freeze(true)
    try {
      await waits()
    } finally {
      slapd.freeze(false)
    }
    await eventually(async () => (await login('ann')).status === 201)
  })

  test('another address of it is tried', async () => {
    await configure({ url: `ldap://127.0.0.1:1,${slapd.urls.socket}` })
    await eventually(async () => (await login('ann')).status === 201)
    await configure({ url: slapd.urls.tcp })
  })

  test('nor does it do to list more than it gives at once, without pages', async () => {
    const everything = { user_tree_dn: SUFFIX, user_objectclass: 'top', query_scope: 'sub' }
    await configure({ url: slapd.urls.tcp, ...everything, page_size: 0 })
    await eventually(async () => (await get(`users?domain_id=${domain}`)).status === 503)
    await configure({ url: slapd.urls.tcp })
    await until(people => people.length === 5)
  })

  test('by TLS its certificate is checked', async () => {
    const status = async () => (await login('ann')).status
    for (const tls of [{ url: slapd.urls.tls }, { url: slapd.urls.tcp, use_tls: true }]) {
      await configure(tls)
      await eventually(async () => (await status()) === 503)
      await configure({ ...tls, tls_cacertfile: slapd.authority })
      await eventually(async () => (await status()) === 201)
      await configure({ ...tls, tls_req_cert: 'never' })
      expect(await status()).toBe(201)
    }
    await configure({ url: slapd.urls.tcp })
  })

  test.each([
    ['a wrong password of the reader', { password: 'wrong' }],
    ['a tree that is not there', { user_tree_dn: `ou=nothing,${SUFFIX}` }],
    ['a filter that is none', { user_filter: '((' }],
    ['an address that is none', { url: 'directory' }],
    ['a certificate that is not there', { url: 'ldaps://127.0.0.1:1', tls_cacertfile: '/nothing' }],
    ['a scope that is none', { query_scope: 'all' }],
  ])('nor is it any use with %s', async (_, change) => {
    await configure({ url: slapd.urls.tcp, ...change })
    await eventually(async () => (await login('ann')).status === 503)
    await configure({ url: slapd.urls.tcp })
    await eventually(async () => (await login('ann')).status === 201)
  })
})

test('options of the configuration change what is read', async () => {
  const names = (people: Person[]) => named(people).join()
  await configure({ url: slapd.urls.tcp, user_filter: '(|(uid=ann)(uid=cid))' })
  await until(people => names(people) === 'ann,cid')
  await configure({ url: slapd.urls.tcp, user_enabled_invert: true })
  await until(people => find(people, 'cid')?.enabled === true)
  expect((await login('cid')).status).toBe(201)
  expect((await login('ann')).status).toBe(401)
  await configure({ url: slapd.urls.tcp, user_attribute_ignore: ['enabled', 'email'] })
  await until(people => people.length === 5 && people.every(it => it.enabled))
  expect((await get(`users/${idOf('user', 'cid')}`)).body.user).not.toHaveProperty('email')
  const emulation = { user_enabled_emulation: true, user_enabled_emulation_dn: `cn=crew,ou=groups,${SUFFIX}` }
  await configure({ url: slapd.urls.tcp, ...emulation })
  await until(people => find(people, 'cid')?.enabled === false)
  expect((await login('cid')).status).toBe(401)
  expect((await login('ann')).status).toBe(201)
  await configure({ url: slapd.urls.tcp })
})

test('without the driver it is a domain like others again, whose people of the directory are away', async () => {
  await put(domain, { ldap: { ...LDAP, url: slapd.urls.tcp } })
  await eventually(async () => (await addLocal()).status === 201)
  expect((await login('ann')).status).toBe(401)
})
const addLocal = () =>
  api.call('POST', '/v3/users', {
    token: w.admin,
    body: { user: { name: `local-${Date.now()}`, domain_id: domain } },
  })
