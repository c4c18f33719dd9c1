import type { TestApp } from './app.ts'

export type World = Awaited<ReturnType<typeof world>>

/**
 * A user who is a member of a project, of a domain and of the system, beside things that are not theirs. Everything
 * is called `<prefix>-...`, so that a file can have several.
 */
export async function world(api: TestApp, prefix = 'w') {
  const admin = await api.admin()
  const create = async (many: string, one: string, fields: Record<string, unknown>): Promise<string> => {
    const { status, body } = await api.call('POST', `/v3/${many}`, { token: admin, body: { [one]: fields } })
    if (status !== 201) throw new Error(`${one}: ${status} ${JSON.stringify(body)}`)
    return body[one].id
  }
  const put = async (url: string) => {
    const { status, text } = await api.call('PUT', url, { token: admin })
    if (status >= 300) throw new Error(`${url}: ${status} ${text}`)
  }
  const { body } = await api.call('GET', '/v3/roles', { token: admin })
  const role = (name: string): string => body.roles.find((it: { name: string }) => it.name === name).id
  const member = role('member')

  const domain = await create('domains', 'domain', { name: `${prefix}-domain` })
  const project = await create('projects', 'project', { name: `${prefix}-project` })
  const otherProject = await create('projects', 'project', { name: `${prefix}-other` })
  const disabledProject = await create('projects', 'project', { name: `${prefix}-disabled`, enabled: false })
  const userId = await create('users', 'user', { name: `${prefix}-user`, password: `${prefix}-secret` })
  const noPassword = await create('users', 'user', { name: `${prefix}-no-password` })
  const disabledUser = await create('users', 'user', {
    name: `${prefix}-disabled`,
    password: `${prefix}-secret`,
    enabled: false,
  })
  for (const target of [`projects/${project}`, `projects/${disabledProject}`, `domains/${domain}`, 'system'])
    await put(`/v3/${target}/users/${userId}/roles/${member}`)
  return {
    admin,
    create,
    put,
    role,
    domain,
    project,
    otherProject,
    disabledProject,
    userId,
    noPassword,
    disabledUser,
    user: api.named(`${prefix}-user`, `${prefix}-secret`),
  }
}
