/**
 * Access rules of application credentials: a token that carries some is good for the requests they name and for no
 * other. Each service checks its own requests, from the token alone.
 *
 * A path pattern is compared as keystonemiddleware does (auth_token/__init__.py, _path_matches): `*` and `{anything}`
 * stand for one or more characters other than a slash, `**` for any characters. Patterns are written by users and
 * run on every request, so there is no regular expression: all positions are followed at once, in time that is the
 * product of both lengths at worst.
 */
import type { Claims } from '@caelum/token'

export interface Asked {
  /** type of this service, as in the catalogue */
  service: string
  method: string
  /** as it came; a query is not looked at */
  url: string
}

/** May a token with these claims be used for this request? */
export function isWithinAccessRules({ ac }: Claims, { service, method, url }: Asked): boolean {
  if (!ac?.ar) return true
  const path = /^[^?#]*/.exec(url)?.[0] ?? ''
  return ac.ar.some(
    ([forService, forMethod, pattern]) =>
      forService === service && forMethod === method && matchesPath(pattern, path),
  )
}

/** one character; one that is no slash; any number of those; any number of any */
type Piece = { literal: string } | 'one' | 'some' | 'any'

export function matchesPath(pattern: string, path: string): boolean {
  const pieces = piecesOf(pattern)
  let positions = reached(pieces, [0])
  for (const character of path) {
    const next: number[] = []
    for (const at of positions) {
      const piece = pieces[at]
      if (piece === undefined) continue
      if (piece === 'any' || (piece === 'some' && character !== '/')) next.push(at)
      else if (piece === 'one' ? character !== '/' : typeof piece === 'object' && piece.literal === character)
        next.push(at + 1)
    }
    positions = reached(pieces, next)
    if (positions.size === 0) return false
  }
  return positions.has(pieces.length)
}

/** Those positions and the ones behind pieces that may stand for nothing. */
function reached(pieces: readonly Piece[], from: readonly number[]): Set<number> {
  const positions = new Set(from)
  for (const at of positions) if (pieces[at] === 'some' || pieces[at] === 'any') positions.add(at + 1)
  return positions
}

function piecesOf(pattern: string): Piece[] {
  const pieces: Piece[] = []
  for (const [token] of pattern.matchAll(/\*\*|\*|\{[^}]*\}|./gsu)) {
    if (token === '**') pieces.push('any')
    else if (token === '*' || (token.length > 1 && token.startsWith('{'))) pieces.push('one', 'some')
    else pieces.push({ literal: token })
  }
  return pieces
}
