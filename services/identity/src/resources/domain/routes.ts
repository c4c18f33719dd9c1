import type { Route } from '@caelum/http'
import { z } from 'zod'
import { collectionRoutes } from '../../collection-routes.ts'
import { ChangeDomain, CreateDomain, DomainReply, ListDomains } from './schema.ts'
import type { DomainService } from './service.ts'
import { viewDomain } from './view.ts'

/** keystone/api/domains.py */
export const domainRoutes = (service: DomainService): Route[] =>
  collectionRoutes({
    many: 'domains',
    one: 'domain',
    create: z.object({ domain: CreateDomain }),
    change: z.object({ domain: ChangeDomain }),
    query: ListDomains,
    reply: DomainReply,
    service,
    view: viewDomain,
  })
