import { execFileSync } from 'node:child_process'
import { createHash, createHmac } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { equalSecret } from '../src/login/equal.ts'
import { expectedOf, type SignedRequest, signatureOfS3 } from '../src/resources/ec2/signature.ts'
import { type TestApp, testApp } from './app.ts'
import { type World, world } from './world.ts'

/** By OpenStack's own signer, whose words are law: python3-keystoneclient. */
function signedByOpenstack(requests: readonly SignedRequest[], secret: string): string[] {
  const program = `
import json, sys
from keystoneclient.contrib.ec2.utils import Ec2Signer
given = json.load(sys.stdin)
print(json.dumps([Ec2Signer(given["secret"]).generate(it) for it in given["requests"]]))`
  const input = JSON.stringify({ requests, secret })
  return JSON.parse(execFileSync('/usr/bin/python3', ['-c', program], { input }).toString())
}

const stamp = (at = new Date()) => at.toISOString().replace(/[-:]|\.\d+/g, '')
const SHA_OF_NOTHING = createHash('sha256').digest('hex')

function version4(at = new Date(), more: Partial<SignedRequest> = {}): SignedRequest {
  const day = stamp(at).slice(0, 8)
  return {
    verb: 'GET',
    host: 'ec2.example:8773',
    path: '/services/Cloud/',
    params: { Action: 'DescribeInstances', 'Filter.1': "it's (a) *test*! ü/~" },
    headers: {
      Host: 'ec2.example:8773',
      'X-Amz-Date': stamp(at),
      Authorization: `AWS4-HMAC-SHA256 Credential=AK/${day}/region/ec2/aws4_request, SignedHeaders=host;x-amz-date;x-none, Signature=x`,
    },
    body_hash: SHA_OF_NOTHING,
    ...more,
  }
}
const version2 = (more: Record<string, string> = {}, host = 'ec2.example'): SignedRequest => ({
  verb: 'GET',
  host,
  path: '/services/Cloud/',
  params: {
    SignatureVersion: '2',
    Timestamp: new Date().toISOString(),
    AWSAccessKeyId: 'AK',
    zeta: 'ü & =',
    Alpha: '*',
    ...more,
  },
  headers: {},
})

test('signatures are those that OpenStack computes', () => {
  const now = new Date()
  const presigned = version4(now)
  const requests = [
    version2(),
    version2({ Timestamp: '2026-01-31T12:00:00Z', "it's": '(odd)' }),
    version4(),
    version4(now, { verb: 'post' }),
    {
      ...presigned,
      headers: { Host: ' ec2.example:8773 ' },
      params: {
        ...presigned.params,
        'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
        'X-Amz-Credential': `AK/${stamp(now).slice(0, 8)}/r/s3/aws4_request`,
        'X-Amz-Date': stamp(now),
        'X-Amz-SignedHeaders': 'host',
      },
    },
  ]
  const ours = requests.map(request => expectedOf(request, 'the secret')[0]?.signature)
  expect(ours).toEqual(signedByOpenstack(requests, 'the secret'))
})

test('what contradicts itself or is of another version has no right signature', () => {
  const yesterday = stamp(new Date(Date.now() - 86_400_000)).slice(0, 8)
  const moved = version4()
  for (const wrong of [
    version2({ SignatureVersion: '1' }),
    version2({ SignatureVersion: '0' }),
    version2({ SignatureVersion: '3' }),
    version2({ Timestamp: 'long ago' }),
    version4(new Date(), { body_hash: undefined }),
    version4(new Date(), { headers: { Authorization: 'AWS4-HMAC-SHA256' } }),
    version4(new Date(), { headers: {} }),
    {
      ...moved,
      headers: {
        ...moved.headers,
        Authorization: String(moved.headers['Authorization']).replace(/AK\/\d+/, `AK/${yesterday}`),
      },
    },
  ])
    expect(expectedOf(wrong, 'secret')).toEqual([])
  expect([equalSecret('a', 'a'), equalSecret('a', 'b'), equalSecret('a', '')]).toEqual([true, false, false])
})

