/** What docs/identity.md says of directories, done by a stock `openstack` client. */
import { eventually, openstackClient } from '@caelum/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { ADMIN_PASSWORD, testApp } from './app.ts'
import { SUFFIX, startSlapd } from './slapd.ts'

test('people of a directory are listed, given a role by their group, and log in', async () => {
  const slapd = await startSlapd()
  onTestFinished(() => slapd.close())
  const [people, groups] = [`ou=people,${SUFFIX}`, `ou=groups,${SUFFIX}`]
  await slapd.add('', { objectClass: ['dcObject', 'organization'], dc: 'example', o: 'example' })
  for (const ou of ['people', 'groups'])
    await slapd.add(`ou=${ou}`, { objectClass: 'organizationalUnit', ou })
  const ann = { uid: 'ann', cn: 'Ann', sn: 'A', userPassword: 'ann-secret', mail: 'ann@example.org' }
  await slapd.add('uid=ann,ou=people', { objectClass: 'inetOrgPerson', ...ann })
  await slapd.add('cn=staff,ou=groups', {
    objectClass: 'groupOfNames',
    cn: 'staff',
    member: `uid=ann,${people}`,
  })
  await slapd.add('cn=reader', {
    objectClass: ['organizationalRole', 'simpleSecurityObject'],
    cn: 'reader',
    userPassword: 'reader-secret',
  })

  const api = await testApp()
  onTestFinished(() => api.close())
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 })
  const client = openstackClient({
    OS_AUTH_URL: `${url}/v3`,
    OS_USERNAME: 'admin',
    OS_PASSWORD: ADMIN_PASSWORD,
    OS_PROJECT_NAME: 'admin',
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_DOMAIN_NAME: 'Default',
    OS_IDENTITY_API_VERSION: '3',
  })
  onTestFinished(() => client.close())
  const token = await api.admin()
  const { body } = await api.call('GET', '/v3/services?type=identity', { token })
  const endpoints = await api.call('GET', `/v3/endpoints?service_id=${body.services[0].id}`, { token })
  for (const { id } of endpoints.body.endpoints)
    await api.call('PATCH', `/v3/endpoints/${id}`, { token, body: { endpoint: { url: `${url}/v3` } } })
  async function done(...argv: string[]) {
    const json = /^(list|show|create|issue)$/.test(argv[1] ?? '') ? ['-f', 'json'] : []
    const { code, out, err } = await client.run([...argv, ...json])
    expect({ argv, code, err }).toEqual({ argv, code: 0, err: '' })
    return out === '' ? null : JSON.parse(out)
  }

  const { id: domain } = await done('domain', 'create', 'people')
  const ldap = {
    url: slapd.urls.tcp,
    user: `cn=reader,${SUFFIX}`,
    password: 'reader-secret',
    suffix: SUFFIX,
    user_tree_dn: people,
    user_id_attribute: 'uid',
    user_name_attribute: 'uid',
    group_tree_dn: groups,
    group_name_attribute: 'cn',
    page_size: 500,
  }
  const config = { identity: { driver: 'ldap' }, ldap }
  const configured = await api.call('PUT', `/v3/domains/${domain}/config`, { token, body: { config } })
  expect(configured.status).toBe(201)
  expect(configured.text).not.toContain('reader-secret')

  const listed = await eventually(async () => {
    const rows = await done('user', 'list', '--domain', 'people', '--long')
    return rows.length > 0 && rows
  })
  expect(listed).toMatchObject([{ Name: 'ann', Email: 'ann@example.org' }])
  expect(await done('group', 'list', '--domain', 'people')).toMatchObject([{ Name: 'staff' }])
  await done(
    ...['role', 'add', '--group', 'staff', '--group-domain', 'people'],
    ...['--project', 'demo', 'member'],
  )
  const contains = ['group', 'contains', 'user', '--group-domain', 'people', '--user-domain', 'people']
  expect((await client.run([...contains, 'staff', 'ann'])).out).toMatch(/ann in group staff/)
  const as = ['--os-user-domain-name', 'people', '--os-username', 'ann', '--os-password', 'ann-secret']
  const issued = await done('token', 'issue', ...as, '--os-project-name', 'demo')
  expect(issued).toMatchObject({
    project_id: expect.any(String),
    user_id: expect.stringMatching(/^[0-9a-f]{64}$/),
  })
  const refused = await client.run(['user', 'set', '--domain', 'people', '--description', 'd', 'ann'])
  expect(refused.err).toMatch(/403/)
})
