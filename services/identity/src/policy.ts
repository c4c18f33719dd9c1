import { anyOf, type PolicyTable, rules } from '@caelum/http'
import {
  cloudAdmin,
  domainManager,
  domainReader,
  grantAdmin,
  grantManager,
  grantReader,
  inDomain,
  inProject,
  managedRole,
  managerOfBoth,
  managerOfTame,
  readerOfBoth,
  rolesForManagers,
  self,
  selfAsMember,
  service,
  systemReader,
} from './rules.ts'

const ownUser = anyOf(self, cloudAdmin)
const ownUserOrReader = anyOf(self, cloudAdmin, systemReader, domainReader)
const systemRead = anyOf(cloudAdmin, systemReader)
const domainRead = anyOf(cloudAdmin, systemReader, domainReader)
const domainWrite = anyOf(cloudAdmin, domainManager)
const actorWrite = anyOf(cloudAdmin, managerOfTame)
const showProject = anyOf(cloudAdmin, service, systemReader, domainReader, inProject)
const grantWrite = anyOf(cloudAdmin, grantAdmin, grantManager)
const ownSecretRead = anyOf(self, cloudAdmin, systemReader)
const keyPairWrite = anyOf(selfAsMember, cloudAdmin)
const catalogRead = anyOf(cloudAdmin, service, systemReader)

/** Keystone's secure defaults (keystone/common/policies/*.py), one rule per operation. */
export const policy: PolicyTable = {
  'identity:tokens:validate': anyOf(self, cloudAdmin, service, systemReader),
  'identity:tokens:revoke': ownUser,
  'identity:auth:catalog': rules.anyone,
  'identity:auth:projects': rules.anyone,
  'identity:auth:domains': rules.anyone,
  'identity:auth:system': rules.anyone,

  'identity:domains:create': cloudAdmin,
  'identity:domains:list': domainRead,
  'identity:domains:show': anyOf(cloudAdmin, service, systemReader, inDomain),
  'identity:domains:update': cloudAdmin,
  'identity:domains:delete': cloudAdmin,

  'identity:projects:create': domainWrite,
  'identity:projects:list': domainRead,
  'identity:projects:show': showProject,
  'identity:projects:update': domainWrite,
  'identity:projects:delete': domainWrite,
  'identity:projects:tags:list': showProject,
  'identity:projects:tags:check': showProject,
  'identity:projects:tags:replace': domainWrite,
  'identity:projects:tags:clear': domainWrite,
  'identity:projects:tags:add': domainWrite,
  'identity:projects:tags:remove': domainWrite,

  'identity:users:create': domainWrite,
  'identity:users:list': domainRead,
  'identity:users:show': anyOf(ownUserOrReader, service),
  'identity:users:update': actorWrite,
  'identity:users:delete': actorWrite,
  'identity:users:groups': ownUserOrReader,
  'identity:users:projects': ownUserOrReader,

  'identity:credentials:create': ownUser,
  'identity:credentials:list': ownSecretRead,
  'identity:credentials:show': ownSecretRead,
  'identity:credentials:update': ownUser,
  'identity:credentials:delete': ownUser,
  'identity:ec2_credentials:create': keyPairWrite,
  'identity:ec2_credentials:list': ownSecretRead,
  'identity:ec2_credentials:show': ownSecretRead,
  'identity:ec2_credentials:delete': keyPairWrite,

  'identity:ec2tokens:create': anyOf(service, cloudAdmin),
  'identity:s3tokens:create': anyOf(service, cloudAdmin),

  'identity:application_credentials:create': self,
  'identity:application_credentials:list': ownSecretRead,
  'identity:application_credentials:show': ownSecretRead,
  'identity:application_credentials:delete': ownUser,
  'identity:access_rules:list': ownSecretRead,
  'identity:access_rules:show': ownSecretRead,
  'identity:access_rules:delete': ownUser,

  'identity:groups:create': domainWrite,
  'identity:groups:list': domainRead,
  'identity:groups:show': domainRead,
  'identity:groups:update': actorWrite,
  'identity:groups:delete': actorWrite,
  'identity:groups:users:list': domainRead,
  'identity:groups:users:add': anyOf(cloudAdmin, managerOfBoth),
  'identity:groups:users:check': anyOf(cloudAdmin, systemReader, readerOfBoth),
  'identity:groups:users:remove': anyOf(cloudAdmin, managerOfBoth),

  'identity:roles:create': cloudAdmin,
  'identity:roles:list': anyOf(cloudAdmin, systemReader, rolesForManagers),
  'identity:roles:show': anyOf(cloudAdmin, systemReader, managedRole),
  'identity:roles:update': cloudAdmin,
  'identity:roles:delete': cloudAdmin,
  'identity:role_inferences:list': systemRead,
  'identity:roles:implies:list': systemRead,
  'identity:roles:implies:create': cloudAdmin,
  'identity:roles:implies:show': systemRead,
  'identity:roles:implies:check': systemRead,
  'identity:roles:implies:delete': cloudAdmin,

  'identity:role_assignments:list': domainRead,
  'identity:grants:list': anyOf(cloudAdmin, systemReader, readerOfBoth),
  'identity:grants:create': grantWrite,
  'identity:grants:check': anyOf(cloudAdmin, systemReader, grantReader),
  'identity:grants:delete': grantWrite,

  'identity:regions:create': cloudAdmin,
  'identity:regions:list': rules.anyone,
  'identity:regions:show': rules.anyone,
  'identity:regions:update': cloudAdmin,
  'identity:regions:delete': cloudAdmin,
  'identity:services:create': cloudAdmin,
  'identity:services:list': catalogRead,
  'identity:services:show': catalogRead,
  'identity:services:update': cloudAdmin,
  'identity:services:delete': cloudAdmin,
  'identity:endpoints:create': cloudAdmin,
  'identity:endpoints:list': catalogRead,
  'identity:endpoints:show': catalogRead,
  'identity:endpoints:update': cloudAdmin,
  'identity:endpoints:delete': cloudAdmin,
}
