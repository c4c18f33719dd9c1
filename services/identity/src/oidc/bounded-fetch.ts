/** An answer that did not come: the provider is away, and its people can wait. */
export class ProviderAway extends Error {}

const LONGEST_MS = 5_000
const MOST_BYTES = 1_048_576

interface Asked {
  method: string
  headers: NonNullable<RequestInit['headers']>
  body?: RequestInit['body']
}

/**
 * `fetch` for addresses that a discovery document names, so a provider could name any: TLS only, no redirect is
 * followed, and neither a slow nor an endless answer holds anything up.
 *
 * @param plainHttp allows http too, for labs
 * @throws ProviderAway when no answer comes, or a 5xx
 */
export const boundedFetch =
  ({ plainHttp }: { plainHttp: boolean }) =>
  async (url: string, { method, headers, body = null }: Asked): Promise<Response> => {
    const { protocol } = new URL(url)
    if (protocol !== 'https:' && !(plainHttp && protocol === 'http:'))
      throw new Error(`${protocol} is not https:`)
    const signal = AbortSignal.timeout(LONGEST_MS)
    const answer = await awaiting(fetch(url, { method, headers, body, redirect: 'manual', signal }))
    if (answer.status >= 500) throw new ProviderAway(`status ${answer.status}`)
    const text = await awaiting(readBounded(answer))
    const { status, headers: answered } = answer
    return new Response(status === 204 || status === 304 ? null : text, { status, headers: answered })
  }

async function awaiting<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    throw new ProviderAway((error as Error).message, { cause: error })
  }
}

async function readBounded({ body }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > MOST_BYTES) throw new Error(`more than ${MOST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

export function isAway(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) if (e instanceof ProviderAway) return true
  return false
}
