/**
 * Every identity command of a stock `openstack` client, in the order in which one needs the other.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Logger, silentLogger } from '@caelum/kernel'
import { type OpenstackClient, openstackClient } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { ADMIN_PASSWORD, type TestApp, testApp } from './app.ts'

let api: TestApp
let client: OpenstackClient
const warnings: string[] = []
const listening: Logger = Object.assign(Object.create(silentLogger), {
  warn: (_fields: unknown, text: string) => warnings.push(text),
})
beforeAll(async () => {
  api = await testApp({ log: listening })
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 })
  const token = await api.admin()
  const { body } = await api.call('GET', '/v3/services?type=identity', { token })
  const endpoints = await api.call('GET', `/v3/endpoints?service_id=${body.services[0].id}`, { token })
  for (const { id } of endpoints.body.endpoints)
    await api.call('PATCH', `/v3/endpoints/${id}`, { token, body: { endpoint: { url: `${url}/v3` } } })
  client = openstackClient({
    OS_AUTH_URL: `${url}/v3`,
    OS_USERNAME: 'admin',
    OS_PASSWORD: ADMIN_PASSWORD,
    OS_PROJECT_NAME: 'admin',
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_DOMAIN_NAME: 'Default',
    OS_IDENTITY_API_VERSION: '3',
  })
})
afterAll(async () => {
  await client.close()
  await api.close()
})

/** id of the credential whose access key is `ak` */
const AK = createHash('sha256').update('ak').digest('hex')

type Expected = null | Record<string, unknown> | unknown[] | { fails: RegExp }

const RULES = '[{"service":"compute","method":"GET","path":"/v2.1/servers/**"}]'

