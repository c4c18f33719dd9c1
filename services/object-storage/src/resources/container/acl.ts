/**
 * Container ACLs (swift/common/middleware/acl.py, keystoneauth.py): comma-separated grants.
 *
 *   .r:*  .r:host  .r:.domain  .r:-host   by the Referer header, for reading, without any token; the last match wins
 *   .rlistings                            whoever may read by referer may also list
 *   project:user  project:*  *:user  *:*  by ids; names are not unique across domains and do not count
 *   role                                  whoever has the role in the account's own project
 */
import type { Caller } from '@caelum/kernel'
import { errors } from '../../errors.ts'

/** @returns the ACL in its short form. @throws Problem 400 */
export function cleanAcl(kind: 'read' | 'write', value: string): string {
  const items = value
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
  return items.map(item => cleanItem(kind, item)).join(',')
}

function cleanItem(kind: 'read' | 'write', item: string): string {
  const at = item.indexOf(':')
  const first = item.slice(0, Math.max(at, 0)).trim()
  if (at < 0 || !first.startsWith('.')) return item
  if (!['.r', '.ref', '.referer', '.referrer'].includes(first))
    throw errors.badRequest(`Unknown designator '${first}' in ACL: '${item}'`)
  if (kind === 'write') throw errors.badRequest(`Referrers not allowed in write ACL: '${item}'`)
  const [, minus = '', host = ''] = /^\s*(-?)\s*(.*)$/.exec(item.slice(at + 1)) ?? []
  const domain = host !== '*' && host.startsWith('*') ? host.slice(1).trim() : host
  if (domain === '' || domain === '.')
    throw errors.badRequest(`No host/domain value after referrer designation in ACL: '${item}'`)
  return `.r:${minus}${domain}`
}

/** Does the ACL let this caller in? `owner` is the project of the account. */
export function aclAllows(acl: string, caller: Caller, owner: string): boolean {
  if (caller.scope.kind !== 'project') return false
  const { projectId } = caller.scope
  return acl.split(',').some(item => {
    const [project = '', user] = item.split(':')
    if (user === undefined) return projectId === owner && item !== '' && hasRole(caller, item)
    return (project === '*' || project === projectId) && (user === '*' || user === caller.userId)
  })
}

const hasRole = (caller: Caller, role: string) =>
  [...caller.roles].some(name => name.toLowerCase() === role.toLowerCase())

/** Does the ACL let in whoever comes with this Referer, token or not? */
export function referrerAllows(acl: string, referrer: string | undefined, listing: boolean): boolean {
  const items = acl.split(',')
  if (listing && !items.includes('.rlistings')) return false
  const host = hostOf(referrer)
  let allowed = false
  for (const item of items) {
    if (!item.startsWith('.r:')) continue
    const negated = item.startsWith('.r:-')
    const pattern = item.slice(negated ? 4 : 3)
    if (pattern === '*' || pattern === host || (pattern.startsWith('.') && host.endsWith(pattern)))
      allowed = !negated
  }
  return allowed
}

function hostOf(referrer: string | undefined): string {
  return URL.parse(referrer ?? '')?.hostname || 'unknown'
}
