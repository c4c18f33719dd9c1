import type { Location } from '../instance/location.ts'
import { API_SERVICES } from '../instance/services.ts'
import type { Settings } from '../instance/settings.ts'
import type { Unit } from '../supervisor/unit.ts'
import { apiService, gateway, migrations } from './api-services.ts'
import { exists } from './node-program.ts'
import { database } from './postgres.ts'
import { redis } from './redis.ts'

export type Plan = { units: Unit[] }

/** Everything that an instance with these settings runs. Starts nothing. */
export function planCloud(location: Location, settings: Settings): Plan {
  const postgres = database(location)
  const bells = redis(location)
  const present = API_SERVICES.filter(service => exists(`services/${service.name}/src/main.ts`))
  const services = present.map(service =>
    apiService(location, settings, service, { database: postgres, redisUrl: bells.url, extras: {} }),
  )
  return {
    units: [
      postgres.unit,
      bells.unit,
      migrations(location, postgres, present),
      ...services,
      gateway(settings),
    ],
  }
}
