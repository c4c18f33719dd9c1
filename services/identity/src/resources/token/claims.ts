import { randomBytes } from 'node:crypto'
import type { Claims } from '@caelum/token'
import { inferRoles } from '../role/infer.ts'
import type { Proof } from './proof.ts'
import type { Facts } from './store.ts'

/** What the token will say. @param ttlS seconds a token lives */
export function claimsOf(
  proof: Proof,
  facts: Facts,
  { ttlS, system }: { ttlS: number; system: boolean },
): Claims {
  const { target } = facts
  const user = proof.delegation?.actsAs ?? facts.user
  const issuedAt = facts.at / 1000
  const auditId = randomBytes(16).toString('base64url')
  const chain = proof.parent?.aid.at(-1)
  return {
    sub: user.id,
    un: user.name,
    ud: [user.domain_id, user.domain_name],
    ...(target && !target.is_domain
      ? { p: [target.id, target.name, target.domain_id, target.domain_name] as const }
      : {}),
    ...(target?.is_domain ? { d: [target.id, target.name] as const } : {}),
    ...(system ? { sys: 1 as const } : {}),
    r: target || system ? rolesOf(proof, facts) : [],
    m: proof.methods,
    ...(facts.password_expires_at === null || proof.delegation?.actsAs
      ? {}
      : { pe: facts.password_expires_at }),
    ...federatedOf(proof),
    ...proof.delegation?.claims,
    aid: chain ? [auditId, chain] : [auditId],
    iat: issuedAt,
    exp: endOf(proof, issuedAt + ttlS),
  } as Claims
}

/** more of them do not fit into a header; they count all the same */
const MOST_GROUPS = 32

const federatedOf = ({ federated }: Proof): Pick<Claims, 'fed'> =>
  federated
    ? {
        fed: {
          i: federated.providerId,
          p: federated.protocolId,
          g: federated.groupIds.slice(0, MOST_GROUPS),
          ...(federated.local ? { l: 1 as const } : {}),
        },
      }
    : {}

/** Those in effect there; by lent rights, only those that are lent too. */
function rolesOf({ delegation }: Proof, facts: Facts): [id: string, name: string][] {
  const roles = new Map(facts.roles.map(([id, name, domainId]) => [id, { name, domainId }]))
  const held = inferRoles(facts.role_ids, facts.implications, roles)
  if (!delegation?.roleIds) return held
  const lent = new Set(inferRoles(delegation.roleIds, facts.implications, roles).map(([id]) => id))
  const both = held.filter(([id]) => lent.has(id))
  return delegation.whole && both.length < lent.size ? [] : both
}

/** seconds since 1970: the nearest end of all there is */
function endOf({ parent, delegation }: Proof, atMost: number): number {
  const lentUntil = delegation?.expiresAt ?? Number.POSITIVE_INFINITY
  return Math.min(parent?.exp ?? Math.floor(atMost), Math.floor(lentUntil / 1000))
}
