import { describe, expect, test } from 'vitest'
import { awayOf } from '../src/outage.ts'

const made = (message: string, looks: object = {}): Error => Object.assign(new Error(message), looks)

const adapter = (cause: object) => ({ code: 'P2010', meta: { driverAdapterError: { cause } } })

/** As they came while PostgreSQL was killed under the services, and while services were. */
const OUTAGES: [string, Error, string][] = [
  ['a query under way', made('Connection terminated unexpectedly'), 'The database'],
  [
    'a client that lost its connection',
    made('Client has encountered a connection error and is not queryable'),
    'The database',
  ],
  ['a write to a dead socket', made('write EPIPE', { code: 'EPIPE' }), 'The database'],
  [
    'no socket',
    made('connect ENOENT /run/.s.PGSQL.5432', { code: 'ENOENT', syscall: 'connect' }),
    'The database',
  ],
  ['Prisma, not reachable', made("Can't reach database server at ...", { code: 'P1001' }), 'The database'],
  [
    'Prisma, raw, not reachable',
    made('Raw query failed', adapter({ kind: 'DatabaseNotReachable' })),
    'The database',
  ],
  [
    'Prisma, raw, starting up',
    made('Raw query failed', adapter({ kind: 'postgres', originalCode: '57P03' })),
    'The database',
  ],
  ['no free connection', made('Timed out fetching a new connection', { code: 'P2024' }), 'The database'],
  [
    'wrapped by somebody',
    made('saving failed', { cause: made('reset', { code: 'ECONNRESET' }) }),
    'The database',
  ],
  [
    'a service that is away',
    made('image answered 503: ...', { name: 'RemoteError', service: 'image', status: 503 }),
    'The image service',
  ],
  [
    'a service that broke',
    made('network answered 500: ...', { name: 'RemoteError', service: 'network', status: 500 }),
    'The network service',
  ],
]

const OTHERS: [string, unknown][] = [
  ['our own mistake', new TypeError('cannot read properties of undefined')],
  ['a file that is missing', made('ENOENT: no such file', { code: 'ENOENT', syscall: 'open' })],
  ['a constraint', made('unique', adapter({ kind: 'UniqueConstraintViolation', originalCode: '23505' }))],
  ['bad SQL', made('syntax', adapter({ kind: 'postgres', originalCode: '42601' }))],
  ['a refusal', made('image answered 404', { name: 'RemoteError', service: 'image', status: 404 })],
  ['not even an error', null],
]

describe('something we need is away', () => {
  test.each(OUTAGES)('%s', (_, error, who) => expect(awayOf(error)).toBe(who))
})

describe('something else is wrong', () => {
  test.each(OTHERS)('%s', (_, error) => expect(awayOf(error)).toBeNull())
})