/** null: done, and nothing said. An object or list: what the JSON holds, among other things. */
const COMMANDS: [command: string, rest: string, expected: Expected][] = [
  ['token issue', '', { project_id: expect.any(String), user_id: expect.any(String) }],
  ['catalog list', '', expect.arrayContaining([expect.objectContaining({ Type: 'compute' })])],
  ['catalog show', 'object-store', { name: 'object-store', type: 'object-store' }],

  ['domain create', '--description d one', { name: 'one', enabled: true, description: 'd' }],
  ['domain create', 'one', { fails: /409/ }],
  ['domain create', '--or-show one', { name: 'one' }],
  ['domain list', '', expect.arrayContaining([expect.objectContaining({ Name: 'one', Enabled: true })])],
  ['domain set', '--name two --description e one', null],
  ['domain show', 'two', { name: 'two', description: 'e' }],

  [
    'project create',
    '--description p --tag red --property colour=blue alpha',
    { name: 'alpha', tags: ['red'] },
  ],
  ['project create', '--parent alpha beta', { name: 'beta' }],
  ['project create', '--domain two gamma', { name: 'gamma' }],
  ['project create', 'alpha', { fails: /409/ }],
  [
    'project list',
    '--long',
    expect.arrayContaining([expect.objectContaining({ Name: 'alpha', Enabled: true })]),
  ],
  ['project list', '--domain two', [expect.objectContaining({ Name: 'gamma' })]],
  ['project list', '--parent alpha', [expect.objectContaining({ Name: 'beta' })]],
  ['project list', '--tags red', [expect.objectContaining({ Name: 'alpha' })]],
  ['project list', '--my-projects', [expect.objectContaining({ Name: 'admin' })]],
  ['project set', '--description q --tag green --property size=1 alpha', null],
  [
    'project show',
    'alpha',
    { description: 'q', tags: expect.arrayContaining(['red', 'green']), colour: 'blue' },
  ],
  ['project show', '--children alpha', { subtree: expect.any(Object) }],
  ['project show', '--parents beta', { name: 'beta', parents: expect.any(Object) }],
  ['project show', 'nothing', { fails: /No project/ }],

  [
    'user create',
    '--password one --project alpha --email a@b.c --description d ann',
    { name: 'ann', email: 'a@b.c' },
  ],
  ['user create', '--domain two --password x bob', { name: 'bob' }],
  ['user create', 'ann', { fails: /409/ }],
  ['user list', '--long', expect.arrayContaining([expect.objectContaining({ Name: 'ann', Email: 'a@b.c' })])],
  ['user list', '--domain two', [expect.objectContaining({ Name: 'bob' })]],
  ['user set', '--email c@d.e --password two --enable ann', null],
  ['user show', 'ann', { email: 'c@d.e', enabled: true }],
  ['user show', '--domain two bob', { name: 'bob' }],

  [
    'credential create',
    `--type ec2 --project alpha ann {"access":"ak","secret":"sk"}`,
    { type: 'ec2', id: AK, blob: '{"access":"ak","secret":"sk"}' },
  ],
  ['credential list', '--user ann --type ec2', [expect.objectContaining({ ID: AK, Type: 'ec2' })]],
  [
    'credential set',
    `--user ann --type ec2 --data {"access":"ak","secret":"new"} --project alpha ${AK}`,
    null,
  ],
  ['credential show', AK, { blob: '{"access":"ak","secret":"new"}' }],
  ['ec2 credentials show', '--user ann ak', { access: 'ak', secret: 'new', trust_id: null }],
  ['ec2 credentials delete', '--user ann ak', null],
  ['credential create', '--type cert ann pem', { type: 'cert', blob: 'pem', project_id: null }],
  ['ec2 credentials create', '--user ann --project alpha', { access: expect.any(String) }],
  ['ec2 credentials list', '--user ann', [expect.objectContaining({ Access: expect.any(String) })]],

  [
    'user create',
    '--password x --ignore-lockout-failure-attempts --ignore-password-expiry --ignore-change-password-upon-first-use --enable-lock-password --enable-multi-factor-auth --multi-factor-auth-rule password,totp --multi-factor-auth-rule password cid',
    {
      options: {
        ignore_lockout_failure_attempts: true,
        ignore_password_expiry: true,
        ignore_change_password_upon_first_use: true,
        lock_password: true,
        multi_factor_auth_enabled: true,
        multi_factor_auth_rules: [['password', 'totp'], ['password']],
      },
    },
  ],
  [
    'user set',
    '--no-ignore-lockout-failure-attempts --disable-lock-password --disable-multi-factor-auth cid',
    null,
  ],
  [
    'user show',
    'cid',
    {
      password_expires_at: null,
      options: {
        ignore_lockout_failure_attempts: false,
        ignore_password_expiry: true,
        lock_password: false,
        multi_factor_auth_enabled: false,
      },
    },
  ],

  ['group create', '--description g crew', { name: 'crew', description: 'g' }],
  ['group list', '', [expect.objectContaining({ Name: 'crew' })]],
  ['group set', '--description h crew', null],
  ['group show', 'crew', { description: 'h' }],
  ['group add user', 'crew ann', null],
  ['group contains user', 'crew ann', null],
  ['group list', '--user ann', [expect.objectContaining({ Name: 'crew' })]],
  ['user list', '--group crew', [expect.objectContaining({ Name: 'ann' })]],

  ['role create', '--description r pilot', { name: 'pilot', description: 'r' }],
  ['role create', '--domain two local', { name: 'local' }],
  ['role list', '', expect.arrayContaining([expect.objectContaining({ Name: 'pilot' })])],
  ['role list', '--domain two', [expect.objectContaining({ Name: 'local' })]],
  ['role set', '--name captain pilot', null],
  ['role show', 'captain', { name: 'captain', domain_id: null }],
  ['role set', '--name x admin', { fails: /immutable/ }],
  ['implied role create', 'captain --implied-role reader', { implies: expect.any(String) }],
  [
    'implied role list',
    '',
    expect.arrayContaining([expect.objectContaining({ 'Prior Role Name': 'captain' })]),
  ],

  ['role add', '--user ann --project alpha captain', null],
  ['role add', '--user ann --domain two member', null],
  ['role add', '--user ann --system all reader', null],
  ['role add', '--group crew --project beta member', null],
  ['role add', '--group crew --project alpha --inherited reader', null],
  ['role add', '--user nobody --project alpha member', { fails: /No user/ }],
  [
    'role assignment list',
    '--user ann --project alpha --names',
    [expect.objectContaining({ Role: 'captain', User: 'ann@Default', Project: 'alpha@Default' })],
  ],
  [
    'role assignment list',
    '--user ann --project alpha --effective --names',
    expect.arrayContaining([expect.objectContaining({ Role: 'reader' })]),
  ],
  ['role assignment list', '--user ann --system all --names', [expect.objectContaining({ System: 'all' })]],
  [
    'role assignment list',
    '--group crew --names',
    expect.arrayContaining([expect.objectContaining({ Project: 'alpha@Default', Inherited: true })]),
  ],
  [
    'role assignment list',
    '--role member --domain two --names',
    [expect.objectContaining({ User: 'ann@Default', Domain: 'two' })],
  ],
  ['user list', '--project alpha', [expect.objectContaining({ Name: 'ann' })]],
  ['project list', '--user ann', expect.arrayContaining([expect.objectContaining({ Name: 'beta' })])],

  ['region create', '--description r north', { region: 'north' }],
  ['region create', '--parent-region north arctic', { parent_region: 'north' }],
  ['region list', '--parent-region north', [expect.objectContaining({ Region: 'arctic' })]],
  ['region set', '--description s north', null],
  ['region show', 'north', { description: 's' }],
  ['service create', '--name names --description s dns', { name: 'names', type: 'dns' }],
  ['service list', '--long', expect.arrayContaining([expect.objectContaining({ Type: 'dns' })])],
  ['service set', '--description t --disable names', null],
  ['service set', '--enable names', null],
  ['service show', 'dns', { description: 't', enabled: true }],
  ['endpoint create', '--region north dns public http://dns/', { interface: 'public', region: 'north' }],
  ['endpoint create', '--region nowhere dns public http://dns/', { region: 'nowhere' }],
  ['endpoint list', '--service dns --region north', [expect.objectContaining({ URL: 'http://dns/' })]],
  ['catalog show', 'dns', { name: 'names' }],

  [
    'application credential create',
    '--description d --role member --expiration 2999-01-01T00:00:00 --secret s job',
    { name: 'job', roles: 'member', unrestricted: false, secret: 's' },
  ],
  ['application credential create', 'job', { fails: /409/ }],
  ['application credential create', '--role nothing other', { fails: /Could not find role/ }],
  [
    'application credential create',
    `--unrestricted --access-rules ${RULES} limited`,
    { name: 'limited', unrestricted: true },
  ],
  [
    'application credential list',
    '',
    expect.arrayContaining([expect.objectContaining({ Name: 'job', Description: 'd' })]),
  ],
  ['application credential show', 'job', { name: 'job', expires_at: '2999-01-01T00:00:00.000000' }],
  ['access rule list', '', [expect.objectContaining({ Service: 'compute', Method: 'GET' })]],
  ['application credential delete', 'job', null],
  ['application credential show', 'job', { fails: /No application/ }],

  [
    'identity provider create',
    '--remote-id https://idp --description d --domain two idp',
    { id: 'idp', enabled: true, remote_ids: ['https://idp'], description: 'd' },
  ],
  ['identity provider create', 'idp', { fails: /409/ }],
  ['identity provider list', '', [expect.objectContaining({ ID: 'idp', Enabled: true })]],
  ['identity provider set', '--remote-id https://other --description e --disable idp', null],
  ['identity provider set', '--enable idp', null],
  ['identity provider show', 'idp', { remote_ids: ['https://other'], description: 'e', enabled: true }],
  ['service provider create', '--auth-url http://a/ --service-provider-url http://b/ sp', { id: 'sp' }],
  ['service provider list', '', [expect.objectContaining({ ID: 'sp', Enabled: true })]],
  ['service provider set', '--description d --disable sp', null],
  ['service provider show', 'sp', { description: 'd', enabled: false, sp_url: 'http://b/' }],
  ['service provider delete', 'sp', null],
  ['federation project list', '', [expect.objectContaining({ Name: 'admin' })]],
  ['federation domain list', '', [expect.objectContaining({ Name: 'Default' })]],

  ['role remove', '--user ann --system all reader', null],
  ['role remove', '--user ann --domain two member', null],
  ['role remove', '--group crew --project alpha --inherited reader', null],
  ['role remove', '--group crew --project beta member', null],
  ['role remove', '--user ann --project alpha member', { fails: /404/ }],
  ['implied role delete', 'captain --implied-role reader', null],
  ['group remove user', 'crew ann', null],
  ['group contains user', 'crew ann', { fails: /ann not in group crew/ }],
  ['group delete', 'crew', null],
  ['role delete', 'captain', null],
  ['role delete', 'admin', { fails: /roles failed to delete/ }],
  ['project delete', 'alpha', { fails: /projects failed to delete/ }],
  ['project delete', 'beta alpha', null],
  ['service delete', 'dns', null],
  ['region delete', 'north', null],
  ['user delete', 'ann', null],
  ['user show', 'ann', { fails: /No user/ }],
  ['domain delete', 'two', { fails: /domains failed to delete/ }],
  ['domain set', '--disable two', null],
  ['domain delete', 'two', null],
]

