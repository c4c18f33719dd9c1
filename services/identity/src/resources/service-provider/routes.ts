import type { Route } from '@caelum/http'
import { chosenIdRoutes } from '../../collection-routes.ts'
import { ChangeBody, CreateBody, ListServiceProviders, ServiceProviderReply } from './schema.ts'
import type { ServiceProviderService } from './service.ts'
import { viewServiceProvider } from './view.ts'

/** keystone/api/os_federation.py, ServiceProviderResource. */
export const serviceProviderRoutes = (service: ServiceProviderService): Route[] =>
  chosenIdRoutes({
    many: 'service_providers',
    one: 'service_provider',
    create: CreateBody,
    change: ChangeBody,
    query: ListServiceProviders,
    reply: ServiceProviderReply,
    service,
    view: viewServiceProvider,
  })
