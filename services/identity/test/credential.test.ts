import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
let own: string
let reader: string
beforeAll(async () => {
  api = await testApp()
  w = await world(api)
  await w.put(`/v3/system/users/${w.userId}/roles/${w.role('reader')}`)
  own = await tokenFor({ project: { id: w.project } })
  reader = await tokenFor({ system: { all: true } })
})
afterAll(() => api.close())

const tokenFor = async (scope: unknown) => {
  const { headers } = await api.login(w.user, scope)
  return String(headers['x-subject-token'])
}
const call = (
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  { token = own, fields }: { token?: string; fields?: Record<string, unknown> } = {},
) =>
  api.call(method, `/v3/credentials${path}`, { token, ...(fields ? { body: { credential: fields } } : {}) })
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const keyPair = (access: string, more = {}) => JSON.stringify({ access, secret: 's3cret', ...more })

test('a credential is made, shown, changed and deleted by its owner', async () => {
  const fields = { user_id: w.userId, type: 'cert', blob: 'PEM', note: 'mine' }
  const made = await call('POST', '', { fields })
  expect(made.status).toBe(201)
  const { id } = made.body.credential
  expect(made.body.credential).toEqual({
    ...fields,
    id,
    project_id: null,
    links: { self: expect.stringMatching(new RegExp(`/v3/credentials/${id}$`)) },
  })
  expect((await call('GET', `/${id}`)).body).toEqual(made.body)
  const changed = await call('PATCH', `/${id}`, { fields: { blob: 'new', type: 'any', note: 'n' } })
  expect(changed.body.credential).toMatchObject({ blob: 'new', type: 'any', note: 'n', project_id: null })
  expect((await call('GET', `/${id}`)).body).toEqual(changed.body)
  expect((await call('DELETE', `/${id}`)).status).toBe(204)
  expect((await call('GET', `/${id}`)).status).toBe(403)
  expect((await call('GET', `/${id}`, { token: w.admin })).status).toBe(404)
})

test('an EC2 key pair has the hash of its access key as its id, needs a project, and is there once', async () => {
  const fields = { user_id: w.userId, project_id: w.project, type: 'ec2', blob: keyPair('AK1') }
  const made = await call('POST', '', { fields })
  expect(made.body.credential).toMatchObject({ id: sha256('AK1'), blob: keyPair('AK1') })
  expect((await call('POST', '', { fields })).status).toBe(409)
  for (const wrong of [{ project_id: null }, { blob: 'no json' }, { blob: '[]' }, { blob: '{"secret":"x"}' }])
    expect((await call('POST', '', { fields: { ...fields, ...wrong } })).status).toBe(400)
  const { id } = made.body.credential
  expect((await call('PATCH', `/${id}`, { fields: { blob: '{}' } })).status).toBe(400)
  expect((await call('PATCH', `/${id}`, { fields: { project_id: null } })).status).toBe(400)
  const tied = { blob: keyPair('AK1', { trust_id: 'somebody’s' }) }
  expect((await call('PATCH', `/${id}`, { fields: tied })).status).toBe(400)
  const moved = { blob: keyPair('AK2'), project_id: w.otherProject }
  expect((await call('PATCH', `/${id}`, { fields: moved })).body.credential).toMatchObject({ ...moved, id })
  expect((await call('DELETE', `/${id}`)).status).toBe(204)
})

test('what is stored cannot be read in the database', async () => {
  const blob = 'plain-text-of-a-secret'
  const { body } = await call('POST', '', { fields: { user_id: w.userId, type: 'cert', blob } })
  const row = await api.deps.db.credential.findUniqueOrThrow({ where: { id: body.credential.id } })
  expect(Buffer.from(row.blob_sealed).includes(blob)).toBe(false)
  expect(JSON.stringify({ ...row, blob_sealed: '' })).not.toContain(blob)
})

