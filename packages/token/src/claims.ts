import type { Caller } from '@caelum/kernel'
import { z } from 'zod'

const Named = z.tuple([z.string(), z.string()])

/** What a token may be used for: type of the service, method, path pattern. */
const AccessRule = z.tuple([z.string(), z.string(), z.string()])
export type AccessRule = z.infer<typeof AccessRule>

/** By which application credential: id, name, may it make others, and what it is limited to. */
const ByApplicationCredential = z.object({
  id: z.string(),
  n: z.string(),
  u: z.literal(1).optional(),
  /** absent: not limited */
  ar: z.array(AccessRule).min(1).optional(),
})

/** By which trust: this and those it was lent on from; with all who are part of that. */
const ByTrust = z.object({
  /** ids, this one first */
  t: z.array(z.string()).min(1),
  /** ids of users: trustee and trustor of each, in the same order; the last one's roles are lent */
  u: z.array(z.string()).min(2),
  /** ids of the domains of those users */
  d: z.array(z.string()),
  /** the token is the trustor's, else the trustee's */
  i: z.literal(1).optional(),
})

/**
 * The body of a token, with short names because it travels in a header with every request. The catalogue is not
 * inside. `iat` has a fraction of a second (RFC 7519 allows it), so that a login just after a password change is
 * told apart from one just before.
 */
export const Claims = z.object({
  /** user id */
  sub: z.string(),
  /** user name */
  un: z.string(),
  /** the user's domain: id, name */
  ud: Named,
  /** project scope: id, name, and its domain's id, name */
  p: z.tuple([z.string(), z.string(), z.string(), z.string()]).optional(),
  /** domain scope: id, name */
  d: Named.optional(),
  /** system scope */
  sys: z.literal(1).optional(),
  /** roles, implied ones included: id, name */
  r: z.array(Named),
  /** how the caller authenticated */
  m: z.array(z.string()),
  /** when the password ends, ms since 1970 */
  pe: z.number().optional(),
  /** made by an EC2 key pair: id of the credential, with which it ends */
  cr: z.string().optional(),
  /** the user acts by an application credential, and has no other rights */
  ac: ByApplicationCredential.optional(),
  /** a consumer acts by OAuth 1.0a, and has no other rights: ids of the access token and of the consumer */
  oa: Named.optional(),
  /** the user acts by a trust, and has no other rights */
  tr: ByTrust.optional(),
  /** by an identity provider: it, its protocol, the groups its mapping gave; `l`: to a user of our own */
  fed: z
    .object({ i: z.string(), p: z.string(), g: z.array(z.string()), l: z.literal(1).optional() })
    .optional(),
  /** audit ids: this token's, then that of the token it was made from */
  aid: z.array(z.string()).min(1).max(2),
  iat: z.number(),
  exp: z.number(),
})
export type Claims = z.infer<typeof Claims>

/** ms since 1970; `iat` is a decimal fraction, which binary ones only come near to */
export const issuedAtMs = (claims: Claims): number => Math.round(claims.iat * 1000)

/** Whoever holds this token, as the rest of the program wants to know them. */
export function callerOf(claims: Claims): Caller {
  const [userDomainId, userDomainName] = claims.ud
  return {
    userId: claims.sub,
    userName: claims.un,
    userDomainId,
    userDomainName,
    scope: scopeOf(claims),
    roles: new Set(claims.r.map(([, name]) => name)),
    ...delegationOf(claims),
  }
}

function delegationOf({ ac, tr, oa }: Claims): Pick<Caller, 'delegation'> {
  if (oa) return { delegation: { kind: 'oauth1' } }
  if (ac) return { delegation: { kind: 'application-credential', unrestricted: ac.u === 1 } }
  return tr ? { delegation: { kind: 'trust', trustId: tr.t[0] ?? '' } } : {}
}

function scopeOf({ p, d, sys }: Claims): Caller['scope'] {
  if (p) return { kind: 'project', projectId: p[0], projectName: p[1], domainId: p[2], domainName: p[3] }
  if (d) return { kind: 'domain', domainId: d[0], domainName: d[1] }
  return sys ? { kind: 'system' } : { kind: 'unscoped' }
}

/**
 * What a revocation may name. A token is revoked when one of its own subjects is revoked at or after the moment the
 * token was issued.
 */
export const subject = {
  token: (auditId: string) => `token:${auditId}`,
  user: (userId: string) => `user:${userId}`,
  project: (projectId: string) => `project:${projectId}`,
  domain: (domainId: string) => `domain:${domainId}`,
  userInProject: (userId: string, projectId: string) => `user-project:${userId}/${projectId}`,
  userInDomain: (userId: string, domainId: string) => `user-domain:${userId}/${domainId}`,
  userInSystem: (userId: string) => `user-system:${userId}`,
  role: (roleId: string) => `role:${roleId}`,
  oauth1: (accessTokenId: string) => `oauth1:${accessTokenId}`,
  consumer: (consumerId: string) => `consumer:${consumerId}`,
  trust: (trustId: string) => `trust:${trustId}`,
  applicationCredential: (id: string) => `application-credential:${id}`,
  identityProvider: (id: string) => `identity-provider:${id}`,
  protocol: (identityProviderId: string, id: string) => `protocol:${identityProviderId}/${id}`,
  credential: (credentialId: string) => `credential:${credentialId}`,
}

export function subjectsOf(claims: Claims): string[] {
  const all = [
    subject.user(claims.sub),
    subject.domain(claims.ud[0]),
    ...claims.aid.map(subject.token),
    ...claims.r.map(([id]) => subject.role(id)),
  ]
  if (claims.p)
    all.push(
      subject.project(claims.p[0]),
      subject.domain(claims.p[2]),
      subject.userInProject(claims.sub, claims.p[0]),
    )
  if (claims.d) all.push(subject.domain(claims.d[0]), subject.userInDomain(claims.sub, claims.d[0]))
  if (claims.cr !== undefined) all.push(subject.credential(claims.cr))
  if (claims.sys) all.push(subject.userInSystem(claims.sub))
  if (claims.oa) all.push(subject.oauth1(claims.oa[0]), subject.consumer(claims.oa[1]))
  if (claims.tr) {
    const { t, u, d } = claims.tr
    all.push(...t.map(subject.trust), ...u.map(subject.user), ...d.map(subject.domain))
    if (claims.p) all.push(subject.userInProject(u.at(-1) ?? '', claims.p[0]))
  }
  if (claims.fed)
    all.push(subject.identityProvider(claims.fed.i), subject.protocol(claims.fed.i, claims.fed.p))
  if (claims.ac) all.push(subject.applicationCredential(claims.ac.id))
  return [...new Set(all)]
}
