/**
 * Writes `openapi/<service>.json` for every service that has routes, from the schemas that also validate requests.
 * The documents are checked in; `--check` writes nothing, names those that are out of date and exits 1.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Microversions, openapiOf, type Route } from '@caelum/http'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'openapi')

/** Stands for the dependencies of handlers, which are not called here. */
const nothing: unknown = new Proxy(() => nothing, { get: () => nothing })

async function documentOf(service: string): Promise<string | null> {
  const source = join(root, 'services', service, 'src')
  const load = async (file: string) => (existsSync(join(source, file)) ? import(join(source, file)) : {})
  const app: { routesOf?: (deps: unknown) => Route[] } = await load('app.ts')
  const versions: { microversions?: Microversions } = await load('versions.ts')
  if (!app.routesOf) return null
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const document = openapiOf({
    name: service,
    title: `Caelum ${service}`,
    version,
    routes: app.routesOf(nothing),
    ...(versions.microversions ? { microversions: versions.microversions } : {}),
  })
  return `${JSON.stringify(document, null, 1)}\n`
}

const stale: string[] = []
mkdirSync(folder, { recursive: true })
for (const service of readdirSync(join(root, 'services')).sort()) {
  const document = await documentOf(service)
  if (document === null) continue
  const file = join(folder, `${service}.json`)
  if (existsSync(file) && readFileSync(file, 'utf8') === document) continue
  stale.push(`openapi/${service}.json`)
  if (!process.argv.includes('--check')) writeFileSync(file, document)
}
if (process.argv.includes('--check') && stale.length > 0) {
  console.error(`out of date: ${stale.join(', ')}; run: node tools/openapi.ts`)
  process.exitCode = 1
}
