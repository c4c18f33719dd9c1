/**
 * Conversations with an LDAP server, each on a connection of its own, bound as the user of the configuration. However
 * the server behaves, one ends within LONGEST_MS, and while it has just been found away nobody waits at all; at most
 * MOST_AT_ONCE are held with one server, and who would wait behind MOST_WAITING others is told to come back.
 */
import { readFileSync } from 'node:fs'
import { connect, isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { Client, ResultCodeError } from 'ldapts'
import type { DirectoryOptions } from './options.ts'

/** The directory gave no usable answer: its people can wait. */
export class DirectoryAway extends Error {}

const CONNECT_MS = 3_000
const ANSWER_MS = 5_000
const LONGEST_MS = 8_000
const LEFT_ALONE_MS = 2_000
const MOST_AT_ONCE = 10
const MOST_WAITING = 100

/** Result codes of RFC 4511 that say something of the server, and not of what was asked. */
const SERVER_TROUBLE = new Set([1, 3, 51, 52, 80])

export class DirectoryServer {
  readonly #options: DirectoryOptions
  #busy = 0
  readonly #waiting: (() => void)[] = []
  #awayUntil = 0

  constructor(options: DirectoryOptions) {
    this.#options = options
  }

  /** @throws DirectoryAway, or a ResultCodeError for what the server said of the request */
  async talk<T>(work: (client: Client) => Promise<T>): Promise<T> {
    if (Date.now() < this.#awayUntil) throw new DirectoryAway('it was away a moment ago')
    await this.#turn()
    try {
      return await within(LONGEST_MS, this.#anyOf(work))
    } catch (error) {
      if (error instanceof DirectoryAway) this.#awayUntil = Date.now() + LEFT_ALONE_MS
      throw error
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#busy -= 1
    }
  }

  /** Whether this is the password of the entry. An empty one never is: servers take it for no login at all. */
  isPassword(dn: string, password: string): Promise<boolean> {
    if (password === '') return Promise.resolve(false)
    return this.talk(async client => {
      try {
        await client.bind(dn, password)
        return true
      } catch (error) {
        if (isAnswer(error)) return false
        throw error
      }
    })
  }

  async #turn(): Promise<void> {
    if (this.#busy < MOST_AT_ONCE) this.#busy += 1
    else if (this.#waiting.length >= MOST_WAITING) throw new DirectoryAway('too many are waiting for it')
    else await new Promise<void>(resolve => this.#waiting.push(resolve))
  }

  /** With the first of the servers that is there. */
  async #anyOf<T>(work: (client: Client) => Promise<T>): Promise<T> {
    let failure: unknown
    for (const url of this.#options.url)
      try {
        return await this.#with(url, work)
      } catch (error) {
        if (isAnswer(error)) throw error
        failure = error
      }
    throw new DirectoryAway((failure as Error | undefined)?.message ?? 'it has no address', {
      cause: failure,
    })
  }

  async #with<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
    const client = this.#client(url)
    try {
      await this.#open(client, url)
      return await work(client)
    } finally {
      client.unbind().catch(() => undefined)
    }
  }

  #client(url: string): Client {
    const [, socket] = /^ldapi:\/\/([^/]+)/.exec(url) ?? []
    return new Client({
      url: socket === undefined ? url : 'ldap://localhost',
      timeout: ANSWER_MS,
      connectTimeout: CONNECT_MS,
      strictDN: false,
      ...(socket === undefined
        ? {}
        : { createConnection: (() => connect(decodeURIComponent(socket))) as typeof connect }),
      ...(url.startsWith('ldaps:') ? { tlsOptions: this.#tls(url) } : {}),
    })
  }

  /** @throws DirectoryAway also when it does not know our own user: that is no answer to what is asked */
  async #open(client: Client, url: string): Promise<void> {
    const { use_tls, user, password } = this.#options
    try {
      if (use_tls) await client.startTLS(this.#tls(url))
      if (user !== null && user !== '') await client.bind(user, password ?? '')
    } catch (error) {
      throw new DirectoryAway((error as Error).message, { cause: error })
    }
  }

  #tls(url: string): ConnectionOptions {
    const { tls_cacertfile, tls_req_cert } = this.#options
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
    return {
      host,
      ...(isIP(host) ? {} : { servername: host }),
      rejectUnauthorized: tls_req_cert === 'demand',
      ...(tls_cacertfile ? { ca: readFileSync(tls_cacertfile) } : {}),
    }
  }
}

const isAnswer = (error: unknown): boolean =>
  error instanceof ResultCodeError && !SERVER_TROUBLE.has(error.code)

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DirectoryAway(`no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
    work.catch(() => undefined)
  }
}
