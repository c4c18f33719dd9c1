import { type Ctx, Secret, systemClock } from '@caelum/kernel'
import { type TestDatabase, testDatabase } from '@caelum/testkit'
import pg from 'pg'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { bootstrap } from '../src/bootstrap/bootstrap.ts'
import { bootstrapStore } from '../src/bootstrap/store.ts'
import { PasswordHasher } from '../src/password/hasher.ts'
import { ADMIN_PASSWORD, issue, TEST_COST, testBootstrap, testDeps } from './app.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await testDatabase('identity')
})
afterEach(() => database.drop())

async function started(change = {}) {
  const deps = await testDeps(database.url, change)
  onTestFinished(() => deps.close())
  return deps
}

type Deps = Awaited<ReturnType<typeof started>>

const login = (deps: Deps, name: string, password: string, project?: string) =>
  issue(deps, {
    identity: { methods: ['password'], password: { user: { name, password, domain: { id: 'default' } } } },
    ...(project ? { scope: { project: { name: project, domain: { id: 'default' } } } } : {}),
  })
const refused = { status: 401 }

/** Everything that bootstrap makes, without what differs between two runs from empty. */
async function picture() {
  const client = new pg.Client({ connectionString: database.url, options: '-c search_path=identity' })
  await client.connect()
  const rows = async (sql: string) => (await client.query(sql)).rows
  const seen = {
    projects: await rows('select name, is_domain, enabled from projects order by name'),
    users: await rows(
      'select u.name, count(p.*) from users u left join passwords p on p.user_id = u.id group by u.name order by 1',
    ),
    roles: await rows('select name, options from roles order by name'),
    implications: await rows(
      'select a.name as prior, b.name as implied from implications join roles a on a.id = prior_id join roles b on b.id = implied_id order by 1, 2',
    ),
    assignments: await rows(
      `select u.name as user, r.name as role, p.name as target from assignments a join users u on u.id = a.user_id
       join roles r on r.id = a.role_id left join projects p on p.id = a.target_id order by 1, 2, 3`,
    ),
    catalog: await rows(
      'select type, interface, region_id, url from services s join endpoints e on e.service_id = s.id order by 1, 2, 3',
    ),
    applied: await rows('select key from applied order by key'),
  }
  await client.end()
  return seen
}

/** as the pipeline would make it for an administrator */
const ADMIN = {
  caller: { scope: { kind: 'system' }, roles: new Set(['admin']) },
  clock: systemClock,
} as unknown as Ctx

test('the first start makes what is needed to log in', async () => {
  const deps = await started()
  const admin = await login(deps, 'admin', ADMIN_PASSWORD, 'admin')
  expect(admin.claims.r.map(([, name]) => name)).toEqual(['admin', 'manager', 'member', 'reader'])
  const compute = await login(deps, 'compute', 'compute-secret', 'service')
  expect(compute.claims.r.map(([, name]) => name)).toEqual(['service'])
  const demo = await login(deps, 'demo', 'demo-secret')
  expect(demo.claims.p?.[1]).toBe('demo')
  expect(await picture()).toMatchSnapshot()
})

test('without a demo password there is no demo', async () => {
  const deps = await started({ demoPassword: undefined })
  expect(await deps.projects.list(ADMIN, { name: 'demo' })).toEqual([])
})

test('a second start changes nothing, and ends nobody’s token', async () => {
  const first = await started()
  const { text } = await login(first, 'admin', ADMIN_PASSWORD, 'admin')
  const before = await picture()
  const second = await started()
  expect(await picture()).toEqual(before)
  expect(second.verifier.verify(text).un).toBe('admin')
})

test('several processes that start together make one of everything', async () => {
  const all = await Promise.all([started(), started(), started(), started()])
  const { rows } = await all[0].db.$queryRaw`select count(*)::int as n from signing_keys`.then(r => ({
    rows: r as { n: number }[],
  }))
  expect(rows[0]?.n).toBe(1)
  const together = await picture()
  await database.drop()
  database = await testDatabase('identity')
  await started()
  expect(together).toEqual(await picture())
  const { text } = await login(all[0], 'admin', ADMIN_PASSWORD, 'admin').catch(() => ({ text: '' }))
  expect(text).toBe('')
})

test('a changed password in the configuration is applied, once, and ends the old one’s tokens', async () => {
  const first = await started()
  const { text } = await login(first, 'compute', 'compute-secret', 'service')
  const servicePasswords = { compute: new Secret('changed'), network: new Secret('network-secret') }
  const second = await started({ servicePasswords })
  await expect(login(second, 'compute', 'compute-secret', 'service')).rejects.toMatchObject(refused)
  const { claims } = await login(second, 'compute', 'changed', 'service')
  expect(claims.un).toBe('compute')
  expect(() => second.verifier.verify(text)).toThrow()
})

test('what an administrator changed by the API outlives a restart', async () => {
  const first = await started()
  const { claims } = await login(first, 'admin', ADMIN_PASSWORD, 'admin')
  await first.users.update(ADMIN, claims.sub, { password: 'by-hand' })
  const [endpoint] = await first.endpoints.list({} as never, { interface: 'public' })
  await first.endpoints.update({} as never, endpoint?.id ?? '', { url: 'http://by.hand/' })
  const second = await started()
  expect((await login(second, 'admin', 'by-hand', 'admin')).claims.un).toBe('admin')
  await expect(login(second, 'admin', ADMIN_PASSWORD, 'admin')).rejects.toMatchObject(refused)
  expect((await second.endpoints.get({} as never, endpoint?.id ?? '')).url).toBe('http://by.hand/')
})

test('a changed URL in the configuration is applied', async () => {
  await started()
  const catalog = {
    ...testBootstrap().catalog,
    compute: 'http://moved.example/v2.1',
    image: 'http://new.example',
  }
  await started({ catalog })
  const seen = await picture()
  const urls = seen.catalog.filter(row => ['compute', 'image'].includes(row.type)).map(row => row.url)
  expect(urls).toEqual([
    ...Array(3).fill('http://moved.example/v2.1'),
    ...Array(3).fill('http://new.example'),
  ])
})

test('dying anywhere on the way, the next start completes it', async () => {
  const small = { servicePasswords: {}, catalog: { compute: 'http://cloud.example/compute' } }
  const deps = await started(small)
  const whole = await picture()
  const hasher = new PasswordHasher({ cost: TEST_COST })
  for (let step = 0; ; step++) {
    await deps.db.$executeRaw`truncate projects, users, roles, regions, services, applied cascade`
    const store = bootstrapStore(deps.db, deps.transact)
    let left = step
    const dying = new Proxy(store, {
      get: (target, name) => {
        const method = target[name as keyof typeof target] as (...args: unknown[]) => Promise<unknown>
        return (...args: unknown[]) => {
          if (left-- === 0) throw new Error('died here')
          return method(...args)
        }
      },
    })
    const died = await bootstrap({ store: dying, hasher }, testBootstrap(small)).then(
      () => false,
      () => true,
    )
    if (died) await bootstrap({ store, hasher }, testBootstrap(small))
    expect(await picture()).toEqual(whole)
    if (!died) break
    expect(step).toBeLessThan(100)
  }
}, 60_000)
