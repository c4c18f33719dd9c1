import { randomUUID } from 'node:crypto'
import { silentLogger } from '@caelum/kernel'
import { eventually, type TestDatabase, testDatabase } from '@caelum/testkit'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { Bell } from '../src/bell.ts'
import { type Ledger, type Loop, type LoopOptions, startLoop } from '../src/loop.ts'
import { sqlLedger } from '../src/sql-ledger.ts'

interface Thing {
  id: string
}

let database: TestDatabase
let pool: pg.Pool
let ledger: Ledger<Thing>
const loops: Loop[] = []

beforeAll(async () => {
  database = await testDatabase('compute')
  pool = new pg.Pool({ connectionString: database.adminUrl })
  // a connection that is closing when the database is dropped is told so, after the pool has let go of it
  pool.on('connect', client => client.on('error', () => undefined))
  await pool.query(`create table things (id uuid primary key, finished bool not null default false,
    tries int not null default 0, next_try_at timestamptz, last_error text, lease_until timestamptz)`)
  ledger = sqlLedger<Thing, Thing>(async (sql, ...values) => (await pool.query(sql, values)).rows, {
    table: 'things',
    unfinished: 'not finished',
    select: held => `select id from ${held}`,
    view: row => row,
  })
})

afterAll(async () => {
  await pool.end()
  await database.drop()
})

beforeEach(() => pool.query('truncate things'))

afterEach(async () => {
  await Promise.all(loops.splice(0).map(loop => loop.close()))
})

const deaf: Bell = { ring: () => undefined, listen: () => undefined, close: async () => undefined }

function start(step: LoopOptions<Thing>['step'], options: Partial<LoopOptions<Thing>> = {}): Loop {
  const loop = startLoop({
    kind: 'thing',
    ledger,
    bell: deaf,
    log: silentLogger,
    sweepMs: 20,
    step,
    ...options,
  })
  loops.push(loop)
  return loop
}

async function addThing(): Promise<string> {
  const id = randomUUID()
  await pool.query('insert into things (id) values ($1)', [id])
  return id
}

const rowOf = async (id: string) => (await pool.query('select * from things where id = $1', [id])).rows[0]

const finish = async (id: string) => {
  await pool.query('update things set finished = true where id = $1', [id])
}

test('the sweep finds what nobody rang for, and steps until it rests', async () => {
  const id = await addThing()
  const seen: string[] = []
  start(async id => {
    seen.push(id)
    if (seen.length < 3) return { name: 'go', outcome: 'again' }
    await finish(id)
    return { name: 'rest', outcome: 'rest' }
  })
  await eventually(async () => (await rowOf(id)).finished && !(await rowOf(id)).lease_until)
  expect(seen).toEqual([id, id, id])
})

test('the first step is given the row as it was acquired, the next one what the step before it saved', async () => {
  const id = await addThing()
  const given: (Thing | undefined)[] = []
  const loop = start(
    async (_id, view) => {
      given.push(view)
      if (given.length === 1) return { name: 'save', outcome: 'again', view: { id: 'as saved' } }
      if (given.length === 2) return { name: 'go', outcome: 'again' }
      await finish(id)
      return { name: 'rest', outcome: 'rest' }
    },
    { sweepMs: 60_000 },
  )
  await loop.look(id)
  expect(given).toEqual([{ id }, { id: 'as saved' }, undefined])
})

test('a walk that takes longer than the lease keeps it, so nobody else takes the same step', async () => {
  const id = await addThing()
  const { promise: end, resolve } = Promise.withResolvers<void>()
  let begun = 0
  const step: LoopOptions<Thing>['step'] = async id => {
    begun += 1
    await end
    await finish(id)
    return { name: 'slow', outcome: 'rest' }
  }
  for (let process = 0; process < 2; process++) start(step, { leaseMs: 200 })
  await eventually(() => begun === 1)
  const first = (await rowOf(id)).lease_until as Date
  await eventually(async () => (await rowOf(id)).lease_until.getTime() > first.getTime() + 400)
  expect(begun).toBe(1)
  resolve()
  await eventually(async () => (await rowOf(id)).lease_until === null)
  expect(begun).toBe(1)
})

test('the lease of a process that died is free again after its time', async () => {
  const id = await addThing()
  expect(await ledger.acquire(id, 150)).toEqual({ id })
  expect(await ledger.acquire(id, 150)).toBeNull()
  const step = vi.fn(async (id: string) => {
    await finish(id)
    return { name: 'go', outcome: 'rest' } as const
  })
  start(step)
  await eventually(async () => (await rowOf(id)).finished)
})

test('a renewal that comes after the end of the walk does not bring the lease back', async () => {
  const id = await addThing()
  await ledger.acquire(id, 1_000)
  await ledger.release(id, null)
  await ledger.renew(id, 1_000)
  expect((await rowOf(id)).lease_until).toBeNull()
})

test('a step that throws is tried again after a pause, and success forgets the failures', async () => {
  const id = await addThing()
  let tries = 0
  start(async id => {
    if (++tries < 3) throw new Error('not today')
    await finish(id)
    return { name: 'go', outcome: 'rest' }
  })
  const failed = await eventually(async () => {
    const row = await rowOf(id)
    return row.tries > 0 && row.lease_until === null && !row.finished ? row : undefined
  })
  expect(failed.last_error).toBe('not today')
  expect(failed.next_try_at).toBeInstanceOf(Date)
  await eventually(async () => (await rowOf(id)).finished && (await rowOf(id)).tries === 0)
})

test('looks at one id at a time; being told meanwhile means one more look', async () => {
  const id = await addThing()
  let active = 0
  let looks = 0
  const { promise: end, resolve } = Promise.withResolvers<void>()
  const loop = start(
    async () => {
      expect(++active).toBe(1)
      if (++looks === 1) await end
      active -= 1
      return { name: 'look', outcome: 'wait' }
    },
    { sweepMs: 60_000 },
  )
  const first = loop.look(id)
  await eventually(() => looks === 1)
  await Promise.all([loop.look(id), loop.look(id), loop.look(id)])
  resolve()
  await first
  expect(looks).toBe(2)
})
