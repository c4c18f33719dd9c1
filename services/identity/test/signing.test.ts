import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '@caelum/kernel'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { addKey, forgetOldKeys, keysOfFolder, sealingOf } from '../src/signing/key-file.ts'
import { KeyRing } from '../src/signing/key-ring.ts'
import { resealAll } from '../src/signing/reseal.ts'
import { Sealing, seal, unseal } from '../src/signing/seal.ts'
import { sealedSigningKeys, signingKeyStore } from '../src/signing/store.ts'
import { ADMIN_PASSWORD, issue, type TestApp, testApp, testDeps, testSealing } from './app.ts'

describe('the key-encryption key', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'caelum-seal-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
  })

  test('is made once, for us alone, and found again', () => {
    const dir = join(folder, 'data')
    const [key] = keysOfFolder(dir)
    expect(key).toHaveLength(32)
    expect(statSync(join(dir, 'key-encryption.key')).mode & 0o777).toBe(0o600)
    expect(statSync(dir).mode & 0o777).toBe(0o700)
    expect(keysOfFolder(dir)).toEqual([key])
  })

  test('that is cut short is not used', () => {
    keysOfFolder(folder)
    writeFileSync(join(folder, 'key-encryption.key'), 'short')
    expect(() => keysOfFolder(folder)).toThrow('must hold keys of 32 bytes and holds 5')
    const CAELUM_KEY_ENCRYPTION_KEY = new Secret('c2hvcnQ=')
    expect(() => sealingOf({ CAELUM_KEY_ENCRYPTION_KEY, CAELUM_DATA_DIR: folder })).toThrow('must hold keys')
  })

  test('of several in the configuration the first seals and all open', () => {
    const [a, b] = [randomBytes(32), randomBytes(32)]
    const given = (...keys: Buffer[]) =>
      sealingOf({
        CAELUM_KEY_ENCRYPTION_KEY: new Secret(keys.map(key => key.toString('base64')).join(',')),
        CAELUM_DATA_DIR: folder,
      })
    const old = given(a).seal('k', Buffer.from('secret'))
    expect(given(b, a).unseal('k', old).toString()).toBe('secret')
    expect(given(b, a).isNewest('k', old)).toBe(false)
    expect(() => given(b).unseal('k', old)).toThrow('another key-encryption key')
    expect(given(b).isNewest('k', given(b, a).seal('k', Buffer.from('secret')))).toBe(true)
  })

  test('is changed in the folder while others use it', () => {
    const config = { CAELUM_DATA_DIR: folder }
    const running = sealingOf(config)
    const first = running.seal('k', Buffer.from('first'))
    addKey(folder)
    const tool = sealingOf(config)
    expect(tool.isNewest('k', first)).toBe(false)
    expect(running.unseal('k', tool.seal('k', Buffer.from('by another'))).toString()).toBe('by another')
    expect(tool.isNewest('k', running.seal('k', Buffer.from('second')))).toBe(true)
    const again = tool.seal('k', tool.unseal('k', first))
    forgetOldKeys(folder)
    expect(sealingOf(config).unseal('k', again).toString()).toBe('first')
    expect(() => sealingOf(config).unseal('k', first)).toThrow('another key-encryption key')
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
    const there = await issue(second, {
      identity: { methods: ['password'], password: { user: { ...api.named('admin', ADMIN_PASSWORD) } } },
    })
    expect(kidOf(there.text)).toBe(kidOf(here))
  })

  test('of many that rotate at once, one does', async () => {
    const store = signingKeyStore(api.deps.db)
    const rings = Array.from({ length: 6 }, () => new KeyRing(store, testSealing, 3_600))
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
    const key = randomBytes(32)
    const strange = new Sealing(() => [key])
    const stranger = new KeyRing(store, strange, 3_600)
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

  test('everything is sealed again with a new key-encryption key, and what died half way goes on', async () => {
    const first = randomBytes(32)
    const second = randomBytes(32)
    const table = sealedSigningKeys(api.deps.db)
    const names = (await table.page('', 100)).map(row => row.name)
    const old = new Sealing(() => [first])
    for (const { id, name, sealed } of await table.page('', 100))
      await table.replace(id, sealed, old.seal(name, Buffer.from(`of ${name}`)))
    const both = new Sealing(() => [second, first])
    let left = 2
    const dying = {
      ...table,
      replace: async (...row: Parameters<typeof table.replace>) => {
        if (left-- === 0) throw new Error('dies here')
        await table.replace(...row)
      },
    }
    await expect(resealAll(both, [dying])).rejects.toThrow('dies here')
    expect(await resealAll(both, [table])).toEqual({ resealed: names.length - 2, lost: [] })
    const alone = new Sealing(() => [second])
    for (const { name, sealed } of await table.page('', 100))
      expect(alone.unseal(name, sealed).toString()).toBe(`of ${name}`)
    expect(await resealAll(old, [table])).toEqual({ resealed: 0, lost: names })
  })

  test('revocations are kept for the longest token of any process', async () => {
    const longer = new KeyRing(signingKeyStore(api.deps.db), testSealing, 7_200)
    await api.deps.keys.rotate({ now: true })
    await longer.start()
    await api.deps.transact(async () => ({ value: undefined, revoked: ['user:someone'] }))
    const [row] = await api.deps.db.$queryRaw<{ s: number }[]>`
      select extract(epoch from expires_at - now())::float8 as s from revocations where subject = 'user:someone'`
    expect(row?.s).toBeGreaterThan(7_000)
  })
})
