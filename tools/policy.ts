/**
 * Writes `docs/policy/<service>.md`: every route of a service, and what each persona of OpenStack's secure defaults may
 * do with it, worked out from the real routes and the real rules. The documents are checked in; `--check` writes
 * nothing, names those that are out of date and exits 1. A route without a rule fails either way.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PolicyTable, Route } from '@caelum/http'
import { matrixOf, unruled } from './policy-matrix.ts'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'docs', 'policy')
const checking = process.argv.includes('--check')

/** Stands for the dependencies of handlers, which are not called here. */
const nothing: unknown = new Proxy(() => nothing, { get: () => nothing })

const stale: string[] = []
const without: string[] = []
mkdirSync(folder, { recursive: true })
for (const service of readdirSync(join(root, 'services')).sort()) {
  const source = join(root, 'services', service, 'src')
  if (!existsSync(join(source, 'policy.ts'))) continue
  const { policy }: { policy: PolicyTable } = await import(join(source, 'policy.ts'))
  const { routesOf }: { routesOf: (deps: unknown) => Route[] } = await import(join(source, 'app.ts'))
  const routes = routesOf(nothing)
  without.push(...unruled(routes, policy))
  const file = join(folder, `${service}.md`)
  const document = matrixOf(service, routes, policy)
  if (existsSync(file) && readFileSync(file, 'utf8') === document) continue
  stale.push(`docs/policy/${service}.md`)
  if (!checking) writeFileSync(file, document)
}
if (without.length > 0) {
  console.error(`without a policy rule:\n${without.join('\n')}`)
  process.exitCode = 1
}
if (checking && stale.length > 0) {
  console.error(`out of date: ${stale.join(', ')}; run: node tools/policy.ts`)
  process.exitCode = 1
}
