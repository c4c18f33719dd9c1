/**
 * The identity service under load, and how it grows. The same requests can be sent to another cloud in the same run, a
 * Keystone above all: put its credentials into the environment (OS_AUTH_URL and the rest of an openrc file), and the
 * pid files of its processes into the folder BENCH_PIDS if its CPU time is to be known too.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { type Credentials, Session } from '../packages/cli/src/client/session.ts'
import { database } from '../packages/cli/src/cloud/postgres.ts'
import type { Cloud } from '../test/support/cloud.ts'
import { cpuMsOf } from './cpu.ts'
import { type Figure, load, median, number, rounds } from './measure.ts'

/** One of the clouds that are compared. */
interface Side {
  name: string
  credentials: Credentials
  session: Session
  /** roots of the processes that work for it; empty: not known */
  pids: number[]
}

const CONCURRENCY = 8
const ROUNDS = 3
const SECONDS = 3

export async function identityFigures(cloud: Cloud): Promise<Figure[]> {
  const ours: Side = {
    name: 'here',
    credentials: {
      authUrl: cloud.admin.urlOf('identity'),
      user: 'admin',
      password: cloud.adminPassword,
      project: 'admin',
    },
    session: cloud.admin,
    pids: [await cloud.pidOf('identity'), await cloud.pidOf('postgres')],
  }
  const sides = [ours, ...(await otherCloud())]
  const figures: Figure[] = []
  for (const operation of OPERATIONS) for (const side of sides) figures.push(await measured(operation, side))
  const db = new pg.Client({ connectionString: database(cloud.location).adminUrl() })
  await db.connect()
  try {
    await db.query('set search_path = identity')
    return [...figures, await effectiveFigure(ours.session, db), ...(await growthFigures(ours.session, db))]
  } finally {
    await db.end()
  }
}

async function otherCloud(): Promise<Side[]> {
  const { OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME, BENCH_PIDS } = process.env
  if (!OS_AUTH_URL || !OS_USERNAME || !OS_PASSWORD || !OS_PROJECT_NAME) return []
  const credentials = {
    authUrl: OS_AUTH_URL.replace(/\/?(v3)?\/?$/, '/v3'),
    user: OS_USERNAME,
    password: OS_PASSWORD,
    project: OS_PROJECT_NAME,
  }
  const files = BENCH_PIDS ? readdirSync(BENCH_PIDS).filter(name => name.endsWith('.pid')) : []
  const pids = files.map(name => Number(readFileSync(join(BENCH_PIDS ?? '', name), 'utf8')))
  return [{ name: 'there', credentials, session: await Session.open(credentials), pids }]
}

interface Operation {
  name: string
  goal: string
  /** makes what the requests need; @returns one request */
  prepare(side: Side): Promise<() => Promise<void>>
}

const send = async (url: string, options: RequestInit, expected: number): Promise<void> => {
  const answer = await fetch(url, options)
  const body = await answer.arrayBuffer()
  if (answer.status !== expected)
    throw new Error(`${url} answered ${answer.status}: ${Buffer.from(body).toString().slice(0, 300)}`)
}

const issue =
  ({ credentials }: Side, identity: object, scope?: object) =>
  () =>
    send(
      `${credentials.authUrl}/auth/tokens`,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ auth: { identity, ...(scope ? { scope } : {}) } }),
      },
      201,
    )

const scopeOf = ({ credentials }: Side) => ({
  project: { name: credentials.project, domain: { id: 'default' } },
})

const OPERATIONS: Operation[] = [
  {
    name: 'token by password',
    goal: 'the hash is the limit',
    prepare: async side => {
      const { user: name, password } = side.credentials
      const user = { name, password, domain: { id: 'default' } }
      return issue(side, { methods: ['password'], password: { user } }, scopeOf(side))
    },
  },
  {
    name: 'token from a token',
    goal: '≥ 1,500/s',
    prepare: async side =>
      issue(side, { methods: ['token'], token: { id: side.session.token } }, scopeOf(side)),
  },
  {
    name: 'token by application credential',
    goal: '≥ 1,500/s',
    async prepare(side) {
      const { application_credential: made } = await side.session.call<{
        application_credential: { id: string; secret: string }
      }>('identity', 'POST', `/users/${side.session.userId}/application_credentials`, {
        application_credential: { name: `bench-${Date.now()}` },
      })
      const application_credential = { id: made.id, secret: made.secret }
      return issue(side, { methods: ['application_credential'], application_credential })
    },
  },
  {
    name: 'token validated by the API',
    goal: '≥ 3,000/s',
    prepare: async ({ credentials, session: { token } }) => {
      const headers = { 'x-auth-token': token, 'x-subject-token': token }
      return () => send(`${credentials.authUrl}/auth/tokens`, { headers }, 200)
    },
  },
  {
    name: 'list of 100 projects',
    goal: '≥ 2,000/s',
    async prepare({ credentials, session }) {
      const { domain } = await session.call<{ domain: { id: string } }>('identity', 'POST', '/domains', {
        domain: { name: `bench-${Date.now()}` },
      })
      for (let n = 0; n < 100; n++)
        await session.call('identity', 'POST', '/projects', {
          project: { name: `bench-${n}`, domain_id: domain.id },
        })
      const url = `${credentials.authUrl}/projects?domain_id=${domain.id}`
      return () => send(url, { headers: { 'x-auth-token': session.token } }, 200)
    },
  },
]

