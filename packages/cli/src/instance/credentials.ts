import { join } from 'node:path'
import { writeFileAtomic } from './atomic-file.ts'
import type { Location } from './location.ts'
import { generatedSecret } from './secrets.ts'
import type { Settings } from './settings.ts'

export const ADMIN_PASSWORD = 'admin-password'
export const REGION = 'RegionOne'

export const baseUrl = (settings: Settings, service: string): string =>
  `http://127.0.0.1:${settings.ports[service]}`

export const identityUrl = (settings: Settings): string => `${baseUrl(settings, 'identity')}/v3`

/** Writes `clouds.yaml` and `openrc` for the administrator, mode 0600. */
export function writeCredentials(
  location: Location,
  settings: Settings,
): { cloudsFile: string; rcFile: string } {
  const password = generatedSecret(location, ADMIN_PASSWORD)
  const authUrl = identityUrl(settings)
  const cloudsFile = join(location.dataDir, 'clouds.yaml')
  const rcFile = join(location.dataDir, 'openrc')
  writeFileAtomic(
    cloudsFile,
    `clouds:
  caelum:
    auth:
      auth_url: ${authUrl}
      username: admin
      password: ${password}
      project_name: admin
      user_domain_name: Default
      project_domain_name: Default
    region_name: ${REGION}
    identity_api_version: 3
    interface: public
`,
  )
  writeFileAtomic(
    rcFile,
    `# for: . ${rcFile}
unset OS_CLOUD
export OS_AUTH_URL=${authUrl}
export OS_USERNAME=admin
export OS_PASSWORD=${password}
export OS_PROJECT_NAME=admin
export OS_USER_DOMAIN_NAME=Default
export OS_PROJECT_DOMAIN_NAME=Default
export OS_REGION_NAME=${REGION}
export OS_IDENTITY_API_VERSION=3
export OS_INTERFACE=public
`,
  )
  return { cloudsFile, rcFile }
}
