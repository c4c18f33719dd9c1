import { generateKeyPairSync } from 'node:crypto'
import { silentLogger } from '@caelum/kernel'
import { eventually, type TestDatabase, testDatabase } from '@caelum/testkit'
import pg from 'pg'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { openTrust } from '../src/index.ts'

let database: TestDatabase
let identity: pg.Pool
beforeAll(async () => {
  database = await testDatabase('identity')
  identity = new pg.Pool({ connectionString: database.url })
  identity.on('error', () => undefined)
})
afterAll(async () => {
  await identity.end()
  await database.drop()
})

const publicPem = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' })

const publish = (kid: string, verifiesUntil: string | null = null) =>
  identity.query(
    `insert into signing_keys
       (kid, public_key_pem, private_key_sealed, longest_token_s, signs_from, verifies_until, created_at)
     values ($1, $2, '', 3600, now(), $3, now())`,
    [kid, publicPem(), verifiesUntil],
  )
const revoke = (subject: string, { notify = true, lifetime = '1 hour' } = {}) =>
  identity.query(
    `with made as (insert into revocations (subject, issued_until, expires_at)
       values ($1, now(), now() + $2::interval) returning 1)
     select case when $3 then pg_notify('trust', '') end from made`,
    [subject, lifetime, notify],
  )

async function trust(url = database.url) {
  const opened = await openTrust({ url, log: silentLogger })
  onTestFinished(() => opened.close())
  return opened
}

/** ms until `look` is true */
async function timeUntil(look: () => boolean): Promise<number> {
  const begun = performance.now()
  await eventually(look, { every: 5 })
  return performance.now() - begun
}

test('a revocation is known within a second, with its notification and without', async () => {
  const known = await trust()
  await revoke('user:told')
  expect(await timeUntil(() => known.revokedUntil('user:told') !== undefined)).toBeLessThan(1_000)
  await revoke('user:untold', { notify: false })
  expect(await timeUntil(() => known.revokedUntil('user:untold') !== undefined)).toBeLessThan(1_000)
})

test('after a restart everything is known before the first request', async () => {
  await revoke('user:before')
  const restarted = await trust()
  expect(restarted.revokedUntil('user:before')).toBeTypeOf('number')
})

test('refresh knows what was committed before it was called, however many call it', async () => {
  const known = await trust()
  const looks: Promise<void>[] = []
  for (let n = 0; n < 60; n++) {
    const subject = `user:refreshed-${n}`
    await revoke(subject, { notify: false })
    looks.push(known.refresh().then(() => expect(known.revokedUntil(subject)).toBeTypeOf('number')))
    if (n % 7 === 0) await Promise.all(looks)
  }
  await Promise.all(looks)
})

test('a later revocation of the same subject counts, an expired one is forgotten', async () => {
  const known = await trust()
  await revoke('user:twice')
  await known.refresh()
  const first = known.revokedUntil('user:twice') ?? 0
  await eventually(() => Date.now() > first + 2)
  await revoke('user:twice')
  await known.refresh()
  expect(known.revokedUntil('user:twice')).toBeGreaterThan(first)
  await revoke('user:short', { lifetime: '0 s' })
  await eventually(async () => {
    await known.refresh()
    return known.revokedUntil('user:short') === undefined
  })
})

test('keys come and go', async () => {
  await publish('new')
  const known = await trust()
  expect(known.keyOf('new')?.asymmetricKeyType).toBe('ec')
  await publish('ended', '2020-01-01')
  await publish('ending', '2100-01-01')
  await known.refresh()
  expect(known.keyOf('ended')).toBeUndefined()
  expect(known.keyOf('ending')).toBeDefined()
  await identity.query(`update signing_keys set verifies_until = now() where kid = 'ending'`)
  await eventually(() => known.keyOf('ending') === undefined)
})

test('cut off, it says so; connected again, it knows what it missed', async () => {
  const known = await trust()
  const admin = new pg.Client({ connectionString: process.env['CAELUM_TEST_DATABASE_URL'] })
  await admin.connect()
  onTestFinished(() => admin.end())
  const name = new URL(database.url).pathname.slice(1)
  const { rows } = await identity.query('select pg_backend_pid() as mine')
  await admin.query(`alter database ${name} allow_connections false`)
  try {
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = $1 and pid <> $2`,
      [name, rows[0].mine],
    )
    await eventually(() => !known.isFresh(), { within: 8_000 })
    await identity.query(
      `insert into identity.revocations (subject, issued_until, expires_at)
       values ('user:missed', now(), now() + interval '1 hour')`,
    )
  } finally {
    await admin.query(`alter database ${name} allow_connections true`)
  }
  await eventually(() => known.isFresh() && known.revokedUntil('user:missed') !== undefined)
})

test('the first reading must succeed', async () => {
  const nowhere = new URL(database.url)
  nowhere.pathname = '/nowhere'
  await expect(openTrust({ url: nowhere.href, log: silentLogger })).rejects.toThrow('nowhere')
})

test('any service’s role may read what is published, and nothing else', async () => {
  const admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
  onTestFinished(() => admin.end())
  await admin.query('drop role if exists caelum_trust_reader')
  await admin.query('create role caelum_trust_reader')
  await admin.query('set role caelum_trust_reader')
  await revoke('user:seen')
  const { rows } = await admin.query('select 1 from identity.published_revocations where subject = $1', [
    'user:seen',
  ])
  expect(rows).toHaveLength(1)
  await expect(admin.query('select private_key_sealed from identity.signing_keys')).rejects.toThrow(
    'permission',
  )
  await admin.query('reset role')
  await admin.query('drop role caelum_trust_reader')
})
