/**
 * The first container of docker-compose.yml: makes passwords and certificates once, and brings every service's schema
 * up to date. What one service needs goes into its own folder, a volume that nobody else sees. Safe to repeat.
 */

import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { migrateService, serviceUrl } from '@caelum/db'
import { loadConfig, secret } from '@caelum/kernel'
import { ensureCa, ensureCertificate } from '@caelum/lab'
import { z } from 'zod'
import { ROOT } from '../cloud/node-program.ts'
import { writeFileAtomic } from '../instance/atomic-file.ts'
import { API_SERVICES } from '../instance/services.ts'

const config = loadConfig(
  z.object({
    /** a PostgreSQL role that may create roles and schemas */
    DATABASE_ADMIN_URL: secret(),
    /** names of compute hosts, separated by commas: each gets a certificate */
    CAELUM_HOSTS: z.string().default('host-1'),
  }),
  process.env,
)

const SECRETS = '/secrets'
const adminUrl = config.DATABASE_ADMIN_URL.reveal()

function keep(service: string, name: string, make: () => string): string {
  const path = join(SECRETS, service, name)
  if (!existsSync(path)) writeFileAtomic(path, make())
  return readFileSync(path, 'utf8')
}

const password = (): string => randomBytes(24).toString('base64url')

const servicePasswords: Record<string, string> = {}
for (const { name, schema } of API_SERVICES) {
  const databasePassword = keep(name, 'database-password', password)
  await migrateService({
    adminUrl,
    service: schema,
    directory: join(ROOT, 'migrations', name),
    password: databasePassword,
  })
  writeFileAtomic(join(SECRETS, name, 'database-url'), serviceUrl(adminUrl, schema, databasePassword))
  if (name !== 'identity') servicePasswords[name] = keep(name, 'service-password', password)
}
writeFileAtomic(join(SECRETS, 'identity', 'service-passwords.json'), JSON.stringify(servicePasswords))

const ca = await ensureCa(join(SECRETS, 'ca', 'pki'))
for (const name of ['compute', 'ovn', ...config.CAELUM_HOSTS.split(',')])
  await ensureCertificate(ca, join(SECRETS, name, 'pki'), { commonName: name, dns: [name], ips: [] })
