import { persona } from '@caelum/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { extensionsOf } from '../src/resources/extension/known.ts'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

test('extensions are those whose operation exists', async () => {
  expect(extensionsOf({})).toEqual([])
  expect(extensionsOf({ 'compute:keypairs:list': true }).map(e => e.alias)).toEqual(['os-keypairs'])
})

test('the list and one of it', async () => {
  const reader = persona('reader')
  const { body } = await api.call(reader, 'GET', '/extensions')
  const aliases = body.extensions.map((e: { alias: string }) => e.alias)
  expect(aliases).toContain('os-keypairs')
  expect(aliases).not.toContain('os-user-quotas')
  const one = await api.call(reader, 'GET', '/extensions/os-keypairs')
  expect(one.body.extension).toMatchObject({ name: 'Keypairs', links: [] })
  expect((await api.call(reader, 'GET', '/extensions/os-cells')).status).toBe(404)
})
