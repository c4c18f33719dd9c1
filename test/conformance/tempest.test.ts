/** Tempest, which nobody here wrote, against a whole cloud; what it does not try, and why, is in files beside it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Cloud, startCloud } from '../support/cloud.ts'
import { SETTINGS, tempest } from './tempest/tempest.ts'

const folder = new URL('./tempest/', import.meta.url).pathname

let cloud: Cloud
beforeAll(async () => {
  cloud = await startCloud({ hypervisor: 'sim', hosts: 1, settings: SETTINGS })
}, 300_000)
afterAll(() => cloud?.down(), 120_000)

test('identity, v3, administrator and not', async () => {
  const { verdicts, output } = await tempest(
    cloud,
    '^tempest\\.api\\.identity\\.(admin\\.)?v3\\.',
    `${folder}identity.exclude`,
  )
  const failed = verdicts.filter(({ result }) => result === 'FAILED').map(({ name }) => name)
  expect(failed, output).toEqual([])
  const skipped = verdicts
    .filter(({ result }) => result === 'SKIPPED')
    .map(({ name, reason }) => `${name}: ${reason}`)
  expect(skipped).toEqual([])
  expect(verdicts.filter(({ result }) => result === 'ok').length).toBeGreaterThan(100)
}, 900_000)
