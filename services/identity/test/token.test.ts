import { afterAll, beforeAll, expect, test } from 'vitest'
import { ADMIN_PASSWORD, type TestApp, testApp } from './app.ts'

let api: TestApp
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

const adminProject = { project: { name: 'admin', domain: { name: 'Default' } } }

test('a password and a project make a token that says all Keystone says', async () => {
  const { status, headers, body } = await api.login(api.named('admin', ADMIN_PASSWORD), adminProject)
  expect(status).toBe(201)
  expect(headers).toMatchObject({ vary: 'X-Auth-Token', 'x-subject-token': expect.stringMatching(/^ey/) })
  expect(body.token).toMatchObject({
    methods: ['password'],
    user: { name: 'admin', domain: { id: 'default', name: 'Default' }, password_expires_at: null },
    project: { name: 'admin', domain: { id: 'default', name: 'Default' } },
    is_domain: false,
    expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
  })
  expect(body.token.roles.map((role: { name: string }) => role.name)).toEqual([
    'admin',
    'manager',
    'member',
    'reader',
  ])
  expect(body.token.audit_ids).toHaveLength(1)
  const swift = body.token.catalog.find((service: { type: string }) => service.type === 'object-store')
  expect(swift.endpoints.map((endpoint: { interface: string }) => endpoint.interface).sort()).toEqual([
    'admin',
    'internal',
    'public',
  ])
  expect(swift.endpoints[0]).toMatchObject({
    url: `http://cloud.example/object-store/v1/AUTH_${body.token.project.id}`,
    region: 'RegionOne',
    region_id: 'RegionOne',
  })
})
