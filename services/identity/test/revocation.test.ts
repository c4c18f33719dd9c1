import { silentLogger } from '@caelum/kernel'
import { openTrust, subject, TokenVerifier } from '@caelum/token'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { issue, type TestApp, testApp, testDeps } from './app.ts'
import { type World, world } from './world.ts'

let api: TestApp
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

/** The tokens whose fate each line of the table tells. */
const KINDS = ['project', 'other', 'domain', 'system', 'unscoped', 'somebody'] as const
type Kind = (typeof KINDS)[number]

interface Stage extends World {
  group: string
  member: string
  tokens: Record<Kind, string>
}

let stages = 0
/** A user with a token of every kind, and somebody else in the same project with theirs. */
async function stage(): Promise<Stage> {
  stages += 1
  const name = `s${stages}`
  const w = await world(api, name)
  const member = w.role('member')
  const group = await w.create('groups', 'group', { name: `${name}-group` })
  const somebody = await w.create('users', 'user', { name: `${name}-somebody`, password: 'x' })
  await w.put(`/v3/projects/${w.project}/users/${somebody}/roles/${member}`)
  await w.put(`/v3/groups/${group}/users/${w.userId}`)
  await w.put(`/v3/projects/${w.otherProject}/groups/${group}/roles/${member}`)
  const token = async (user: Record<string, unknown>, scope: unknown) => {
    const { status, headers } = await api.login(user, scope)
    expect(status).toBe(201)
    return String(headers['x-subject-token'])
  }
  return {
    ...w,
    group,
    member,
    tokens: {
      project: await token(w.user, { project: { id: w.project } }),
      other: await token(w.user, { project: { id: w.otherProject } }),
      domain: await token(w.user, { domain: { id: w.domain } }),
      system: await token(w.user, { system: { all: true } }),
      unscoped: await token(w.user, 'unscoped'),
      somebody: await token({ id: somebody, password: 'x' }, { project: { id: w.project } }),
    },
  }
}

async function alive(s: Stage): Promise<Kind[]> {
  const living: Kind[] = []
  for (const kind of KINDS) {
    const { status } = await api.call('GET', '/v3/auth/projects', { token: s.tokens[kind] })
    if (status === 200) living.push(kind)
  }
  return living
}

type Call = { status: number }
const change = (url: string, body: unknown) => (s: Stage) =>
  api.call('PATCH', `/v3/${url}`, { token: s.admin, body })
const ALL: Kind[] = [...KINDS]
const without = (...gone: Kind[]) => ALL.filter(kind => !gone.includes(kind))
const OWN: Kind[] = ['project', 'other', 'domain', 'system', 'unscoped']

/** What takes tokens away, and whose: docs/identity.md has it in words. */
const TABLE: [name: string, act: (s: Stage) => Promise<Call>, left: Kind[]][] = [
  [
    'DELETE of the token itself',
    s =>
      api.call('DELETE', '/v3/auth/tokens', {
        token: s.admin,
        headers: { 'x-subject-token': s.tokens.project },
      }),
    without('project'),
  ],
  [
    'a change of one’s own password',
    s =>
      api.call('POST', `/v3/users/${s.userId}/password`, {
        token: s.tokens.unscoped,
        body: { user: { original_password: s.user.password, password: 'new-secret' } },
      }),
    without(...OWN),
  ],
  [
    'a new password by an administrator',
    s => change(`users/${s.userId}`, { user: { password: 'n' } })(s),
    without(...OWN),
  ],
  ['the user disabled', s => change(`users/${s.userId}`, { user: { enabled: false } })(s), without(...OWN)],
  ['the user deleted', s => api.call('DELETE', `/v3/users/${s.userId}`, { token: s.admin }), without(...OWN)],
  [
    'the project disabled',
    s => change(`projects/${s.project}`, { project: { enabled: false } })(s),
    without('project', 'somebody'),
  ],
  [
    'the project deleted',
    s => api.call('DELETE', `/v3/projects/${s.project}`, { token: s.admin }),
    without('project', 'somebody'),
  ],
  [
    'the domain disabled',
    s => change(`domains/${s.domain}`, { domain: { enabled: false } })(s),
    without('domain'),
  ],
  [
    'the role of the user in the project removed',
    s =>
      api.call('DELETE', `/v3/projects/${s.project}/users/${s.userId}/roles/${s.member}`, { token: s.admin }),
    without('project'),
  ],
  [
    'the role of the user in the domain removed',
    s =>
      api.call('DELETE', `/v3/domains/${s.domain}/users/${s.userId}/roles/${s.member}`, { token: s.admin }),
    without('domain'),
  ],
  [
    'the role of the user on the system removed',
    s => api.call('DELETE', `/v3/system/users/${s.userId}/roles/${s.member}`, { token: s.admin }),
    without('system'),
  ],
  [
    'the role of the group in the other project removed',
    s =>
      api.call('DELETE', `/v3/projects/${s.otherProject}/groups/${s.group}/roles/${s.member}`, {
        token: s.admin,
      }),
    without('other'),
  ],
  [
    'the user taken out of the group',
    s => api.call('DELETE', `/v3/groups/${s.group}/users/${s.userId}`, { token: s.admin }),
    without('other'),
  ],
  [
    'the group deleted',
    s => api.call('DELETE', `/v3/groups/${s.group}`, { token: s.admin }),
    without('other'),
  ],
  ['the user renamed', s => change(`users/${s.userId}`, { user: { name: `${s.userId}-new` } })(s), ALL],
  [
    'the project renamed',
    s => change(`projects/${s.project}`, { project: { name: `${s.userId}-new` } })(s),
    ALL,
  ],
  [
    'a role added',
    async s => {
      await s.put(`/v3/projects/${s.project}/users/${s.userId}/roles/${s.role('admin')}`)
      return { status: 204 }
    },
    ALL,
  ],
]