/** Told apart from the table because they need an id, a token or another user. */
const IN_CONVERSATIONS = [
  'access rule delete',
  'access token create',
  'consumer create',
  'consumer delete',
  'consumer list',
  'consumer set',
  'consumer show',
  'request token authorize',
  'request token create',
  'trust create',
  'trust delete',
  'trust list',
  'trust show',
  'access rule show',
  'endpoint add project',
  'endpoint remove project',
  'federation protocol create',
  'federation protocol delete',
  'federation protocol list',
  'federation protocol set',
  'federation protocol show',
  'identity provider delete',
  'mapping create',
  'mapping delete',
  'mapping list',
  'mapping set',
  'mapping show',
  'endpoint group create',
  'endpoint group delete',
  'endpoint group list',
  'endpoint group set',
  'endpoint group show',
  'endpoint group add project',
  'endpoint group remove project',
  'limit create',
  'limit delete',
  'limit list',
  'limit set',
  'limit show',
  'policy create',
  'policy delete',
  'policy list',
  'policy set',
  'policy show',
  'registered limit create',
  'registered limit delete',
  'registered limit list',
  'registered limit set',
  'registered limit show',
  'credential delete',
  'endpoint set',
  'endpoint show',
  'endpoint delete',
  'token revoke',
  'user password set',
]

