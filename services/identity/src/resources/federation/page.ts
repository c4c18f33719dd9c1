import { randomBytes } from 'node:crypto'
import type { FastifyReply } from 'fastify'

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)

const page = (title: string, body: string) => `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title></head>
<body>
${body}
</body>
</html>
`

/** Nobody keeps it, frames it, or learns where it was; nothing in it runs but what has the nonce. */
function answer(reply: FastifyReply, html: string, policy: string): FastifyReply {
  return reply
    .headers({
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; ${policy}; frame-ancestors 'none'; base-uri 'none'`,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    })
    .type('text/html; charset=utf-8')
    .send(html)
}

/** Posts the token to the dashboard: etc/sso_callback_template.html of Keystone. */
export function answerToken(reply: FastifyReply, dashboard: string, token: string): FastifyReply {
  const nonce = randomBytes(16).toString('base64')
  const html = page(
    'Keystone WebSSO redirect',
    `<form id="sso" name="sso" action="${escaped(dashboard)}" method="post">
Please wait...
<input type="hidden" name="token" id="token" value="${escaped(token)}">
<noscript><input type="submit" name="submit_no_javascript" value="Continue"></noscript>
</form>
<script nonce="${nonce}">document.forms['sso'].submit()</script>`,
  )
  return answer(reply, html, `script-src 'nonce-${nonce}'; form-action ${new URL(dashboard).origin}`)
}

/** Where several providers could be meant. */
export function answerChoice(reply: FastifyReply, choices: readonly { name: string; url: string }[]) {
  const items = choices.map(({ name, url }) => `<li><a href="${escaped(url)}">${escaped(name)}</a></li>`)
  return answer(reply, page('Log in with', `<ul>\n${items.join('\n')}\n</ul>`), "form-action 'none'")
}
