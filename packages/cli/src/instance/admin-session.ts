import { Session } from '../client/session.ts'
import { CommandError } from '../command.ts'
import { ADMIN_PASSWORD, identityUrl } from './credentials.ts'
import type { Location } from './location.ts'
import { readSecret } from './secrets.ts'
import { readSettings } from './settings.ts'

/** The administrator of a running instance. */
export async function adminSession(location: Location): Promise<Session> {
  const settings = readSettings(location)
  const password = readSecret(location, ADMIN_PASSWORD)
  if (!settings || !password)
    throw new CommandError(`there is no cloud in ${location.dataDir} yet`, 'caelum up')
  return Session.open({ authUrl: identityUrl(settings), user: 'admin', password, project: 'admin' })
}