describe('tokens that end, and those that do not, at once', () => {
  test.each(TABLE)('%s', async (_, act, left) => {
    const s = await stage()
    expect(await alive(s)).toEqual(ALL)
    expect((await act(s)).status).toBeLessThan(300)
    expect(await alive(s)).toEqual(left)
    for (const kind of ALL.filter(it => !left.includes(it))) {
      const shown = await api.call('GET', '/v3/auth/tokens', {
        token: s.admin,
        headers: { 'x-subject-token': s.tokens[kind] },
      })
      expect(shown.status).toBe(404)
    }
  })

  test('a role renamed or deleted, or an implication deleted, ends the tokens that show it', async () => {
    const s = await stage()
    const [prior, implied] = [
      await s.create('roles', 'role', { name: 'prior' }),
      await s.create('roles', 'role', { name: 'implied' }),
    ]
    await s.put(`/v3/roles/${prior}/implies/${implied}`)
    await s.put(`/v3/projects/${s.project}/users/${s.userId}/roles/${prior}`)
    const fresh = async () => {
      const { headers, body } = await api.login(s.user, { project: { id: s.project } })
      return {
        token: String(headers['x-subject-token']),
        roles: body.token.roles.map((r: { name: string }) => r.name),
      }
    }
    const works = async (token: string) =>
      (await api.call('GET', '/v3/auth/projects', { token })).status === 200
    const first = await fresh()
    expect(first.roles).toEqual(['implied', 'member', 'prior', 'reader'])
    await change(`roles/${implied}`, { role: { name: 'renamed' } })(s)
    expect(await works(first.token)).toBe(false)
    const renamed = await fresh()
    expect(renamed.roles).toEqual(['member', 'prior', 'reader', 'renamed'])
    await api.call('DELETE', `/v3/roles/${prior}/implies/${implied}`, { token: s.admin })
    expect(await works(renamed.token)).toBe(false)
    const second = await fresh()
    expect(second.roles).toEqual(['member', 'prior', 'reader'])
    await api.call('DELETE', `/v3/roles/${prior}`, { token: s.admin })
    expect(await works(second.token)).toBe(false)
    const third = await fresh()
    expect(third.roles).toEqual(['member', 'reader'])
    await change(`roles/${implied}`, { role: { name: 'again' } })(s)
    expect(await works(third.token)).toBe(true)
    expect(await works(s.tokens.project)).toBe(true)
  })

  test('an inherited role removed ends the tokens of every project below', async () => {
    const s = await stage()
    const child = await s.create('projects', 'project', {
      name: `${s.project}-child`,
      parent_id: s.otherProject,
    })
    const grandchild = await s.create('projects', 'project', { name: `${s.project}-grand`, parent_id: child })
    const grant = `/v3/OS-INHERIT/projects/${s.otherProject}/groups/${s.group}/roles/${s.member}/inherited_to_projects`
    await s.put(grant)
    const { headers } = await api.login(s.user, { project: { id: grandchild } })
    const token = String(headers['x-subject-token'])
    expect((await api.call('GET', '/v3/auth/projects', { token })).status).toBe(200)
    expect((await api.call('DELETE', grant, { token: s.admin })).status).toBe(204)
    expect((await api.call('GET', '/v3/auth/projects', { token })).status).toBe(401)
    expect(await alive(s)).toEqual(ALL)
  })

  test('a token made from another ends with it, and not the other way round', async () => {
    const s = await stage()
    const child = await api.call('POST', '/v3/auth/tokens', {
      body: {
        auth: {
          identity: { methods: ['token'], token: { id: s.tokens.unscoped } },
          scope: { project: { id: s.project } },
        },
      },
    })
    const token = String(child.headers['x-subject-token'])
    await api.call('DELETE', '/v3/auth/tokens', {
      token: s.admin,
      headers: { 'x-subject-token': s.tokens.project },
    })
    expect((await api.call('GET', '/v3/auth/projects', { token })).status).toBe(200)
    await api.call('DELETE', '/v3/auth/tokens', {
      token: s.admin,
      headers: { 'x-subject-token': s.tokens.unscoped },
    })
    expect((await api.call('GET', '/v3/auth/projects', { token })).status).toBe(401)
    const again = await stage()
    const other = await api.call('POST', '/v3/auth/tokens', {
      body: { auth: { identity: { methods: ['token'], token: { id: again.tokens.unscoped } } } },
    })
    await api.call('DELETE', '/v3/auth/tokens', {
      token: again.admin,
      headers: { 'x-subject-token': String(other.headers['x-subject-token']) },
    })
    expect(await alive(again)).toEqual(ALL)
  })
})

