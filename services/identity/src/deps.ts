import { openPool, prismaAdapter, withSessionLock } from '@caelum/db'
import type { Logger } from '@caelum/kernel'
import { openTrust, TokenVerifier } from '@caelum/token'
import type { AccountRules } from './account/rules.ts'
import { recordLate } from './audit/record.ts'
import { recorded } from './audit/recorded-store.ts'
import type { Asking } from './audit/request.ts'
import { type BootstrapConfig, bootstrap } from './bootstrap/bootstrap.ts'
import { bootstrapStore } from './bootstrap/store.ts'
import { Directories } from './directory/directories.ts'
import { directoryStore } from './directory/store.ts'
import { PrismaClient } from './generated/client.ts'
import { type GuardLimits, LoginGuard } from './login/guard.ts'
import { loginStore } from './login/store.ts'
import { OidcClients } from './oidc/client.ts'
import { type HashCost, PasswordHasher } from './password/hasher.ts'
import { pruneOn } from './prune-store.ts'
import { accessRuleService } from './resources/access-rule/service.ts'
import { accessRuleStore } from './resources/access-rule/store.ts'
import { applicationCredentialService } from './resources/application-credential/service.ts'
import { applicationCredentialStore } from './resources/application-credential/store.ts'
import { assignmentService } from './resources/assignment/service.ts'
import { assignmentStore } from './resources/assignment/store.ts'
import { auditService } from './resources/audit/service.ts'
import { auditStore } from './resources/audit/store.ts'
import { consumerService } from './resources/consumer/service.ts'
import { consumerStore, sealedConsumers } from './resources/consumer/store.ts'
import { credentialService } from './resources/credential/service.ts'
import { credentialStore, sealedCredentials } from './resources/credential/store.ts'
import { domainService } from './resources/domain/service.ts'
import { domainStore } from './resources/domain/store.ts'
import { domainConfigService } from './resources/domain-config/service.ts'
import { domainConfigStore, sealedDomainOptions } from './resources/domain-config/store.ts'
import { keyPairProof } from './resources/ec2/proof.ts'
import { ec2Service } from './resources/ec2/service.ts'
import { keyPairStore } from './resources/ec2/store.ts'
import { Catalog } from './resources/endpoint/catalog.ts'
import { catalogStore } from './resources/endpoint/catalog-store.ts'
import { endpointService } from './resources/endpoint/service.ts'
import { endpointStore } from './resources/endpoint/store.ts'
import { endpointGroupService } from './resources/endpoint-group/service.ts'
import { endpointGroupStore } from './resources/endpoint-group/store.ts'
import { federatedLogin } from './resources/federation/login.ts'
import { federationStore } from './resources/federation/store.ts'
import { webSso } from './resources/federation/websso.ts'
import { protocolService } from './resources/federation-protocol/service.ts'
import { protocolStore } from './resources/federation-protocol/store.ts'
import { groupService } from './resources/group/service.ts'
import { groupStore } from './resources/group/store.ts'
import { identityProviderService } from './resources/identity-provider/service.ts'
import { identityProviderStore, sealedClientSecrets } from './resources/identity-provider/store.ts'
import { DEEPEST, type ModelName } from './resources/limit/model.ts'
import { limitService } from './resources/limit/service.ts'
import { limitStore } from './resources/limit/store.ts'
import { mappingService } from './resources/mapping/service.ts'
import { mappingStore } from './resources/mapping/store.ts'
import { oauth1Service } from './resources/oauth1/service.ts'
import { oauth1Store, sealedOAuth1Tokens } from './resources/oauth1/store.ts'
import { policyService } from './resources/policy/service.ts'
import { policyStore } from './resources/policy/store.ts'
import { projectService } from './resources/project/service.ts'
import { projectStore } from './resources/project/store.ts'
import { regionService } from './resources/region/service.ts'
import { regionStore } from './resources/region/store.ts'
import { registeredLimitService } from './resources/registered-limit/service.ts'
import { registeredLimitStore } from './resources/registered-limit/store.ts'
import { roleService } from './resources/role/service.ts'
import { roleStore } from './resources/role/store.ts'
import { serviceService } from './resources/service/service.ts'
import { serviceStore } from './resources/service/store.ts'
import { serviceProviderService } from './resources/service-provider/service.ts'
import { serviceProviderStore } from './resources/service-provider/store.ts'
import { applicationCredentialMethod } from './resources/token/methods/application-credential.ts'
import { oauth1Method } from './resources/token/methods/oauth1.ts'
import { passwordMethod } from './resources/token/methods/password.ts'
import { tokenMethod } from './resources/token/methods/token.ts'
import { totpMethod } from './resources/token/methods/totp.ts'
import { tokenService } from './resources/token/service.ts'
import { tokenStore } from './resources/token/store.ts'
import { trustService } from './resources/trust/service.ts'
import { trustStore } from './resources/trust/store.ts'
import { ownPassword } from './resources/user/own-password.ts'
import { userService } from './resources/user/service.ts'
import { userStore } from './resources/user/store.ts'
import { transactOn } from './revocation/store.ts'
import { KeyRing } from './signing/key-ring.ts'
import type { Sealing } from './signing/seal.ts'
import { sealedSigningKeys, signingKeyStore } from './signing/store.ts'