async function measured({ name, goal, prepare }: Operation, side: Side): Promise<Figure> {
  const request = await prepare(side)
  await load(request, { concurrency: CONCURRENCY, seconds: 1 })
  const cpu: number[] = []
  const perSecond = await rounds(ROUNDS, async () => {
    const before = cpuMsOf(side.pids)
    const { perSecond, ms } = await load(request, { concurrency: CONCURRENCY, seconds: SECONDS })
    cpu.push((cpuMsOf(side.pids) - before) / ms.length)
    return perSecond
  })
  const spent = side.pids.length > 0 ? `, ${number(median(cpu))} ms CPU` : ''
  return {
    claim: `${name}, ${side.name}`,
    value: `${number(perSecond)}/s${spent}`,
    goal: side.name === 'here' ? goal : '',
  }
}

const REQUESTS = 200

async function p50(request: () => Promise<void>): Promise<number> {
  await request()
  const ms: number[] = []
  for (let n = 0; n < REQUESTS; n++) {
    const begun = performance.now()
    await request()
    ms.push(performance.now() - begun)
  }
  return median(ms)
}

const get = (session: Session, path: string) => () =>
  send(session.urlOf('identity') + path, { headers: { 'x-auth-token': session.token } }, 200)

/**
 * 10,000 projects, each above ten others, and 1,000 groups with a role each; the user is in twenty of them, and half of
 * their roles are inherited by the ten projects below.
 */
async function effectiveFigure(session: Session, db: pg.Client): Promise<Figure> {
  await db.query(`
    insert into projects (id, name, is_domain, domain_id, parent_id, created_at)
    select 'bench-tree-' || n, 'tree-' || n, false, 'default',
      case when n < 10 then 'default' else 'bench-tree-' || (n / 10 - 1) end, now()
    from generate_series(0, 9999) n`)
  await db.query(`
    insert into groups (id, domain_id, name, created_at)
    select 'bench-group-' || n, 'default', 'bench-' || n, now() from generate_series(0, 999) n`)
  await db.query(`
    insert into users (id, domain_id, name, created_at) values ('bench-member', 'default', 'bench-member', now())`)
  await db.query(`
    insert into memberships (user_id, group_id)
    select 'bench-member', 'bench-group-' || n * 50 from generate_series(0, 19) n`)
  await db.query(`
    insert into assignments (id, group_id, target_id, role_id, inherited)
    select 'bench-' || n, 'bench-group-' || n, 'bench-tree-' || n + 110, (select id from roles where name = 'member'),
      n % 100 = 0
    from generate_series(0, 999) n`)
  await db.query('analyze')
  const ms = await p50(get(session, '/role_assignments?effective&user.id=bench-member'))
  return {
    claim: 'effective assignments of a user, 10,000 projects, 1,000 groups, p50',
    value: `${number(ms)} ms`,
    goal: '< 20 ms',
  }
}

async function growthFigures(session: Session, db: pg.Client): Promise<Figure[]> {
  const figures: Figure[] = []
  let there = 0
  for (const count of [1_000, 10_000, 100_000, 1_000_000]) {
    await db.query(
      `insert into users (id, domain_id, name, created_at)
       select 'bench-user-' || lpad(n::text, 7, '0'), 'default', 'bench-user-' || n, now()
       from generate_series($1::int, $2::int) n`,
      [there, count - 1],
    )
    await db.query('analyze users')
    there = count
    const middle = Math.floor(count / 2)
    const byId = await p50(get(session, `/users/bench-user-${String(middle).padStart(7, '0')}`))
    const byName = await p50(get(session, `/users?name=bench-user-${middle}`))
    const page = await p50(
      get(session, `/users?limit=100&marker=bench-user-${String(middle).padStart(7, '0')}`),
    )
    figures.push({
      claim: `${new Intl.NumberFormat('en').format(count)} users, p50 by id, by name, a page of 100`,
      value: [byId, byName, page].map(ms => `${number(ms)} ms`).join(', '),
      goal: 'flat',
    })
  }
  return figures
}
