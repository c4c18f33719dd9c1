/**
 * A domain's own configuration: options by group, of a fixed list. What must not be shown (the password of a
 * directory) is sealed with the key-encryption key before it is kept and is in no answer.
 */
import { authorize } from '@caelum/http'
import { type Ctx, newId } from '@caelum/kernel'
import { DEFAULT_DOMAIN } from '../../collection.ts'
import { errors } from '../../errors.ts'
import { policy } from '../../policy.ts'
import type { Sealing } from '../../signing/seal.ts'
import type { DomainService } from '../domain/service.ts'
import { isGroup, isHidden, isOption, SHOWN } from './options.ts'
import type { Config, Value } from './schema.ts'
import { type DomainConfigStore, type Option, sealName, type Which } from './store.ts'

/** readable by everybody, of the default domain only: keystone/resource/core.py, get_security_compliance_config */
const COMPLIANCE = 'security_compliance'
const RULES: Readonly<Record<string, null>> = { password_regex: null, password_regex_description: null }

export const domainConfigService = (store: DomainConfigStore, domains: DomainService, sealing: Sealing) => {
  function optionOf(group: string, name: string, value: Value): Option {
    const id = newId()
    if (!isHidden(group, name)) return { id, group, name, value }
    return { id, group, name, sealed: sealing.seal(sealName(id), Buffer.from(JSON.stringify(value))) }
  }
  const optionsOf = (config: Config): Option[] =>
    Object.entries(config).flatMap(([group, options]) =>
      Object.entries(options).map(([name, value]) => optionOf(group, name, value)),
    )

  async function shown(which: Which): Promise<Config> {
    const config: Config = {}
    for (const { group, name, value, sealed: hidden } of await store.list(which))
      if (hidden === null) config[group] = { ...config[group], [name]: value as Value }
    return config
  }

  return {
    /** @throws Problem 404 when there is nothing that may be shown */
    async get(ctx: Ctx, which: Which): Promise<Config | Record<string, Value>> {
      if (which.group === COMPLIANCE) return compliance(which)
      const operation = `identity:domain_config:${which.group === undefined ? 'show' : 'show_group'}`
      authorize(policy, ctx, operation, {})
      await domains.mustExist(ctx, which.domainId)
      known(which)
      const config = await shown(which)
      if (Object.keys(config).length === 0) throw errors.noDomainConfig(which)
      return which.name === undefined ? config : (config[which.group ?? ''] ?? {})
    },

    /** Group `ldap` whole, for the service itself. */
    async ldap(domainId: string): Promise<Record<string, Value>> {
      const options = await store.list({ domainId, group: 'ldap' })
      return Object.fromEntries(
        options.map(({ id, name, value, sealed: hidden }) => [
          name,
          hidden ? JSON.parse(sealing.unseal(sealName(id), hidden).toString()) : (value as Value),
        ]),
      )
    },

    /** @returns whether there was none before */
    async replace(ctx: Ctx, domainId: string, config: Config): Promise<{ made: boolean; config: Config }> {
      await domains.mustExist(ctx, domainId)
      valid(config)
      const outcome = await store.replace(domainId, optionsOf(config))
      return { made: outcome === 'made', config: await shown({ domainId }) }
    },

    /** Named options replace those before, the others stay; a group or option named in the path must be there. */
    async merge(ctx: Ctx, which: Which, config: Config): Promise<Config> {
      const { domainId, group, name } = which
      await domains.mustExist(ctx, domainId)
      known(which)
      valid(config)
      if (group !== undefined && Object.keys(config).join() !== group) throw errors.otherDomainConfig(group)
      if (name !== undefined && Object.keys(config[group ?? ''] ?? {}).join() !== name)
        throw errors.otherDomainConfig(name)
      if ((await store.merge(domainId, optionsOf(config), which)) === 'not-found')
        throw errors.noDomainConfig(which)
      return shown({ domainId })
    },

    async remove(ctx: Ctx, which: Which): Promise<void> {
      await domains.mustExist(ctx, which.domainId)
      known(which)
      const removed = await store.remove(which)
      if (!removed && which.group !== undefined) throw errors.noDomainConfig(which)
    },

    /** what counts where a domain says nothing */
    defaults(group?: string, name?: string): Record<string, unknown> {
      known({ group, name })
      if (group === undefined) return SHOWN
      const options = SHOWN[group] ?? {}
      if (name === undefined) return { [group]: options }
      if (isHidden(group, name)) throw errors.unknownDomainConfig(`the default of option ${name}`)
      return { [name]: options[name] ?? null }
    },
  }

  function compliance({ domainId, name }: Which): Config | Record<string, Value> {
    if (domainId !== DEFAULT_DOMAIN) throw errors.unknownDomainConfig(`group ${COMPLIANCE} of this domain`)
    if (name === undefined) return { [COMPLIANCE]: RULES }
    if (!Object.hasOwn(RULES, name)) throw errors.unknownDomainConfig(`option ${name} in group ${COMPLIANCE}`)
    return { [name]: RULES[name] ?? null }
  }
}

export type DomainConfigService = ReturnType<typeof domainConfigService>

/** @throws Problem 403 for what no domain can configure */
function known({ group, name }: { group?: string | undefined; name?: string | undefined }): void {
  if (group !== undefined && !isGroup(group)) throw errors.unknownDomainConfig(`group ${group}`)
  if (group !== undefined && name !== undefined && !isOption(group, name))
    throw errors.unknownDomainConfig(`option ${name} in group ${group}`)
}

function valid(config: Config): void {
  const groups = Object.entries(config)
  if (groups.length === 0) throw errors.emptyDomainConfig()
  for (const [group, options] of groups) {
    known({ group })
    if (Object.keys(options).length === 0) throw errors.emptyDomainConfig()
    for (const name of Object.keys(options)) known({ group, name })
  }
}
