import { generateKeyPairSync } from 'node:crypto'
import { newHexId } from '@caelum/kernel'
import { type Claims, signToken, TokenVerifier, type Trust } from '@caelum/token'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const KID = 'test'

/** Trusts the tokens of `tokenFor`, and revokes what a test puts into `revoked` (subject → ms since 1970). */
export function testTrust(revoked = new Map<string, number>()): Trust {
  return {
    keyOf: kid => (kid === KID ? publicKey : undefined),
    revokedUntil: subject => revoked.get(subject),
    isFresh: () => true,
  }
}

export const testVerifier = (): TokenVerifier => new TokenVerifier(testTrust())

export interface Persona {
  userId: string
  projectId: string
  token: string
  headers: { 'x-auth-token': string }
}

const IMPLIED: Record<string, string[]> = {
  admin: ['admin', 'manager', 'member', 'reader'],
  manager: ['manager', 'member', 'reader'],
  member: ['member', 'reader'],
  reader: ['reader'],
  service: ['service'],
}

/** Somebody with a role in a project of their own, unless the test names one. */
export function persona(
  role: keyof typeof IMPLIED,
  given: { userId?: string; projectId?: string; claims?: Partial<Claims> } = {},
): Persona {
  const userId = given.userId ?? newHexId()
  const projectId = given.projectId ?? newHexId()
  const now = Date.now() / 1000
  const claims: Claims = {
    sub: userId,
    un: `${role}-${userId.slice(-4)}`,
    ud: ['default', 'Default'],
    p: [projectId, `project-${projectId.slice(-4)}`, 'default', 'Default'],
    r: (IMPLIED[role] ?? []).map(name => [`role-${name}`, name]),
    m: ['password'],
    aid: [newHexId()],
    iat: now,
    exp: now + 3_600,
    ...given.claims,
  }
  const token = signToken(claims, { kid: KID, privateKey })
  return { userId, projectId, token, headers: { 'x-auth-token': token } }
}