/** only has to differ from the other advisory locks of this database */
const BOOTSTRAP_LOCK = 7_270_003

export interface DepsOptions {
  databaseUrl: string
  /** of private signing keys and credentials */
  sealing: Sealing
  /** seconds */
  tokenTtlS: number
  accountRules: AccountRules
  guardLimits: GuardLimits
  auditDays: number
  bootstrap: BootstrapConfig
  /** how limits of domains and projects go together; `flat` when not given */
  limitModel?: ModelName
  federation?: {
    /** where browsers' tokens may go */
    trustedDashboards: readonly string[]
    /** identity providers may be asked without TLS */
    plainHttp: boolean
  }
  /** tests hash cheaply */
  hashCost?: HashCost
  hashConcurrency?: number | undefined
  log: Logger
}

/** Everything the application is made of, put together once; a test hands in its own database. */
export type Deps = Awaited<ReturnType<typeof createDeps>>

export async function createDeps(options: DepsOptions) {
  const { databaseUrl, log, tokenTtlS } = options
  const database = { url: databaseUrl, schema: 'identity', log, poolSize: 12 }
  const logins = openPool({ ...database, name: 'identity-logins', poolSize: 8, pipeline: true })
  const plain = new PrismaClient({
    adapter: prismaAdapter(database),
    transactionOptions: { maxWait: 5_000, timeout: 30_000 },
  })
  const db = recorded(plain)
  const hasher = new PasswordHasher({ cost: options.hashCost, concurrency: options.hashConcurrency })
  const keys = new KeyRing(signingKeyStore(db), options.sealing, tokenTtlS)
  const trust = await openTrust({ url: databaseUrl, log })
  const transact = transactOn(plain, () =>
    trust.refresh().catch(error => log.warn({ err: error }, 'revocations will be seen by the sweep')),
  )
  await withSessionLock({ url: databaseUrl, key: BOOTSTRAP_LOCK }, async () => {
    await keys.start()
    await bootstrap({ store: bootstrapStore(db, transact), hasher }, options.bootstrap)
  })
  await trust.refresh()
  const verifier = new TokenVerifier(trust)
  const endpointGroups = endpointGroupStore(db)
  const catalog = new Catalog(catalogStore(db), endpointGroups)
  const limitModel = options.limitModel ?? 'flat'
  const domains = domainService(domainStore(db, transact))
  const roles = roleService(roleStore(db, transact))
  const regions = regionService(regionStore(db))
  const assignments = assignmentService(assignmentStore(db, transact), roles)
  const rules = options.accountRules
  const userRows = userStore(db, transact)
  const domainConfigs = domainConfigService(domainConfigStore(db), domains, options.sealing)
  const directories = new Directories({
    store: directoryStore(plain, transact),
    ldapOptionsOf: domainId => domainConfigs.ldap(domainId),
    ...{ ttlS: tokenTtlS, log },
  })
  const users = userService({ store: userRows, hasher, assignments, rules, directories })
  const credentials = credentialService(credentialStore(db, transact), options.sealing)
  const guard = new LoginGuard(loginStore(logins, rules), options.guardLimits, log)
  const tokens = tokenStore(logins, transact, rules)
  const applicationCredentials = applicationCredentialService({
    store: applicationCredentialStore(db, transact, logins),
    roles,
    assignments,
    hasher,
  })
  const trusts = trustService({ store: trustStore(db, transact, logins), roles, assignments })
  const consumers = consumerService(consumerStore(db, transact), options.sealing)
  const oauth1Tokens = oauth1Store(db, transact)
  const oauth1 = oauth1Service({
    store: oauth1Tokens,
    sealing: options.sealing,
    consumers,
    roles,
    assignments,
  })
  const prune = pruneOn(plain, { rules, auditDays: options.auditDays })
  const methods = {
    oauth1: oauth1Method(oauth1),
    application_credential: applicationCredentialMethod(applicationCredentials),
    password: passwordMethod({ store: tokens, hasher, guard, directories }),
    token: tokenMethod(verifier),
    totp: totpMethod({ store: tokens, sealing: options.sealing, guard }),
  }
  const limits = limitService(limitStore(db, limitModel), limitModel)
  await limits.checkTree()
  const projects = projectService(projectStore(db, transact), {
    domains,
    assignments,
    deepest: DEEPEST[limitModel],
  })
  const services = serviceService(serviceStore(db), catalog)
  const endpoints = endpointService(endpointStore(db), regions, catalog)
  const oidc = new OidcClients({ plainHttp: options.federation?.plainHttp ?? false })
  const identityProviders = identityProviderService({
    store: identityProviderStore(db, transact),
    sealing: options.sealing,
    clients: oidc,
  })
  const issuing = tokenService({
    ...{ store: tokens, methods, trusts, keys, verifier, trust, guard, rules, directories },
    ttlS: tokenTtlS,
  })
  const login = federatedLogin({
    store: federationStore(db, transact),
    ...{ clients: oidc, sealing: options.sealing, tokens: issuing, guard, ttlS: tokenTtlS, log },
  })
  const mappings = mappingService(mappingStore(db, transact))
  return {
    db,
    keys,
    transact,
    prune: async () => (await prune()) + (await oauth1Tokens.prune()),
    verifier,
    catalog,
    domains,
    users,
    projects,
    ownPassword: ownPassword({ store: userRows, hasher, guard, rules }),
    groups: groupService(groupStore(db, transact), assignments, directories),
    roles,
    assignments,
    credentials,
    ec2: ec2Service(credentials, users),
    keyPairs: keyPairProof({ store: keyPairStore(logins), sealing: options.sealing }),
    applicationCredentials,
    trusts,
    consumers,
    oauth1,
    accessRules: accessRuleService(accessRuleStore(db)),
    audit: auditService(auditStore(plain)),
    async recordLate(asking: Asking) {
      log.warn({ operation: asking.operation }, 'a change was recorded after it')
      await plain.$transaction(tx => recordLate(tx, asking))
    },
    regions,
    tokens: issuing,
    services,
    endpoints,
    endpointGroups: endpointGroupService(endpointGroups, { endpoints, projects, catalog }),
    policies: policyService(policyStore(db), { endpoints, services, regions }),
    registeredLimits: registeredLimitService(registeredLimitStore(db)),
    limits,
    domainConfigs,
    identityProviders,
    mappings,
    federationProtocols: protocolService(protocolStore(db, transact), {
      providers: identityProviders,
      mappings,
    }),
    federatedLogin: login,
    webSso: webSso({
      ...{ login, sealing: options.sealing },
      trustedDashboards: options.federation?.trustedDashboards ?? [],
    }),
    serviceProviders: serviceProviderService(serviceProviderStore(db)),
    async close() {
      await trust.close()
      await logins.end()
      await db.$disconnect()
    },
  }
}

/** The signing keys alone, for a tool. */
export function openKeys(options: Pick<DepsOptions, 'databaseUrl' | 'sealing' | 'tokenTtlS' | 'log'>) {
  const { databaseUrl: url, log } = options
  const db = new PrismaClient({ adapter: prismaAdapter({ url, schema: 'identity', poolSize: 1, log }) })
  return {
    keys: new KeyRing(signingKeyStore(db), options.sealing, options.tokenTtlS),
    close: () => db.$disconnect(),
  }
}

/** What is sealed, for a tool. */
export function openSealed(options: Pick<DepsOptions, 'databaseUrl' | 'log'>) {
  const { databaseUrl: url, log } = options
  const db = new PrismaClient({ adapter: prismaAdapter({ url, schema: 'identity', poolSize: 1, log }) })
  return {
    tables: [
      sealedSigningKeys(db),
      sealedCredentials(db),
      sealedDomainOptions(db),
      sealedConsumers(db),
      sealedOAuth1Tokens(db),
      sealedClientSecrets(db),
    ],
    close: () => db.$disconnect(),
  }
}