const run = async (command: string, rest = '') => {
  const json = /(list|show|create|issue|authorize)$/.test(command) ? ['-f', 'json'] : []
  return client.run([...command.split(' '), ...json, ...rest.split(' ').filter(Boolean)])
}

describe('each command', () => {
  test.each(COMMANDS)('%s %s', async (command, rest, expected) => {
    const { code, out, err } = await run(command, rest)
    if (expected && 'fails' in expected) {
      expect(`${out}${err}`).toMatch(expected.fails as RegExp)
      return
    }
    expect({ code, err }).toEqual({ code: 0, err: '' })
    if (expected === null) return
    const said: unknown = JSON.parse(out)
    if (Array.isArray(expected)) expect(said).toEqual(expected)
    else if ('asymmetricMatch' in expected) expect(said).toEqual(expected)
    else expect(said).toMatchObject(expected)
  })
})

test('an endpoint is shown, changed and deleted by its id', async () => {
  const [endpoint] = JSON.parse((await run('endpoint list', '--service compute --interface public')).out)
  expect((await run('endpoint set', `--url http://moved/ --disable ${endpoint.ID}`)).code).toBe(0)
  const shown = JSON.parse((await run('endpoint show', endpoint.ID)).out)
  expect(shown).toMatchObject({ url: 'http://moved/', enabled: false, service_type: 'compute' })
  expect((await run('endpoint delete', endpoint.ID)).code).toBe(0)
  expect((await run('endpoint show', endpoint.ID)).code).toBe(1)
})

test('a credential is deleted by its id', async () => {
  const { id } = JSON.parse((await run('credential create', '--type cert admin pem')).out)
  expect((await run('credential delete', id)).code).toBe(0)
  expect((await run('credential show', id)).err).toMatch(/No credential/)
})

