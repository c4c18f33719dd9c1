import type { OidcClaims } from '../../oidc/bearer.ts'
import type { Assertion } from '../mapping/evaluate.ts'

/**
 * Claims as a mapping reads them: by their own names, and by those under which Apache's mod_auth_openidc hands them to
 * Keystone, so that a mapping written for that works here. An object is its JSON.
 */
export function assertionOf(claims: OidcClaims): Assertion {
  const attributes = new Map<string, readonly string[]>()
  for (const [name, value] of Object.entries(claims)) {
    const values = (Array.isArray(value) ? value : [value]).flatMap(textOf)
    if (values.length === 0) continue
    for (const known of [name, `OIDC-${name}`, `HTTP_OIDC_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`])
      attributes.set(known, values)
  }
  const subject = attributes.get('sub')
  return subject ? attributes.set('REMOTE_USER', subject) : attributes
}

const textOf = (value: unknown): string[] => {
  if (value === null || value === undefined) return []
  return [typeof value === 'object' ? JSON.stringify(value) : String(value)]
}
