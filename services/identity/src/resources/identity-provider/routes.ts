import type { Route } from '@caelum/http'
import { chosenIdRoutes } from '../../collection-routes.ts'
import { ChangeBody, CreateBody, IdentityProviderReply, ListIdentityProviders } from './schema.ts'
import type { IdentityProviderService } from './service.ts'
import { viewIdentityProvider } from './view.ts'

/** keystone/api/os_federation.py, IdentityProvidersResource. */
export const identityProviderRoutes = (service: IdentityProviderService): Route[] =>
  chosenIdRoutes({
    many: 'identity_providers',
    one: 'identity_provider',
    create: CreateBody,
    change: ChangeBody,
    query: ListIdentityProviders,
    reply: IdentityProviderReply,
    service,
    view: viewIdentityProvider,
  })