test('a program logs in by an application credential, which its access rules limit', async () => {
  const made = JSON.parse((await run('application credential create', `--access-rules ${RULES} program`)).out)
  const as = `--os-auth-type v3applicationcredential --os-application-credential-id ${made.id}`
  const login = `${as} --os-application-credential-secret=${made.secret}`.split(' ')
  const program = (...command: string[]) =>
    client.run([...PASSWORD_OPTIONS.flatMap(option => [option, '']), ...login, ...command])
  expect(await program('token', 'issue')).toMatchObject({ code: 0, err: '' })
  expect((await program('project', 'list')).err).toMatch(/401/)
  const [{ ID: rule }] = JSON.parse((await run('access rule list')).out)
  expect(JSON.parse((await run('access rule show', rule)).out)).toMatchObject({ path: '/v2.1/servers/**' })
  expect((await run('access rule delete', rule)).err).toMatch(/403|failed to delete/)
  expect((await run('application credential delete', 'program limited')).code).toBe(0)
  expect(await run('access rule delete', rule)).toMatchObject({ code: 0, err: '' })
})
const PASSWORD_OPTIONS = [
  '--os-username',
  '--os-password',
  '--os-project-name',
  '--os-user-domain-name',
  '--os-project-domain-name',
]

test('a user lends a role to another, who uses it', async () => {
  const create = '--project admin --role reader --impersonate --expiration 2999-01-01T00:00:00 admin demo'
  const made = JSON.parse((await run('trust create', create)).out)
  expect(made).toMatchObject({
    impersonation: true,
    roles: 'reader',
    expires_at: '2999-01-01T00:00:00.000000Z',
  })
  expect(JSON.parse((await run('trust show', made.id)).out)).toMatchObject({ id: made.id })
  expect(JSON.parse((await run('trust list')).out)).toEqual([
    expect.objectContaining({ ID: made.id, Impersonation: true }),
  ])
  const demo = PASSWORD_OPTIONS.filter(it => /project/.test(it)).flatMap(it => [it, ''])
  const as = [...demo, '--os-username', 'demo', '--os-password', 'demo-secret', '--os-trust-id', made.id]
  const issued = await client.run([...as, 'token', 'issue', '-f', 'json'])
  expect(issued).toMatchObject({ code: 0, err: '' })
  expect(JSON.parse(issued.out)).toMatchObject({ user_id: made.trustor_user_id, project_id: made.project_id })
  expect((await run('trust delete', made.id)).code).toBe(0)
  expect((await run('trust show', made.id)).err).toMatch(/No trust/)
})

test('a user lends a role to a consumer by OAuth', async () => {
  const json = async (command: string, rest = '') => JSON.parse((await run(command, rest)).out)
  const consumer = await json('consumer create', '--description d')
  expect(consumer).toMatchObject({ description: 'd', secret: expect.stringMatching(/^[0-9a-f]{32}$/) })
  expect(await run('consumer set', `--description e ${consumer.id}`)).toMatchObject({ code: 0, err: '' })
  expect(await json('consumer show', consumer.id)).toMatchObject({ id: consumer.id, description: 'e' })
  expect(await json('consumer list')).toEqual([{ ID: consumer.id, Description: 'e' }])
  const keys = `--consumer-key ${consumer.id} --consumer-secret ${consumer.secret}`
  const request = await json('request token create', `${keys} --project admin`)
  const { oauth_verifier } = await json(
    'request token authorize',
    `--request-key ${request.id} --role member`,
  )
  const access = await json(
    'access token create',
    `${keys} --request-key ${request.id} --request-secret ${request.secret} --verifier ${oauth_verifier}`,
  )
  expect(access).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{32}$/), expires: expect.any(String) })
  expect(await run('consumer delete', consumer.id)).toMatchObject({ code: 0, err: '' })
})

test('a token is revoked', async () => {
  const { id } = JSON.parse((await run('token issue')).out)
  expect((await api.call('GET', '/v3/auth/projects', { token: id })).status).toBe(200)
  expect((await run('token revoke', id)).code).toBe(0)
  expect((await api.call('GET', '/v3/auth/projects', { token: id })).status).toBe(401)
})

