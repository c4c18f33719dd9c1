import type { Route } from '@caelum/http'
import { z } from 'zod'
import { collectionRoutes } from '../../collection-routes.ts'
import { ChangeCredential, CreateCredential, CredentialReply, ListCredentials } from './schema.ts'
import type { CredentialService } from './service.ts'
import { viewCredential } from './view.ts'

/** keystone/api/credentials.py */
export const credentialRoutes = (service: CredentialService): Route[] =>
  collectionRoutes({
    many: 'credentials',
    one: 'credential',
    create: z.object({ credential: CreateCredential }),
    change: z.object({ credential: ChangeCredential }),
    query: ListCredentials,
    reply: CredentialReply,
    service,
    view: viewCredential,
  })