test('whoever logs in again right after a revocation has a good token', async () => {
  const s = await stage()
  for (let round = 0; round < 20; round++) {
    const grant = `/v3/projects/${s.otherProject}/users/${s.userId}/roles/${s.member}`
    await s.put(grant)
    await api.call('DELETE', grant, { token: s.admin })
    const { headers } = await api.login(s.user, { project: { id: s.otherProject } })
    const token = String(headers['x-subject-token'])
    expect((await api.call('GET', '/v3/auth/projects', { token })).status).toBe(200)
  }
})

test('another service knows within a second, and after its restart at once', async () => {
  const s = await stage()
  const elsewhere = async () => {
    const trust = await openTrust({ url: api.database.url, log: silentLogger })
    onTestFinished(() => trust.close())
    return new TokenVerifier(trust)
  }
  const running = await elsewhere()
  expect(running.verify(s.tokens.project).sub).toBe(s.userId)
  await change(`users/${s.userId}`, { user: { enabled: false } })(s)
  const revokedAt = performance.now()
  const refuses = (verifier: TokenVerifier) => {
    try {
      verifier.verify(s.tokens.project)
      return false
    } catch {
      return true
    }
  }
  while (!refuses(running)) {
    expect(performance.now() - revokedAt).toBeLessThan(1_000)
    await new Promise(resolve => setImmediate(resolve))
  }
  expect(refuses(await elsewhere())).toBe(true)
})

test('no rescope outlives what was taken away, however they race', async () => {
  const second = await testDeps(api.database.url)
  onTestFinished(() => second.close())
  const s = await stage()
  const rights = `/v3/projects/${s.otherProject}/users/${s.userId}/roles/${s.role('reader')}`
  const auth = {
    identity: { methods: ['token'], token: { id: s.tokens.unscoped } },
    scope: { project: { id: s.otherProject } },
  }
  await api.call('DELETE', `/v3/groups/${s.group}/users/${s.userId}`, { token: s.admin })
  for (let round = 0; round < 15; round++) {
    await s.put(rights)
    let racing = true
    const issued: string[] = []
    const issuer = async () => {
      while (racing) {
        const made = await issue(second, auth).catch(() => null)
        if (made) issued.push(made.text)
      }
    }
    const issuers = [issuer(), issuer(), issuer()]
    await api.call('DELETE', rights, { token: s.admin })
    racing = false
    await Promise.all(issuers)
    const outlived: string[] = []
    for (const token of issued)
      if ((await api.call('GET', '/v3/auth/projects', { token })).status === 200) outlived.push(token)
    expect(outlived).toEqual([])
  }
})

test('a revoked token makes no other, even where its revocation is not known yet', async () => {
  const second = await testDeps(api.database.url)
  onTestFinished(() => second.close())
  const s = await stage()
  const auth = { identity: { methods: ['token'], token: { id: s.tokens.unscoped } } }
  expect((await issue(second, auth)).claims.sub).toBe(s.userId)
  const [, afterwards] = await Promise.all([
    change(`users/${s.userId}`, { user: { password: 'changed' } })(s).then(() => null),
    change(`users/${s.userId}`, { user: { description: 'x' } })(s).then(() =>
      issue(second, auth).then(
        made => made.text,
        () => null,
      ),
    ),
  ])
  if (afterwards !== null)
    expect((await api.call('GET', '/v3/auth/projects', { token: afterwards })).status).toBe(401)
  await expect(issue(second, auth)).rejects.toMatchObject({ status: 404 })
})

test('revocations of many writers reach a reader that looks all the time', async () => {
  const second = await testDeps(api.database.url)
  onTestFinished(() => second.close())
  const trust = await openTrust({ url: api.database.url, log: silentLogger })
  onTestFinished(() => trust.close())
  const ids = Array.from({ length: 60 }, (_, n) => `writer-${n}`)
  let writing = true
  const reader = async () => {
    while (writing) await trust.refresh()
  }
  const reading = reader()
  await Promise.all(
    ids.map(async (id, n) => {
      const deps = n % 2 ? second : api.deps
      await deps.transact(async () => ({ value: undefined, revoked: [subject.user(id)] }))
    }),
  )
  writing = false
  await reading
  await trust.refresh()
  expect(ids.filter(id => trust.revokedUntil(subject.user(id)) === undefined)).toEqual([])
})
