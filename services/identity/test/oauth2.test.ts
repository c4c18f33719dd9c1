import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
let credential: { id: string; secret: string }
beforeAll(async () => {
  api = await testApp()
  const login = await api.login(api.named('demo', 'demo-secret'))
  const { body } = await api.call('POST', `/v3/users/${login.body.token.user.id}/application_credentials`, {
    token: String(login.headers['x-subject-token']),
    body: { application_credential: { name: 'client' } },
  })
  credential = body.application_credential
})
afterAll(() => api.close())

const GRANT = 'grant_type=client_credentials'
const basic = (id = credential.id, secret = credential.secret) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})
const ask = (body: string, headers: Record<string, string> = {}) =>
  api.call('POST', '/v3/OS-OAUTH2/token', {
    body,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  })

test('an application credential gets an access token, which is a token', async () => {
  const { status, headers, body } = await ask(GRANT, basic())
  expect(status).toBe(200)
  expect(headers['cache-control']).toBe('no-store')
  expect(body).toEqual({
    access_token: expect.any(String),
    token_type: 'Bearer',
    expires_in: expect.any(Number),
  })
  expect(body.expires_in).toBeGreaterThan(3_000)
  expect((await api.call('GET', '/v3/auth/projects', { token: body.access_token })).status).toBe(200)
  const bearer = (token: string) =>
    api.call('GET', '/v3/auth/projects', { headers: { authorization: `Bearer ${token}` } })
  expect((await bearer(body.access_token)).status).toBe(200)
  expect((await bearer('nonsense')).status).toBe(401)
})

test('also with id and secret in the form', async () => {
  const { id, secret } = credential
  expect((await ask(`${GRANT}&client_id=${id}&client_secret=${secret}`)).status).toBe(200)
})

test.each<[string, string, () => Record<string, string>, number, string]>([
  ['a wrong secret', GRANT, () => basic(credential.id, 'wrong'), 401, 'invalid_client'],
  ['a wrong id', GRANT, () => basic('nobody'), 401, 'invalid_client'],
  ['nobody', GRANT, () => ({}), 401, 'invalid_client'],
  ['no secret', GRANT, () => basic(credential.id, ''), 401, 'invalid_client'],
  ['nonsense', GRANT, () => ({ authorization: 'Basic !' }), 401, 'invalid_client'],
  ['no kind of grant', 'x=y', () => basic(), 400, 'invalid_request'],
  ['another kind of grant', 'grant_type=password', () => basic(), 400, 'unsupported_grant_type'],
])('%s is refused as OAuth says', async (_, form, headers, status, error) => {
  const answer = await ask(form, headers())
  expect(answer.status).toBe(status)
  expect(answer.body).toEqual({ error, error_description: expect.any(String) })
})

test('a field that is there twice is malformed', async () => {
  expect((await ask(`${GRANT}&${GRANT}`, basic())).status).toBe(400)
})
