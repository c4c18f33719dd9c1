import { expect, test } from 'vitest'
import { PasswordHasher, STANDARD_COST } from '../src/password/hasher.ts'
import { TEST_COST } from './app.ts'

test('passwords are hashed with argon2id at OWASP’s cost, salted', async () => {
  const hasher = new PasswordHasher()
  const [one, two] = [await hasher.hash('same'), await hasher.hash('same')]
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(one).not.toBe(two)
  expect(await hasher.verify('same', one)).toBe(true)
  expect(await hasher.verify('other', one)).toBe(false)
})

test('a hash of another cost is still good', async () => {
  const cheap = await new PasswordHasher({ cost: TEST_COST }).hash('secret')
  expect(await new PasswordHasher().verify('secret', cheap)).toBe(true)
})

test('nobody’s password takes as long as a wrong one', async () => {
  const hasher = new PasswordHasher({ cost: STANDARD_COST, concurrency: 1 })
  const hash = await hasher.hash('secret')
  await hasher.verify('warm', null)
  const time = async (hashed: string | null) => {
    const begun = process.cpuUsage()
    expect(await hasher.verify('wrong', hashed)).toBe(false)
    const { user, system } = process.cpuUsage(begun)
    return user + system
  }
  const [known, unknown]: number[][] = [[], []]
  for (let round = 0; round < 15; round++) {
    known?.push(await time(hash))
    unknown?.push(await time(null))
  }
  const median = (values: number[] = []) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
  const ratio = median(known) / median(unknown)
  expect(ratio).toBeGreaterThan(0.7)
  expect(ratio).toBeLessThan(1.43)
})

test('even the decoy’s own password opens nothing', async () => {
  const hasher = new PasswordHasher({ cost: TEST_COST })
  expect(await hasher.verify('nobody has this one', null)).toBe(false)
})

test('a few are hashed at a time, the others wait, and who would wait too long is told so', async () => {
  const hasher = new PasswordHasher({ cost: TEST_COST, concurrency: 2 })
  const asked = Array.from({ length: 600 }, () =>
    hasher.hash('x').then(
      () => 'hashed',
      error => error.status,
    ),
  )
  const answers = await Promise.all(asked)
  expect(answers.filter(answer => answer === 'hashed')).toHaveLength(502)
  expect(answers.filter(answer => answer === 503)).toHaveLength(98)
  expect(await hasher.verify('x', await hasher.hash('x'))).toBe(true)
})

test('a flood of logins leaves the event loop free', async () => {
  const hasher = new PasswordHasher()
  const flood = Array.from({ length: 20 }, () => hasher.hash('x'))
  let turns = 0
  let flooding = true
  const turn = () => {
    turns += 1
    if (flooding) setImmediate(turn)
  }
  turn()
  await Promise.all(flood)
  flooding = false
  expect(turns).toBeGreaterThan(1_000)
})
