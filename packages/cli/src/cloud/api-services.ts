import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { migrateService, serviceUrl } from '@caelum/db'
import { ADMIN_PASSWORD, baseUrl, identityUrl, REGION } from '../instance/credentials.ts'
import type { Location } from '../instance/location.ts'
import { generatedSecret, keptSecret, secretPath } from '../instance/secrets.ts'
import { serviceSettings } from '../instance/service-settings.ts'
import { API_SERVICES, type ApiService } from '../instance/services.ts'
import type { Settings } from '../instance/settings.ts'
import type { Unit } from '../supervisor/unit.ts'
import { answers, healthy, nodeArgv, nodeEnv, ROOT } from './node-program.ts'
import type { Database } from './postgres.ts'

const databasePassword = (location: Location, { name }: ApiService): string =>
  generatedSecret(location, `${name}.database-password`)

const servicePassword = (location: Location, { name }: ApiService): string =>
  generatedSecret(location, `${name}.service-password`)

/** One step brings every service's schema up to date, so that no service meets another's half. */
export function migrations(location: Location, database: Database): Unit {
  return {
    name: 'migrations',
    after: ['postgres'],
    prepare: async () => {
      for (const service of API_SERVICES)
        await migrateService({
          adminUrl: database.adminUrl(),
          service: service.schema,
          directory: join(ROOT, 'migrations', service.name),
          password: databasePassword(location, service),
        })
    },
  }
}

const publicUrl = (settings: Settings, service: ApiService): string =>
  `${baseUrl(settings, service.name)}${service.catalogPath}`

/** What only identity needs: the first administrator, the catalog, and the other services' passwords. */
function bootstrapEnv(location: Location, settings: Settings): Record<string, string> {
  generatedSecret(location, ADMIN_PASSWORD)
  const catalog = API_SERVICES.map(service => [service.catalogType, publicUrl(settings, service)])
  const passwords = API_SERVICES.filter(service => service.name !== 'identity').map(service => [
    service.name,
    servicePassword(location, service),
  ])
  return {
    CAELUM_ADMIN_PASSWORD_FILE: secretPath(location, ADMIN_PASSWORD),
    CAELUM_CATALOG: JSON.stringify(Object.fromEntries(catalog)),
    CAELUM_SERVICE_PASSWORDS_FILE: keptSecret(
      location,
      'service-passwords.json',
      JSON.stringify(Object.fromEntries(passwords)),
    ),
  }
}

export type ServiceExtras = {
  after?: string[]
  env?: Record<string, string>
}

export function apiService(
  location: Location,
  settings: Settings,
  service: ApiService,
  { database, redisUrl, extras }: { database: Database; redisUrl: string; extras: ServiceExtras },
): Unit {
  const listen = `127.0.0.1:${settings.ports[service.name]}`
  const metricsPort = settings.ports[`${service.name}-metrics`]
  const dataDir = join(location.dataDir, service.name)
  const env = (): Record<string, string> => {
    servicePassword(location, service)
    return {
      ...nodeEnv(),
      ...serviceSettings(location),
      DATABASE_URL_FILE: keptSecret(
        location,
        `${service.name}.database-url`,
        serviceUrl(database.adminUrl(), service.schema, databasePassword(location, service)),
      ),
      REDIS_URL: redisUrl,
      CAELUM_LISTEN: listen,
      ...(metricsPort ? { CAELUM_METRICS_LISTEN: `127.0.0.1:${metricsPort}` } : {}),
      CAELUM_PUBLIC_URL: publicUrl(settings, service),
      CAELUM_REGION: REGION,
      CAELUM_IDENTITY_URL: identityUrl(settings),
      CAELUM_SERVICE_PASSWORD_FILE: secretPath(location, `${service.name}.service-password`),
      CAELUM_DATA_DIR: dataDir,
      ...(service.name === 'identity' ? bootstrapEnv(location, settings) : {}),
      ...extras.env,
    }
  }
  return {
    name: service.name,
    after: ['migrations', 'redis', ...(extras.after ?? [])],
    prepare: async () => {
      mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    },
    process: () => ({
      name: service.name,
      argv: nodeArgv(`services/${service.name}/src/main.ts`),
      env: env(),
      ready: () => healthy(`http://${listen}/healthz`),
      alive: () => answers(`http://${listen}/healthz/live`),
    }),
  }
}

export function gateway(settings: Settings): Unit {
  const listen = `127.0.0.1:${settings.ports['gateway']}`
  const upstreams = API_SERVICES.map(service => [service.catalogType, baseUrl(settings, service.name)])
  return {
    name: 'gateway',
    after: [],
    process: () => ({
      name: 'gateway',
      argv: nodeArgv('services/gateway/src/main.ts'),
      env: {
        ...nodeEnv(),
        CAELUM_LISTEN: listen,
        CAELUM_UPSTREAMS: JSON.stringify(Object.fromEntries(upstreams)),
      },
      ready: () => healthy(`http://${listen}/healthz`),
      alive: () => answers(`http://${listen}/healthz/live`),
    }),
  }
}
