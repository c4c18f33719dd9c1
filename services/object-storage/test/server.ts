/** The application in a process of its own, to be killed. It prints its port and a token, then its memory when asked. */
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { silentLogger } from '@caelum/kernel'
import { persona, testVerifier } from '@caelum/testkit'
import { buildApp } from '../src/app.ts'
import { createDeps } from '../src/deps.ts'

const [databaseUrl = '', dataDir = '', projectId = ''] = process.argv.slice(2)
const limits = { maxBytes: 2 ** 40, uploadIdleMs: 10_000, expiryMs: 30_000 }
const deps = await createDeps({ databaseUrl, dataDir, limits, log: silentLogger, graceMs: 0 })
const app = buildApp(deps, { log: silentLogger, verifier: testVerifier(), identityUrl: '' })
await app.listen({ host: '127.0.0.1', port: 0 })
const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`)
say({ port: (app.server.address() as AddressInfo).port, headers: persona('member', { projectId }).headers })
for await (const _line of createInterface({ input: process.stdin }))
  say({ memoryMb: process.memoryUsage.rss() / 2 ** 20 })