test('a user sets their own password', async () => {
  const as = '--os-username demo --os-project-name demo --os-password'
  const set = await run(
    `${as} demo-secret user password set`,
    '--original-password demo-secret --password changed',
  )
  expect(set).toMatchObject({ code: 0, err: '' })
  expect((await run(`${as} demo-secret token issue`)).err).toMatch(/401/)
  expect((await run(`${as} changed token issue`)).code).toBe(0)
  expect((await run(`${as} changed user list`)).err).toMatch(/403/)
})

test.each([
  ['a domain', '--os-domain-name Default', 'domain_id'],
  ['the system', '--os-system-scope all', 'system'],
])('a token for %s', async (_, scope, field) => {
  const { out, err } = await run(`--os-project-name= --os-project-domain-name= ${scope} token issue`)
  expect(err).toBe('')
  expect(JSON.parse(out)).toHaveProperty(field)
})

/** What the command shows; it must succeed. */
async function shown(command: string, rest: string) {
  const { code, out, err } = await run(command, rest)
  expect({ command, rest, code, err }).toEqual({ command, rest, code: 0, err: '' })
  return out === '' ? null : JSON.parse(out)
}
function written(name: string, value: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'caelum-client-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, name)
  writeFileSync(path, JSON.stringify(value))
  return path
}

test('limits are registered, given to a project, changed and taken away', async () => {
  const registered = await shown(
    'registered limit create',
    '--service compute --default-limit 10 --region RegionOne --description d cores',
  )
  expect(registered).toMatchObject({ resource_name: 'cores', default_limit: 10, region_id: 'RegionOne' })
  expect(await shown('registered limit list', '--service compute')).toMatchObject([
    { 'Resource Name': 'cores', 'Default Limit': 10 },
  ])
  expect((await run('registered limit set', `--default-limit 12 ${registered.id}`)).code).toBe(0)
  expect(await shown('registered limit show', registered.id)).toMatchObject({ default_limit: 12 })
  const limit = await shown(
    'limit create',
    '--project demo --service compute --region RegionOne --resource-limit 5 cores',
  )
  expect(limit).toMatchObject({ resource_name: 'cores', resource_limit: 5 })
  expect(await shown('limit list', '--service compute')).toMatchObject([{ 'Resource Limit': 5 }])
  expect((await run('limit set', `--resource-limit 6 ${limit.id}`)).code).toBe(0)
  expect(await shown('limit show', limit.id)).toMatchObject({ resource_limit: 6 })
  expect((await run('registered limit delete', registered.id)).code).toBe(1)
  await shown('limit delete', limit.id)
  await shown('registered limit delete', registered.id)
})

test('a policy is kept, changed and deleted', async () => {
  const made = await shown('policy create', `--type text/x ${written('rules', { a: 'b' })}`)
  expect(made).toMatchObject({ type: 'text/x', rules: '{"a":"b"}' })
  expect(await shown('policy list', '--long')).toMatchObject([{ ID: made.id, Type: 'text/x' }])
  await shown('policy set', `--type text/y --rules ${written('rules', {})} ${made.id}`)
  expect(await shown('policy show', made.id)).toMatchObject({ type: 'text/y', rules: '{}' })
  await shown('policy delete', made.id)
})

test('an endpoint and a group of them are for a project', async () => {
  const [endpoint] = await shown('endpoint list', '--service object-store --interface public')
  await shown('endpoint add project', `${endpoint.ID} demo`)
  expect(await shown('endpoint list', '--project demo')).toMatchObject([{ ID: endpoint.ID }])
  await shown('endpoint remove project', `${endpoint.ID} demo`)
  const filters = written('filters', { interface: 'internal' })
  expect(await shown('endpoint group create', `--description d inner ${filters}`)).toMatchObject({
    name: 'inner',
    filters: { interface: 'internal' },
  })
  await shown('endpoint group set', `--name nook --filters ${written('more', { interface: 'admin' })} inner`)
  expect(await shown('endpoint group show', 'nook')).toMatchObject({ filters: { interface: 'admin' } })
  await shown('endpoint group add project', 'nook demo')
  expect(await shown('endpoint group list', '--project demo')).toMatchObject([{ Name: 'nook' }])
  expect(await shown('endpoint group list', '--endpointgroup nook')).toMatchObject([{ Name: 'demo' }])
  await shown('endpoint group remove project', 'nook demo')
  await shown('endpoint group delete', 'nook')
})