describe('a token by an EC2 key pair', () => {
  let api: TestApp
  let w: World
  let service: string
  let pair: { access: string; secret: string }
  beforeAll(async () => {
    api = await testApp()
    w = await world(api)
    service = await api.tokenOf('compute', 'compute-secret', 'service')
  })
  afterAll(() => api.close())
  beforeEach(async () => {
    pair = await newPair(w.project)
  })

  const newPair = async (tenant_id: string) => {
    const url = `/v3/users/${w.userId}/credentials/OS-EC2`
    return (await api.call('POST', url, { token: w.admin, body: { tenant_id } })).body.credential
  }
  const ask = (request: SignedRequest, { access, secret } = pair, change: Record<string, unknown> = {}) => {
    const signature = expectedOf(request, secret).at(-1)?.signature
    const credentials = { access, signature, ...request, ...change }
    return api.call('POST', '/v3/ec2tokens', { token: service, body: { credentials } })
  }
  const works = async (token: unknown) =>
    (await api.call('GET', '/v3/auth/projects', { token: String(token) })).status === 200

  test.each<[string, () => SignedRequest]>([
    ['2', () => version2()],
    ['2, signed without the port', () => version2({}, 'ec2.example:8773')],
    ['2, without a time', () => version2({ Timestamp: '' })],
    ['4', () => version4()],
  ])('version %s', async (_, request) => {
    const { status, headers, body } = await ask(request())
    expect(status).toBe(200)
    expect(body.token).toMatchObject({
      methods: ['ec2credential'],
      user: { id: w.userId },
      project: { id: w.project },
      catalog: expect.any(Array),
    })
    expect(body.token.roles.map((role: { name: string }) => role.name)).toEqual(['member', 'reader'])
    expect(await works(headers['x-subject-token'])).toBe(true)
  })

  test('under any of the three names', async () => {
    const request = version4()
    const signature = expectedOf(request, pair.secret)[0]?.signature
    for (const name of ['credentials', 'credential', 'ec2Credentials']) {
      const body = { [name]: { access: pair.access, signature, ...request } }
      expect((await api.call('POST', '/v3/ec2tokens', { token: service, body })).status).toBe(200)
    }
    expect((await api.call('POST', '/v3/ec2tokens', { token: service, body: {} })).status).toBe(400)
  })

  test('is refused, always in the same words, for a wrong signature, key, time, user or project', async () => {
    const later = await newPair(w.disabledProject)
    const noRole = await newPair(w.otherProject)
    const old = new Date(Date.now() - 16 * 60_000)
    const ahead = new Date(Date.now() + 16 * 60_000)
    const answers = [
      await ask(version4(), pair, { signature: 'x' }),
      await ask(version4(), { ...pair, secret: 'guessed' }),
      await ask(version4(), { access: 'nobodys', secret: 'x' }),
      await ask(version4(), pair, { path: '/elsewhere' }),
      await ask(version4(old)),
      await ask(version4(ahead)),
      await ask(version2({ Timestamp: old.toISOString() })),
      await ask(version4(), later),
      await ask(version4(), noRole),
    ]
    for (const { status, text } of answers) expect([status, text]).toEqual([401, answers[0]?.text])
  })

  test('is asked for by services and administrators only', async () => {
    const own = String((await api.login(w.user, { project: { id: w.project } })).headers['x-subject-token'])
    for (const path of ['ec2tokens', 's3tokens'])
      expect((await api.call('POST', `/v3/${path}`, { token: own, body: {} })).status).toBe(403)
  })

  test('stays in its project, whatever is made from it', async () => {
    const { headers } = await ask(version4())
    const token = String(headers['x-subject-token'])
    const rescope = (scope?: unknown) =>
      api.call('POST', '/v3/auth/tokens', {
        body: {
          auth: { identity: { methods: ['token'], token: { id: token } }, ...(scope ? { scope } : {}) },
        },
      })
    for (const elsewhere of [{ domain: { id: w.domain } }, { system: { all: true } }, 'unscoped'])
      expect((await rescope(elsewhere)).status).toBe(401)
    await w.put(`/v3/projects/${w.otherProject}/users/${w.userId}/roles/${w.role('reader')}`)
    expect((await rescope({ project: { id: w.otherProject } })).status).toBe(401)
    for (const here of [undefined, { project: { id: w.project } }]) {
      const made = await rescope(here)
      expect(made.body.token.project.id).toBe(w.project)
    }
  })

  test.each<[string, (path: string) => Promise<{ status: number }>]>([
    ['deleted', path => api.call('DELETE', path, { token: w.admin })],
    [
      'changed',
      path =>
        api.call('PATCH', path, {
          token: w.admin,
          body: { credential: { blob: JSON.stringify({ access: pair.access, secret: 'new' }) } },
        }),
    ],
  ])('ends when the key pair is %s, with all made from it, and nothing else does', async (_, act) => {
    const other = await newPair(w.project)
    const token = (await ask(version4())).headers['x-subject-token']
    const kept = (await ask(version4(), other)).headers['x-subject-token']
    const child = await api.call('POST', '/v3/auth/tokens', {
      body: { auth: { identity: { methods: ['token'], token: { id: token } } } },
    })
    const id = createHash('sha256').update(pair.access).digest('hex')
    expect((await act(`/v3/credentials/${id}`)).status).toBeLessThan(300)
    expect([await works(token), await works(child.headers['x-subject-token']), await works(kept)]).toEqual([
      false,
      false,
      true,
    ])
    expect((await ask(version4())).status).toBe(401)
  })

  test('none outlives its key pair, however they race', async () => {
    for (let round = 0; round < 10; round++) {
      const raced = await newPair(w.project)
      const asking = Array.from({ length: 4 }, () => ask(version4(), raced))
      const url = `/v3/users/${w.userId}/credentials/OS-EC2/${raced.access}`
      const [made] = await Promise.all([Promise.all(asking), api.call('DELETE', url, { token: w.admin })])
      for (const { status, headers } of made)
        if (status === 200) expect(await works(headers['x-subject-token'])).toBe(false)
    }
  })

  describe('for S3', () => {
    const askS3 = (stringToSign: string, signature?: string) =>
      api.call('POST', '/v3/s3tokens', {
        token: service,
        body: {
          credentials: {
            access: pair.access,
            token: Buffer.from(stringToSign).toString('base64url'),
            signature: signature ?? signatureOfS3(Buffer.from(stringToSign), pair.secret) ?? 'none',
          },
        },
      })
    const V4 = `AWS4-HMAC-SHA256\n${stamp()}\n20260131/region/s3/aws4_request\n${SHA_OF_NOTHING}`

    test('version 2 and 4 say who it is, without a token', async () => {
      const v2 = 'GET\n\n\nSat, 31 Jan 2026 12:00:00 GMT\n/bucket/object'
      const sha1 = createHmac('sha1', pair.secret).update(v2).digest('base64')
      for (const answer of [await askS3(v2, sha1), await askS3(V4)]) {
        expect(answer.status).toBe(200)
        expect(answer.headers).not.toHaveProperty('x-subject-token')
        expect(answer.body.token).toMatchObject({ user: { id: w.userId }, project: { id: w.project } })
      }
      const steps = ['20260131', 'region', 's3', 'aws4_request', V4]
      const byHand = steps.reduce<Buffer>(
        (key, text) => createHmac('sha256', key).update(text).digest(),
        Buffer.from(`AWS4${pair.secret}`),
      )
      expect((await askS3(V4, byHand.toString('hex'))).status).toBe(200)
    })

    test('nothing else does', async () => {
      for (const wrong of [
        V4.replace('/s3/', '/ec2/'),
        V4.replace('aws4_request', 'aws5_request'),
        `${V4}\nmore`,
        V4.replace('SHA256', 'SHA1'),
      ])
        expect((await askS3(wrong)).status).toBe(401)
      expect((await askS3(V4, 'x')).status).toBe(401)
    })
  })
})
