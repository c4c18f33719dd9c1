import type { Route } from '@caelum/http'
import { z } from 'zod'
import { collectionRoutes } from '../../collection-routes.ts'
import { ChangeConsumer, ConsumerReply, CreateConsumer, ListConsumers } from './schema.ts'
import type { ConsumerService } from './service.ts'
import { viewConsumer } from './view.ts'

/** keystone/api/os_oauth1.py, ConsumerResource */
export const consumerRoutes = (consumers: ConsumerService): Route[] =>
  collectionRoutes({
    many: 'consumers',
    one: 'consumer',
    at: 'OS-OAUTH1/consumers',
    create: z.object({ consumer: CreateConsumer }),
    change: z.object({ consumer: ChangeConsumer }),
    query: ListConsumers,
    reply: ConsumerReply,
    service: consumers,
    view: viewConsumer,
  })
