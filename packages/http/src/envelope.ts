import type { Problem } from '@caelum/kernel'

/** How one API family words an error. */
export type Envelope = (problem: Problem, requestId: string) => { body: unknown; contentType?: string }

const novaNames: Record<number, string> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  409: 'conflictingRequest',
  413: 'overLimit',
  415: 'badMediaType',
  429: 'overLimit',
  501: 'notImplemented',
  503: 'serviceUnavailable',
}

const titles: Record<number, string> = {
  300: 'Multiple Choices',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Request Entity Too Large',
  415: 'Unsupported Media Type',
  416: 'Requested Range Not Satisfiable',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
}
const titleOf = (status: number) => titles[status] ?? 'Error'

/** `{"error": {"code", "message", "title"}}`: keystone/server/flask/application.py. */
export const keystoneEnvelope: Envelope = problem => ({
  body: { error: { code: problem.status, message: problem.message, title: titleOf(problem.status) } },
})

/** `{"badRequest": {"code", "message"}}`: nova/api/openstack/wsgi.py, class Fault. */
export const novaEnvelope: Envelope = problem => ({
  body: { [novaNames[problem.status] ?? 'computeFault']: { code: problem.status, message: problem.message } },
})

/** `{"NeutronError": {"type", "message", "detail"}}`: neutron/api/api_common.py. */
export const neutronEnvelope: Envelope = problem => ({
  body: { NeutronError: { type: problem.code, message: problem.message, detail: '' } },
})

/** Glance answers errors as a small HTML page (webob.exc); clients show its text. */
export const glanceEnvelope: Envelope = problem => {
  const heading = `${problem.status} ${titleOf(problem.status)}`
  const text = escapeHtml(problem.message)
  return {
    body: `<html>\n <head>\n  <title>${heading}</title>\n </head>\n <body>\n  <h1>${heading}</h1>\n  ${text}<br /><br />\n\n\n </body>\n</html>`,
    contentType: 'text/html; charset=UTF-8',
  }
}

/** Swift answers errors as a line of HTML (swift/common/swob.py). */
export const swiftEnvelope: Envelope = problem => ({
  body: `<html><h1>${titleOf(problem.status)}</h1><p>${escapeHtml(problem.message)}</p></html>`,
  contentType: 'text/html; charset=UTF-8',
})

const escapeHtml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
