/** What an operator does with the identity service from the command line, without a token. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Session } from '../../packages/cli/src/client/session.ts'
import { type Cloud, caelum, startCloud } from '../support/cloud.ts'

let cloud: Cloud
beforeAll(async () => {
  cloud = await startCloud({ hypervisor: 'sim', hosts: 1 })
}, 300_000)
afterAll(() => cloud?.down(), 120_000)

const identity = (...words: string[]) => caelum(['identity', ...words, '--data', cloud.dataDir])

const login = (password: string) =>
  Session.open({ authUrl: cloud.admin.urlOf('identity'), user: 'admin', password, project: 'admin' })

const kidOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid

test('an administrator who is shut out gets back in, and the old tokens end', async () => {
  const before = await login(cloud.adminPassword)
  await before.call('identity', 'PATCH', `/users/${before.userId}`, {
    user: {
      password: 'forgotten-1',
      options: { multi_factor_auth_enabled: true, multi_factor_auth_rules: [['password', 'totp']] },
    },
  })
  await expect(login(cloud.adminPassword)).rejects.toMatchObject({ status: 401 })
  await expect(login('forgotten-1')).rejects.toMatchObject({ status: 401 })

  expect(await identity('reset-admin')).toContain('user admin can log in')
  const password = /password: (.+)/.exec(readFileSync(join(cloud.dataDir, 'clouds.yaml'), 'utf8'))?.[1] ?? ''
  expect(password).not.toBe(cloud.adminPassword)
  const session = await login(password)
  await session.call('identity', 'GET', '/users')
  await expect(before.call('identity', 'GET', '/users')).rejects.toMatchObject({ status: 401 })

  expect(await identity('bootstrap')).toContain('are there')
  const first = kidOf((await login(password)).token)
  expect(await identity('rotate-keys', '--now')).toContain('a new signing key is published')
  expect(kidOf((await login(password)).token)).not.toBe(first)
  expect(await identity('reseal', '--new-key')).toContain('sealed with the newest key')
  await login(password)
})

test('words that are none are told so', async () => {
  await expect(identity('rotate-keys', '--new-key')).rejects.toThrow('ended with 2')
  await expect(identity('reset')).rejects.toThrow('the words are: identity bootstrap')
})
