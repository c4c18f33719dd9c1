/** As much of a browser as a login by forms needs: cookies, redirects, and one form on a page. */
export function browser(jars = new Map<string, Map<string, string>>()): Browser {
  const cookiesFor = (url: URL) =>
    [...(jars.get(url.host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')

  function keep(url: URL, reply: Response): void {
    const jar = jars.get(url.host) ?? new Map<string, string>()
    jars.set(url.host, jar)
    for (const cookie of reply.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (value === '' || /max-age=0|expires=thu, 01 jan 1970/i.test(cookie)) jar.delete(name)
      else jar.set(name, value)
    }
  }

  /** Follows redirects until there is a page, or `stop` says that this is where it wanted to go. */
  async function open(address: string, form?: Record<string, string>, stop = (_: URL) => false) {
    let [url, body] = [new URL(address), form]
    for (;;) {
      const reply = await fetch(url, {
        redirect: 'manual',
        headers: { cookie: cookiesFor(url) },
        ...(body ? { method: 'POST', body: new URLSearchParams(body) } : {}),
      })
      keep(url, reply)
      const location = reply.headers.get('location')
      if (!location) return { url, status: reply.status, headers: reply.headers, text: await reply.text() }
      url = new URL(location, url)
      body = undefined
      if (stop(url)) return { url, status: reply.status, headers: reply.headers, text: '' }
    }
  }

  return {
    open,
    /** with the same cookies */
    copy: () => browser(new Map([...jars].map(([host, jar]) => [host, new Map(jar)]))),
  }
}

export interface Browser {
  open: (address: string, form?: Record<string, string>, stop?: (url: URL) => boolean) => Promise<Page>
  copy: () => Browser
}
interface Page {
  url: URL
  status: number
  headers: Headers
  text: string
}

/** The form on a page: where it goes and what is filled in. */
export function formOf(html: string, at: URL) {
  const decoded = (text = '') => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
  const [, action] = /<form[^>]*\saction="([^"]*)"/.exec(html) ?? []
  const fields = [...html.matchAll(/<input[^>]*>/g)].flatMap(([input]) => {
    const [, name] = /\sname="([^"]*)"/.exec(input) ?? []
    const [, value] = /\svalue="([^"]*)"/.exec(input) ?? []
    return name === undefined ? [] : [[name, decoded(value)] as const]
  })
  return { action: new URL(decoded(action), at).href, fields: Object.fromEntries(fields) }
}
