import { constraints } from './constraints.ts'
import { errors } from './errors.ts'

/** What a path names: `/v1/AUTH_{project}[/{container}[/{object}]]`. */
export interface Target {
  /** undefined when the account is of another form: it is nobody's */
  projectId: string | undefined
  container: string
  object: string
}

/**
 * Reads the path as the client sent it: the router's own decoding would lose slashes and empty parts of an object's
 * name, which may be any text of up to 1024 bytes.
 *
 * @throws Problem 412 for what is no UTF-8, 400 for names that are too long
 */
export function targetOf(rawUrl: string): Target {
  const [, , account = '', container = '', ...object] = pathOf(rawUrl).split('/')
  return checked(decode(account), decode(container), decode(object.join('/')))
}

/** The container and object of a `Destination` or `X-Copy-From` header. */
export function targetOfHeader(header: string, projectId: string | undefined): Target {
  const [container = '', ...object] = pathOf(header).replace(/^\//, '').split('/')
  const target = checked(`AUTH_${projectId ?? ''}`, decode(container), decode(object.join('/')))
  if (target.object === '')
    throw errors.precondition('The header must be of the form <container name>/<object name>')
  return target
}

const pathOf = (url: string) => url.split('?')[0] ?? ''

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw errors.precondition('Invalid UTF8 or contains NULL')
  }
}

function checked(account: string, container: string, object: string): Target {
  if (container.includes('/')) throw errors.precondition('Container name cannot contain slashes')
  if (`${container}${object}`.includes('\0')) throw errors.precondition('Invalid UTF8 or contains NULL')
  checkLength('Container', container, constraints.max_container_name_length)
  checkLength('Object', object, constraints.max_object_name_length)
  const projectId = account.startsWith('AUTH_') ? account.slice(5) : undefined
  return { projectId: projectId || undefined, container, object }
}

function checkLength(what: string, name: string, limit: number): void {
  const length = Buffer.byteLength(name)
  if (length > limit) throw errors.badRequest(`${what} name length of ${length} longer than ${limit}`)
}

/** `/v1/AUTH_p/c/o`, for links and headers. */
export const pathTo = ({ projectId, container, object }: Target): string =>
  [`/v1/AUTH_${projectId ?? ''}`, container, ...(object ? object.split('/') : [])]
    .map((part, index) => (index === 0 ? part : encodeURIComponent(part)))
    .join('/')
