import { type Persona, persona } from '@caelum/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type TestApp, testApp } from './app.ts'

let api: TestApp
beforeAll(async () => {
  api = await testApp()
})
afterAll(() => api.close())

const listed = async (who: Persona, query = '') =>
  (await api.call(who, 'GET', `/v2/images${query}`)).body.images.map((image: { id: string }) => image.id)

test('an image is offered, accepted, used and taken back', async () => {
  const [owner, friend, stranger] = [persona('member'), persona('member'), persona('member')]
  const { id } = await api.create(owner)
  const url = `/v2/images/${id}`
  await api.upload(owner, id, Buffer.from('data'))
  expect((await api.call(friend, 'GET', url)).status).toBe(404)

  const offered = await api.call(owner, 'POST', `${url}/members`, { body: { member: friend.projectId } })
  expect(offered.status).toBe(200)
  expect(offered.body).toMatchObject({ member_id: friend.projectId, image_id: id, status: 'pending' })
  const twice = await api.call(owner, 'POST', `${url}/members`, { body: { member: friend.projectId } })
  expect(twice.status).toBe(409)

  expect((await api.call(friend, 'GET', url)).status).toBe(200)
  expect((await api.call(friend, 'GET', `${url}/file`)).body).toBe('data')
  expect(await listed(friend)).toEqual([])
  expect(await listed(friend, '?member_status=pending')).toEqual([id])

  const memberUrl = `${url}/members/${friend.projectId}`
  expect((await api.call(owner, 'PUT', memberUrl, { body: { status: 'accepted' } })).status).toBe(403)
  const accepted = await api.call(friend, 'PUT', memberUrl, { body: { status: 'accepted' } })
  expect(accepted.body.status).toBe('accepted')
  expect(await listed(friend)).toEqual([id])

  expect((await api.call(owner, 'GET', memberUrl)).body.status).toBe('accepted')
  expect((await api.call(friend, 'GET', memberUrl)).body.status).toBe('accepted')
  expect((await api.call(friend, 'GET', `${url}/members`)).body.members).toHaveLength(1)
  expect((await api.call(stranger, 'GET', `${url}/members`)).status).toBe(404)
  expect((await api.call(stranger, 'GET', memberUrl)).status).toBe(404)

  expect((await api.call(friend, 'DELETE', memberUrl)).status).toBe(403)
  expect((await api.call(friend, 'DELETE', url)).status).toBe(403)
  expect((await api.call(owner, 'DELETE', memberUrl)).status).toBe(204)
  expect((await api.call(owner, 'DELETE', memberUrl)).status).toBe(404)
  expect((await api.call(friend, 'GET', url)).status).toBe(404)
})

test('members do not see each other', async () => {
  const [owner, one, two] = [persona('member'), persona('member'), persona('member')]
  const { id } = await api.create(owner)
  for (const { projectId } of [one, two])
    await api.call(owner, 'POST', `/v2/images/${id}/members`, { body: { member: projectId } })
  const seen = async (who: Persona) =>
    (await api.call(who, 'GET', `/v2/images/${id}/members`)).body.members.map(
      (member: { member_id: string }) => member.member_id,
    )
  expect(await seen(owner)).toEqual([one.projectId, two.projectId])
  expect(await seen(one)).toEqual([one.projectId])
  expect((await api.call(one, 'GET', `/v2/images/${id}/members/${two.projectId}`)).status).toBe(404)
  const answer = { body: { status: 'accepted' } }
  expect((await api.call(one, 'PUT', `/v2/images/${id}/members/${two.projectId}`, answer)).status).toBe(403)
})

test('only shared images have members', async () => {
  const owner = persona('member')
  const { id } = await api.create(owner, { visibility: 'private' })
  const offer = { body: { member: 'x' } }
  expect((await api.call(owner, 'POST', `/v2/images/${id}/members`, offer)).status).toBe(403)
  expect((await api.call(owner, 'GET', `/v2/images/${id}/members`)).status).toBe(403)
})

describe('bad input is refused', () => {
  test.each([{}, { member: '' }, { member: 7 }, { member: 'a\0' }, [], 'x'.repeat(3)])('%j', async body => {
    const owner = persona('member')
    const { id } = await api.create(owner)
    const reply = await api.call(owner, 'POST', `/v2/images/${id}/members`, { body })
    expect(reply.status).toBe(400)
  })
  test('a status there is not', async () => {
    const owner = persona('admin')
    const { id } = await api.create(owner)
    const reply = await api.call(owner, 'PUT', `/v2/images/${id}/members/x`, { body: { status: 'maybe' } })
    expect(reply.status).toBe(400)
  })
})
