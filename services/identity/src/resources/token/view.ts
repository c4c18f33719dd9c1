import { isoMicros } from '@caelum/kernel'
import { type Claims, issuedAtMs } from '@caelum/token'
import { accessRuleId } from '../access-rule/id.ts'
import { viewExpiry } from '../user/view.ts'

/** keystone/common/render_token.py; `catalog` is JSON already, and null leaves it out. */
export function viewToken(claims: Claims, catalog: string | null): string {
  const body = JSON.stringify({
    methods: claims.m,
    user: {
      domain: named(claims.ud),
      id: claims.sub,
      name: claims.un,
      ...(federatedOf(claims) ?? {
        password_expires_at: viewExpiry(claims.pe === undefined ? null : new Date(claims.pe)),
      }),
    },
    audit_ids: claims.aid,
    expires_at: isoMicros(new Date(Math.round(claims.exp * 1000))),
    issued_at: isoMicros(new Date(issuedAtMs(claims))),
    ...scopeOf(claims),
    ...delegationOf(claims),
  })
  return catalog === null || !isScoped(claims)
    ? `{"token":${body}}`
    : `{"token":${body.slice(0, -1)},"catalog":${catalog}}}`
}

export const isScoped = ({ p, d, sys }: Claims): boolean => (p ?? d ?? sys) !== undefined

/** Not of a user of our own, nor of a trustor in whose name somebody acts. */
function federatedOf({ fed, tr }: Claims) {
  if (!fed || fed.l || tr?.i) return null
  return {
    'OS-FEDERATION': {
      groups: fed.g.map(id => ({ id })),
      identity_provider: { id: fed.i },
      protocol: { id: fed.p },
    },
  }
}

function scopeOf({ p, d, sys, r }: Claims) {
  const roles = r.map(named)
  if (p)
    return {
      project: { domain: named([p[2], p[3]]), id: p[0], name: p[1] },
      is_domain: false,
      roles,
    }
  if (d) return { domain: named(d), roles }
  return sys ? { roles, system: { all: true } } : {}
}

function delegationOf({ sub, ac, tr, oa }: Claims) {
  if (oa) return { 'OS-OAUTH1': { access_token_id: oa[0], consumer_id: oa[1] } }
  if (tr)
    return {
      'OS-TRUST:trust': {
        id: tr.t[0],
        impersonation: tr.i === 1,
        trustee_user: { id: tr.u[0] },
        trustor_user: { id: tr.u[1] },
      },
    }
  if (!ac) return {}
  const access_rules = ac.ar?.map(([service, method, path]) => {
    const rule = { service, method, path }
    return { id: accessRuleId(sub, rule), ...rule }
  })
  const { id, n: name, u } = ac
  return {
    application_credential: { id, name, restricted: u !== 1, ...(access_rules ? { access_rules } : {}) },
  }
}

const named = ([id, name]: readonly [string, string]) => ({ id, name })
