import { type PolicyTable, type Rule, rules } from '@caelum/http'
import type { Caller } from '@caelum/kernel'

/*
 * Glance's secure defaults (glance/policies/*.py). Whether an image exists for the caller at all is decided by its
 * visibility, in the query; these rules say what a caller may do with an image that does.
 */

const isService = (caller: Caller) => caller.roles.has('service')

/** The service role reads everything: compute hands images to its hosts. */
const readImage: Rule = {
  text: 'role reader in a project that can see the image, or service, or admin',
  allows: caller => isService(caller) || rules.projectReader.allows(caller),
}
const downloadImage: Rule = {
  text: 'role member in a project that can see the image, or service, or admin',
  allows: caller => isService(caller) || rules.projectMember.allows(caller),
}

export const policy: PolicyTable = {
  'image:images:list': readImage,
  'image:images:create': rules.projectMember,
  'image:images:show': readImage,
  'image:images:update': rules.projectMember,
  'image:images:delete': rules.projectMember,
  'image:images:publicize': rules.admin,
  'image:images:change-owner': rules.admin,
  'image:images:deactivate': rules.projectMember,
  'image:images:reactivate': rules.projectMember,
  'image:files:upload': rules.projectMember,
  'image:files:download': downloadImage,
  'image:files:head': downloadImage,
  'image:files:download-deactivated': rules.serviceOrAdmin,
  'image:tags:add': rules.projectMember,
  'image:tags:remove': rules.projectMember,
  'image:members:list': rules.projectReader,
  'image:members:show': rules.projectReader,
  'image:members:create': rules.projectMember,
  'image:members:update': rules.projectMember,
  'image:members:delete': rules.projectMember,
  'image:schemas:image': rules.anyone,
  'image:schemas:images': rules.anyone,
  'image:schemas:member': rules.anyone,
  'image:schemas:members': rules.anyone,
  'image:info:import': rules.anyone,
  'image:info:stores': rules.anyone,
  'image:info:usage': rules.projectReader,
}