test('a mapping and a protocol make an identity provider one to log in by', async () => {
  const rules = [{ local: [{ user: { name: '{0}' } }], remote: [{ type: 'name' }] }]
  await shown('mapping create', `--rules ${written('rules', rules)} people`)
  expect(await shown('mapping list', '')).toMatchObject([{ ID: 'people' }])
  const others = [{ ...rules[0], remote: [{ type: 'email' }] }]
  await shown('mapping set', `--rules ${written('others', others)} people`)
  expect(await shown('mapping show', 'people')).toMatchObject({ id: 'people', rules: others })
  await shown('identity provider create', 'door')
  const made = await shown('federation protocol create', '--identity-provider door --mapping people openid')
  expect(made).toMatchObject({ id: 'openid', identity_provider: 'door', mapping: 'people' })
  expect(await shown('federation protocol list', '--identity-provider door')).toEqual([
    { id: 'openid', mapping: 'people' },
  ])
  await shown('mapping create', `--rules ${written('rules', rules)} others`)
  // done, and then the client stumbles over the answer
  expect(
    (await run('federation protocol set', '--identity-provider door --mapping others openid')).code,
  ).toBe(1)
  expect(await shown('federation protocol show', '--identity-provider door openid')).toMatchObject({
    id: 'openid',
    mapping: 'others',
  })
  await shown('federation protocol delete', '--identity-provider door openid')
  await shown('identity provider delete', 'door')
  await shown('mapping delete', 'people others')
})

test('every change was recorded in its own transaction', async () => {
  expect(warnings).not.toContain('a change was recorded after it')
  const operations = await api.deps.db.audit.findMany({
    distinct: ['operation'],
    select: { operation: true },
  })
  expect(operations.length).toBeGreaterThan(40)
})

test('no command is forgotten', async () => {
  const { out } = await client.run(['command', 'list', '--group', 'openstack.identity.v3', '-f', 'json'])
  const [{ Commands: all }]: [{ Commands: string[] }] = JSON.parse(out)
  const known = new Set([...COMMANDS.map(([command]) => command), ...IN_CONVERSATIONS])
  expect([...known].sort()).toEqual([...new Set(all)].sort())
})

test('a domain manager runs the domain from the command line', async () => {
  await shown('domain create', 'team')
  await shown('user create', '--domain team --password secret boss')
  expect((await run('role add', '--domain team --user boss --user-domain team manager')).code).toBe(0)
  const as = (command: string, rest: string) => {
    const json = /(list|show|create)$/.test(command) ? ['-f', 'json'] : []
    const who =
      '--os-username boss --os-password secret --os-user-domain-name team --os-domain-name team --os-project-name= --os-project-domain-name='
    return client.run([...who.split(' '), ...command.split(' '), ...json, ...rest.split(' ').filter(Boolean)])
  }
  const done = async (command: string, rest: string) => {
    const { code, err, out } = await as(command, rest)
    expect({ command, code, err }).toEqual({ command, code: 0, err: '' })
    return out === '' ? null : JSON.parse(out)
  }
  const user = await done('user create', '--password x bob')
  const project = await done('project create', '--domain team web')
  expect(await done('role add', `--project ${project.id} --user ${user.id} member`)).toBeNull()
  expect(await done('user list', '')).toHaveLength(2)
  expect((await done('domain list', '')).map((it: { Name: string }) => it.Name)).toEqual(['team'])
  expect((await as('role add', `--project ${project.id} --user ${user.id} admin`)).err).toMatch(/403|No role/)
  expect((await as('user create', '--domain default x')).err).toMatch(/403|No domain/)
})
