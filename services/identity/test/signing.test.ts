import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '@caelum/kernel'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { KeyRing } from '../src/signing/key-ring.ts'
import { keyEncryptionKey, seal, sealingKeyOf, unseal } from '../src/signing/seal.ts'
import { signingKeyStore } from '../src/signing/store.ts'
import { ADMIN_PASSWORD, type TestApp, testApp, testDeps, testSealingKey } from './app.ts'

describe('the key-encryption key', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'caelum-seal-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
  })

  test('is made once, for us alone, and found again', () => {
    const dir = join(folder, 'data')
    const key = keyEncryptionKey(dir)
    expect(key).toHaveLength(32)
    expect(statSync(join(dir, 'key-encryption.key')).mode & 0o777).toBe(0o600)
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    expect(keyEncryptionKey(dir)).toEqual(key)
  })

  test('that is cut short is not used', () => {
    keyEncryptionKey(folder)
    writeFileSync(join(folder, 'key-encryption.key'), 'short')
    expect(() => keyEncryptionKey(folder)).toThrow('must hold 32 bytes and holds 5')
    const CAELUM_KEY_ENCRYPTION_KEY = new Secret('c2hvcnQ=')
    expect(() => sealingKeyOf({ CAELUM_KEY_ENCRYPTION_KEY, CAELUM_DATA_DIR: folder })).toThrow('must hold 32')
  })

  test('opens what it sealed, under the same name, unchanged, and nothing else', () => {
    const [key, other] = [randomBytes(32), randomBytes(32)]
    const sealed = seal(key, 'k1', Buffer.from('secret'))
    expect(unseal(key, 'k1', sealed).toString()).toBe('secret')
    expect(sealed.includes('secret')).toBe(false)
    expect(() => unseal(other, 'k1', sealed)).toThrow()
    expect(() => unseal(key, 'k2', sealed)).toThrow()
    for (let index = 0; index < sealed.length; index++) {
      const changed = Buffer.from(sealed)
      changed[index] = (changed[index] ?? 0) ^ 1
      expect(() => unseal(key, 'k1', changed)).toThrow()
    }
  })
})

describe('rotation', () => {
  let api: TestApp
  beforeAll(async () => {
    api = await testApp()
  })
  afterAll(() => api.close())

  const kidOf = (token: string): string =>
    JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
  const works = async (token: string) =>
    (await api.call('GET', '/v3/auth/projects', { token })).status === 200
  /** lets the lead time pass */
  const passLead = () =>
    api.deps.db.$executeRaw`update signing_keys set signs_from = now() where signs_from > now()`

  test('a new key is published before it signs; the old one is believed until its last token ends', async () => {
    const before = await api.admin()
    expect(await api.deps.keys.rotate()).toBe('added')
    const during = await api.admin()
    expect(kidOf(during)).toBe(kidOf(before))
    await passLead()
    const after = await api.admin()
    expect(kidOf(after)).not.toBe(kidOf(before))
    expect([await works(before), await works(during), await works(after)]).toEqual([true, true, true])

    const [old] = await api.deps.db.$queryRaw<{ left_s: number }[]>`
      select extract(epoch from verifies_until - now())::float8 as left_s from signing_keys
      where kid = ${kidOf(before)}`
    expect(old?.left_s).toBeGreaterThan(3_600)
    expect(old?.left_s).toBeLessThan(3_600 + 120)

    await api.deps.db.$executeRaw`update signing_keys set verifies_until = now() where kid = ${kidOf(before)}`
    await api.deps.verifier.verify(after)
    await expect.poll(() => works(before), { timeout: 3_000 }).toBe(false)
    expect(await works(after)).toBe(true)
    expect(await api.deps.prune()).toBeGreaterThan(0)
    expect(await works(after)).toBe(true)
  })

  test('every process signs with the same key, whoever rotated', async () => {
    const second = await testDeps(api.database.url)
    onTestFinished(() => second.close())
    await second.keys.rotate()
    await passLead()
    const here = await api.admin()
    const there = await second.tokens.issue({
      identity: { methods: ['password'], password: { user: { ...api.named('admin', ADMIN_PASSWORD) } } },
    })
    expect(kidOf(there.text)).toBe(kidOf(here))
  })

  test('of many that rotate at once, one does', async () => {
    const store = signingKeyStore(api.deps.db)
    const rings = Array.from({ length: 6 }, () => new KeyRing(store, testSealingKey, 3_600))
    await passLead()
    const outcomes = await Promise.all(rings.map(ring => ring.rotateIfOlder(0, new Date(Date.now() + 1_000))))
    expect(outcomes.filter(outcome => outcome === 'added')).toHaveLength(1)
  })

  test('a key is not rotated before its days are over', async () => {
    expect(await api.deps.keys.rotateIfOlder(30, new Date())).toBe('young')
    const later = new Date(Date.now() + 31 * 86_400_000)
    expect(await api.deps.keys.rotateIfOlder(30, later)).toBe('added')
  })

  test('with another key-encryption key a process does not start, and a new key at once is the way out', async () => {
    const store = signingKeyStore(api.deps.db)
    const stranger = new KeyRing(store, randomBytes(32), 3_600)
    await expect(stranger.start()).rejects.toThrow('sealed with another key-encryption key')
    expect(await stranger.rotate({ now: true })).toBe('added')
    await stranger.start()
  })

  test('private keys are in the database sealed only', async () => {
    const rows = await api.deps.db.signingKey.findMany()
    expect(rows.length).toBeGreaterThan(1)
    for (const row of rows)
      expect(Buffer.from(row.private_key_sealed).toString('latin1')).not.toMatch(/PRIVATE|\x06\x08\*\x86H/)
  })

  test('revocations are kept for the longest token of any process', async () => {
    const longer = new KeyRing(signingKeyStore(api.deps.db), testSealingKey, 7_200)
    await api.deps.keys.rotate({ now: true })
    await longer.start()
    await api.deps.transact(async () => ({ value: undefined, revoked: ['user:someone'] }))
    const [row] = await api.deps.db.$queryRaw<{ s: number }[]>`
      select extract(epoch from expires_at - now())::float8 as s from revocations where subject = 'user:someone'`
    expect(row?.s).toBeGreaterThan(7_000)
  })
})
