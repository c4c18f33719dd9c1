/** Tokens: issue by password, issue from a token, validation by the API, verification inside a service. */
import { generateKeyPairSync } from 'node:crypto'
import { newHexId } from '@caelum/kernel'
import { signToken, TokenVerifier } from '@caelum/token'
import type { Cloud } from '../test/support/cloud.ts'
import { type Figure, load, number, rounds } from './measure.ts'

export async function tokenFigures(cloud: Cloud): Promise<Figure[]> {
  const url = `${cloud.admin.urlOf('identity')}/auth/tokens`
  const project = { name: 'admin', domain: { id: 'default' } }
  const issue = (identity: object) => async () => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth: { identity, scope: { project } } }),
    })
    if (answer.status !== 201) throw new Error(`a token was refused: ${answer.status} ${await answer.text()}`)
    await answer.arrayBuffer()
  }
  const user = { name: 'admin', domain: { id: 'default' }, password: cloud.adminPassword }
  const headers = { 'x-auth-token': cloud.admin.token, 'x-subject-token': cloud.admin.token }
  const validate = async () => {
    const answer = await fetch(url, { headers })
    if (answer.status !== 200) throw new Error(`validation was refused: ${answer.status}`)
    await answer.arrayBuffer()
  }
  const rate = (work: () => Promise<unknown>, concurrency: number) =>
    rounds(5, async () => (await load(work, { concurrency, seconds: 2 })).perSecond)
  const perSecond = (value: number) => `${number(value)}/s`
  return [
    {
      claim: 'token by password (argon2id)',
      value: perSecond(await rate(issue({ methods: ['password'], password: { user } }), 8)),
      goal: '',
    },
    {
      claim: 'token from a token',
      value: perSecond(await rate(issue({ methods: ['token'], token: { id: cloud.admin.token } }), 16)),
      goal: '',
    },
    { claim: 'token validated by the API', value: perSecond(await rate(validate, 16)), goal: '' },
    {
      claim: 'token verified inside a service, first time',
      value: perSecond(await firstTime()),
      goal: '≥ 5,000/s a core',
    },
    {
      claim: 'token verified inside a service, again',
      value: perSecond(await again()),
      goal: '≥ 5,000/s a core',
    },
  ]
}

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const trust = { keyOf: () => publicKey, revokedUntil: () => undefined, isFresh: () => true }

const someToken = () =>
  signToken(
    {
      sub: newHexId(),
      un: 'somebody',
      ud: ['default', 'Default'],
      p: [newHexId(), 'project', 'default', 'Default'],
      r: [
        [newHexId(), 'member'],
        [newHexId(), 'reader'],
      ],
      m: ['password'],
      aid: [newHexId()],
      iat: Date.now() / 1000,
      exp: Date.now() / 1000 + 3_600,
    },
    { kid: 'bench', privateKey },
  )

/** Signature, claims and revocation: what the first request with a token costs. */
const firstTime = () => {
  const tokens = Array.from({ length: 4_000 }, someToken)
  return rounds(5, async () => perSecondOf(new TokenVerifier(trust), tokens))
}

/** What every later request costs. */
const again = () => {
  const verifier = new TokenVerifier(trust)
  const tokens = Array.from({ length: 100 }, someToken)
  for (const token of tokens) verifier.verify(token)
  return rounds(5, async () => perSecondOf(verifier, Array.from({ length: 500 }, () => tokens).flat()))
}

function perSecondOf(verifier: TokenVerifier, tokens: readonly string[]): number {
  const begun = performance.now()
  for (const token of tokens) verifier.verify(token)
  return (tokens.length / (performance.now() - begun)) * 1000
}
