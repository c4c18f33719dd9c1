import { openInstance } from '@caelum/lab'
import type { Location } from '../instance/location.ts'
import { API_SERVICES, type ApiService } from '../instance/services.ts'
import type { Settings } from '../instance/settings.ts'
import type { Plan } from '../supervisor/unit.ts'
import { apiService, gateway, migrations, type ServiceExtras } from './api-services.ts'
import { planHosts } from './hosts.ts'
import { database } from './postgres.ts'
import { redis } from './redis.ts'

/** Everything that an instance with these settings runs. Starts nothing. */
export async function planCloud(location: Location, settings: Settings): Promise<Plan> {
  const instance = await openInstance(location.dataDir)
  const postgres = database(location)
  const bells = redis(location)
  const { units, hosts, extras } = planHosts(instance, settings)
  const extrasOf = ({ name }: ApiService): ServiceExtras =>
    name === 'compute' || name === 'network' ? extras[name] : {}
  const services = API_SERVICES.map(service =>
    apiService(location, settings, service, {
      database: postgres,
      redisUrl: bells.url,
      extras: extrasOf(service),
    }),
  )
  const steps = [postgres.unit, bells.unit, migrations(location, postgres)]
  return { units: [...steps, ...services, gateway(settings), ...units], hosts }
}
