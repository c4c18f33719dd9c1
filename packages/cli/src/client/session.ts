import { CommandError } from '../command.ts'

export type Credentials = {
  /** ends in /v3 */
  authUrl: string
  user: string
  password: string
  project: string
}

export type ServiceType = 'identity' | 'image' | 'compute' | 'network' | 'object-store'

/** An answer that was not a 2xx; `status` is what callers decide by. */
export class ApiError extends CommandError {
  readonly status: number
  constructor(method: string, url: string, status: number, body: string) {
    super(`${method} ${url} answered ${status}: ${messageIn(body)}`, 'caelum status; caelum logs')
    this.status = status
  }
}

/** The text for people, wherever the API family keeps it. */
function messageIn(body: string): string {
  try {
    const envelope = Object.values(JSON.parse(body) as Record<string, { message?: string }>)[0]
    return envelope?.message ?? body.slice(0, 500)
  } catch {
    return body.slice(0, 500)
  }
}

type CatalogEntry = { type: string; endpoints: { interface: string; url: string }[] }
type TokenBody = { token: { catalog: CatalogEntry[]; project: { id: string }; user: { id: string } } }

const REQUEST_MS = 30_000

/** A project-scoped token and the catalog that came with it. */
export class Session {
  readonly token: string
  readonly projectId: string
  readonly userId: string
  readonly #endpoints: ReadonlyMap<string, string>

  private constructor(token: string, { token: body }: TokenBody) {
    this.token = token
    this.projectId = body.project.id
    this.userId = body.user.id
    this.#endpoints = new Map(
      body.catalog.map(entry => [
        entry.type,
        entry.endpoints.find(endpoint => endpoint.interface === 'public')!.url.replace(/\/$/, ''),
      ]),
    )
  }

  /** @throws ApiError 401 for a wrong password */
  static async open({ authUrl, user, password, project }: Credentials): Promise<Session> {
    const domain = { id: 'default' }
    const answer = await send('POST', `${authUrl}/auth/tokens`, {
      body: JSON.stringify({
        auth: {
          identity: { methods: ['password'], password: { user: { name: user, domain, password } } },
          scope: { project: { name: project, domain } },
        },
      }),
      headers: { 'content-type': 'application/json' },
    })
    return new Session(answer.headers.get('x-subject-token') ?? '', (await answer.json()) as TokenBody)
  }

  urlOf(service: ServiceType, path = ''): string {
    const base = this.#endpoints.get(service)
    if (!base) throw new CommandError(`the catalog has no ${service} service`, 'caelum status')
    return `${base}${path}`
  }

  /** Sends JSON and reads JSON; null for an answer without a body. */
  async call<T>(service: ServiceType, method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.send(service, method, path, {
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
    })
    const text = await answer.text()
    return (text ? JSON.parse(text) : null) as T
  }

  /** @throws ApiError unless the answer is a 2xx */
  send(service: ServiceType, method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { accept: 'application/json', 'x-auth-token': this.token, ...init.headers }
    return send(method, this.urlOf(service, path), { ...init, headers })
  }

  /** Deletes, and is content when it is gone already. */
  async remove(service: ServiceType, path: string): Promise<void> {
    try {
      const answer = await this.send(service, 'DELETE', path)
      await answer.body?.cancel()
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error
    }
  }
}

async function send(method: string, url: string, init: RequestInit): Promise<Response> {
  const signal = init.signal ?? AbortSignal.timeout(REQUEST_MS)
  let answer: Response
  try {
    answer = await fetch(url, { ...init, method, signal })
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
    throw new CommandError(`${method} ${url}: ${cause}`, 'caelum status')
  }
  if (!answer.ok) throw new ApiError(method, url, answer.status, await answer.text())
  return answer
}
