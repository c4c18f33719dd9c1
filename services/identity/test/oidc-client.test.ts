/** The ways in which a stock `openstack` client logs in through an OpenID provider. */
import { type OpenstackClient, openstackClient } from '@caelum/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'
import { CLIENT, type OpenIdProvider, openIdProvider } from './openid.ts'
import { type World, world } from './world.ts'

let api: TestApp
let w: World
let provider: OpenIdProvider
let client: OpenstackClient
beforeAll(async () => {
  provider = await openIdProvider()
  api = await testApp({ federation: { trustedDashboards: [], plainHttp: true } })
  w = await world(api)
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 })
  const group = await w.create('groups', 'group', { name: 'ops', domain_id: w.domain })
  await w.put(`/v3/projects/${w.project}/groups/${group}/roles/${w.role('member')}`)
  const put = async (path: string, body: unknown) => {
    const made = await api.call('PUT', `/v3/OS-FEDERATION/${path}`, { token: w.admin, body })
    expect(made.status).toBe(201)
  }
  const rules = [
    {
      local: [{ user: { name: '{0}' } }, { group: { id: group } }],
      remote: [{ type: 'OIDC-preferred_username' }],
    },
    {
      local: [{ user: { name: '{0}' } }, { group: { id: group } }],
      remote: [{ type: 'HTTP_OIDC_CLIENT_ID' }],
    },
  ]
  await put('mappings/people', { mapping: { rules } })
  const x_oidc = { issuer: provider.issuer, ...CLIENT }
  await put('identity_providers/door', {
    identity_provider: { enabled: true, domain_id: w.domain, x_oidc },
  })
  await put('identity_providers/door/protocols/openid', { protocol: { mapping_id: 'people' } })
  client = openstackClient({
    OS_AUTH_URL: `${url}/v3`,
    OS_IDENTITY_API_VERSION: '3',
    OS_IDENTITY_PROVIDER: 'door',
    OS_PROTOCOL: 'openid',
    OS_PROJECT_ID: w.project,
  })
})
afterAll(async () => {
  await client.close()
  await api.close()
  await provider.close()
})

const issued = async (...options: string[]) => {
  const { code, out, err } = await client.run([...options, 'token', 'issue', '-f', 'json'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return JSON.parse(out)
}
const asClient = () => [
  ...['--os-discovery-endpoint', `${provider.issuer}/.well-known/openid-configuration`],
  ...['--os-client-id', CLIENT.client_id, '--os-client-secret', CLIENT.client_secret],
  ...['--os-openid-scope', 'openid profile email'],
]

test('with an access token', async () => {
  const bearer = await provider.personToken('alice')
  const token = await issued('--os-auth-type', 'v3oidcaccesstoken', '--os-access-token', bearer)
  expect(token).toMatchObject({ project_id: w.project, user_id: expect.any(String) })
  const wrong = await client.run([
    ...['--os-auth-type', 'v3oidcaccesstoken', '--os-access-token', 'wrong', 'token', 'issue'],
  ])
  expect(wrong.err).toMatch(/401/)
})

test('with the password there', async () => {
  const password = ['--os-username', 'bob', '--os-password', 'bob']
  const token = await issued('--os-auth-type', 'v3oidcpassword', ...asClient(), ...password)
  expect(token).toMatchObject({ project_id: w.project })
})

test('as a program', async () => {
  const options = asClient().with(-1, '')
  const token = await issued('--os-auth-type', 'v3oidcclientcredentials', ...options)
  expect(token).toMatchObject({ project_id: w.project })
})
