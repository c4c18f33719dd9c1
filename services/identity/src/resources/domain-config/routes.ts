import { type Route, route } from '@caelum/http'
import { byId } from '../../collection.ts'
import {
  AtOption,
  ConfigReply,
  DefaultGroup,
  DefaultOption,
  InGroup,
  OptionBody,
  WholeBody,
} from './schema.ts'
import type { DomainConfigService } from './service.ts'

/** keystone/api/domains.py, DomainConfigBase */
export const domainConfigRoutes = (configs: DomainConfigService): Route[] => [
  ...showRoutes(configs),
  ...changeRoutes(configs),
  ...removeRoutes(configs),
  ...defaultRoutes(configs),
]

const WHOLE = '/v3/domains/:id/config'
const GROUP = `${WHOLE}/:group`
const OPTION = `${GROUP}/:option`

const showRoutes = (configs: DomainConfigService): Route[] => [
  route({
    operation: 'identity:domain_config:show',
    method: 'GET',
    path: WHOLE,
    summary: 'Show the configuration of a domain',
    params: byId,
    reply: ConfigReply,
    async handle(ctx, { params }) {
      return { config: await configs.get(ctx, { domainId: params.id }) }
    },
  }),
  route({
    operation: 'identity:domain_config:show_group',
    method: 'GET',
    path: GROUP,
    summary: 'Show a group of the configuration of a domain',
    params: InGroup,
    reply: ConfigReply,
    async handle(ctx, { params }) {
      return { config: await configs.get(ctx, { domainId: params.id, group: params.group }) }
    },
  }),
  route({
    operation: 'identity:domain_config:show_group',
    method: 'GET',
    path: OPTION,
    summary: 'Show an option of the configuration of a domain',
    params: AtOption,
    reply: ConfigReply,
    async handle(ctx, { params: { id, group, option } }) {
      return { config: await configs.get(ctx, { domainId: id, group, name: option }) }
    },
  }),
]

const changeRoutes = (configs: DomainConfigService): Route[] => [
  route({
    operation: 'identity:domain_config:replace',
    method: 'PUT',
    path: WHOLE,
    summary: 'Configure a domain anew',
    params: byId,
    body: WholeBody,
    reply: ConfigReply,
    async handle(ctx, { params, body }, reply) {
      const { made, config } = await configs.replace(ctx, params.id, body.config)
      reply.code(made ? 201 : 200)
      return { config }
    },
  }),
  route({
    operation: 'identity:domain_config:update',
    method: 'PATCH',
    path: WHOLE,
    summary: 'Change the configuration of a domain',
    params: byId,
    body: WholeBody,
    reply: ConfigReply,
    async handle(ctx, { params, body }) {
      return { config: await configs.merge(ctx, { domainId: params.id }, body.config) }
    },
  }),
  route({
    operation: 'identity:domain_config:update',
    method: 'PATCH',
    path: GROUP,
    summary: 'Change a group of the configuration of a domain',
    params: InGroup,
    body: WholeBody,
    reply: ConfigReply,
    async handle(ctx, { params: { id, group }, body }) {
      return { config: await configs.merge(ctx, { domainId: id, group }, body.config) }
    },
  }),
  route({
    operation: 'identity:domain_config:update',
    method: 'PATCH',
    path: OPTION,
    summary: 'Change an option of the configuration of a domain',
    params: AtOption,
    body: OptionBody,
    reply: ConfigReply,
    async handle(ctx, { params: { id, group, option }, body }) {
      const which = { domainId: id, group, name: option }
      return { config: await configs.merge(ctx, which, { [group]: body.config }) }
    },
  }),
]

const removeRoutes = (configs: DomainConfigService): Route[] => [
  route({
    operation: 'identity:domain_config:delete',
    method: 'DELETE',
    path: WHOLE,
    summary: 'Remove the configuration of a domain',
    params: byId,
    status: 204,
    handle: (ctx, { params }) => configs.remove(ctx, { domainId: params.id }),
  }),
  route({
    operation: 'identity:domain_config:delete',
    method: 'DELETE',
    path: GROUP,
    summary: 'Remove a group of the configuration of a domain',
    params: InGroup,
    status: 204,
    handle: (ctx, { params: { id, group } }) => configs.remove(ctx, { domainId: id, group }),
  }),
  route({
    operation: 'identity:domain_config:delete',
    method: 'DELETE',
    path: OPTION,
    summary: 'Remove an option of the configuration of a domain',
    params: AtOption,
    status: 204,
    handle: (ctx, { params: { id, group, option } }) =>
      configs.remove(ctx, { domainId: id, group, name: option }),
  }),
]

const defaultRoutes = (configs: DomainConfigService): Route[] => [
  route({
    operation: 'identity:domain_config:default',
    method: 'GET',
    path: '/v3/domains/config/default',
    summary: 'Show what counts where a domain is not configured',
    reply: ConfigReply,
    handle: () => ({ config: configs.defaults() }),
  }),
  route({
    operation: 'identity:domain_config:default',
    method: 'GET',
    path: '/v3/domains/config/:group/default',
    summary: 'Show what counts where a group is not configured',
    params: DefaultGroup,
    reply: ConfigReply,
    handle: (_ctx, { params }) => ({ config: configs.defaults(params.group) }),
  }),
  route({
    operation: 'identity:domain_config:default',
    method: 'GET',
    path: '/v3/domains/config/:group/:option/default',
    summary: 'Show what counts where an option is not configured',
    params: DefaultOption,
    reply: ConfigReply,
    handle: (_ctx, { params }) => ({ config: configs.defaults(params.group, params.option) }),
  }),
]