describe('whose it is', () => {
  let others: string
  let mine: string
  beforeAll(async () => {
    const make = async (token: string, user_id: string) => {
      const { status, body } = await call('POST', '', { token, fields: { user_id, type: 'of', blob: 'x' } })
      expect(status).toBe(201)
      return body.credential.id
    }
    others = await make(w.admin, w.noPassword)
    mine = await make(own, w.userId)
  })
  const listed = async (token: string, query = '') => {
    const { body } = await call('GET', query, { token })
    return body.credentials.map((it: { id: string }) => it.id)
  }

  test('one sees and changes one’s own, and nothing of others', async () => {
    expect(await listed(own, '?type=of')).toEqual([mine])
    expect(await listed(own, `?user_id=${w.noPassword}`)).toEqual([])
    const fields = { user_id: w.noPassword, type: 'x', blob: 'x' }
    expect((await call('POST', '', { fields })).status).toBe(403)
    for (const method of ['GET', 'DELETE'] as const)
      expect((await call(method, `/${others}`)).status).toBe(403)
    expect((await call('PATCH', `/${others}`, { fields: { blob: 'y' } })).status).toBe(403)
    expect((await call('PATCH', `/${mine}`, { fields: { user_id: w.noPassword } })).status).toBe(403)
    expect((await call('PATCH', `/${others}`, { fields: { user_id: w.userId } })).status).toBe(403)
  })

  test('a reader of the system sees all and changes none', async () => {
    expect(await listed(reader, '?type=of')).toEqual([others, mine])
    expect((await call('GET', `/${others}`, { token: reader })).status).toBe(200)
    expect((await call('DELETE', `/${others}`, { token: reader })).status).toBe(403)
  })

  test('an administrator does all, with filters', async () => {
    expect(await listed(w.admin, `?type=of&user_id=${w.noPassword}`)).toEqual([others])
    const given = await call('PATCH', `/${others}`, { token: w.admin, fields: { user_id: w.userId } })
    expect(given.body.credential.user_id).toBe(w.userId)
    const nobody = await call('PATCH', `/${others}`, { token: w.admin, fields: { user_id: 'nobody' } })
    expect(nobody.status).toBe(404)
    const nowhere = { user_id: w.userId, type: 'x', blob: 'x', project_id: 'nowhere' }
    expect((await call('POST', '', { token: w.admin, fields: nowhere })).status).toBe(404)
  })

  test('they go with their user and with their project', async () => {
    const user = await w.create('users', 'user', { name: 'short-lived' })
    const project = await w.create('projects', 'project', { name: 'short-lived' })
    const make = (fields: Record<string, unknown>) =>
      call('POST', '', { token: w.admin, fields: { type: 'short', blob: 'x', ...fields } })
    await make({ user_id: user })
    await make({ user_id: w.userId, project_id: project })
    expect(await listed(w.admin, '?type=short')).toHaveLength(2)
    await api.call('DELETE', `/v3/users/${user}`, { token: w.admin })
    await api.call('DELETE', `/v3/projects/${project}`, { token: w.admin })
    expect(await listed(w.admin, '?type=short')).toEqual([])
  })
})

describe('EC2 key pairs under their user', () => {
  const ec2 = (method: 'GET' | 'POST' | 'DELETE', path = '', token = own, user = w.userId) =>
    api.call(method, `/v3/users/${user}/credentials/OS-EC2${path}`, {
      token,
      ...(method === 'POST' ? { body: { tenant_id: w.project } } : {}),
    })

  test('are made with keys of our choice, listed, shown and deleted', async () => {
    const { status, body } = await ec2('POST')
    expect(status).toBe(201)
    const { access } = body.credential
    expect(body.credential).toEqual({
      access: expect.stringMatching(/^[0-9a-f]{32}$/),
      secret: expect.stringMatching(/^[0-9a-f]{32}$/),
      user_id: w.userId,
      tenant_id: w.project,
      trust_id: null,
      links: { self: expect.stringMatching(new RegExp(`/users/${w.userId}/credentials/OS-EC2/${access}$`)) },
    })
    expect((await ec2('GET', `/${access}`)).body).toEqual(body)
    expect((await ec2('GET')).body.credentials).toEqual([body.credential])
    expect((await call('GET', `/${sha256(access)}`)).body.credential).toMatchObject({ type: 'ec2' })
    expect((await ec2('DELETE', `/${access}`)).status).toBe(204)
    expect((await ec2('GET', `/${access}`)).status).toBe(404)
    expect((await ec2('DELETE', `/${access}`)).status).toBe(404)
  })

  test('are for their user and administrators', async () => {
    const others = (await ec2('POST', '', w.admin, w.noPassword)).body.credential
    expect(others.user_id).toBe(w.noPassword)
    expect((await ec2('GET', `/${others.access}`, own, w.noPassword)).status).toBe(403)
    expect((await ec2('GET', `/${others.access}`)).status).toBe(404)
    expect((await ec2('DELETE', `/${others.access}`)).status).toBe(404)
    expect((await ec2('POST', '', own, w.noPassword)).status).toBe(403)
    expect((await ec2('GET', '', reader, w.noPassword)).body.credentials).toHaveLength(1)
    expect((await ec2('POST', '', reader, w.noPassword)).status).toBe(403)
    expect((await ec2('GET', '', w.admin, 'nobody')).status).toBe(404)
    expect((await ec2('POST', '', w.admin, 'nobody')).status).toBe(404)
  })
})
