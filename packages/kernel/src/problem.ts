/**
 * Exceptions end a request; unions steer the program. A `Problem` is the one exception that a client may see:
 * it comes from the catalogue of a service, and `packages/http` renders it in the envelope of that API family.
 * Everything else that is thrown becomes a 500 with no detail for the client and all of it in the log.
 */
export class Problem extends Error {
  /** stable name, e.g. `ServerNotFound`; never reworded */
  readonly code: string
  /** HTTP status */
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(code: string, status: number, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.name = 'Problem'
    this.code = code
    this.status = status
    this.headers = headers
  }
}

/** One line of a service's catalogue: `notFound: problem(404, 'ServerNotFound', (id: string) => ...)`. */
export const problem =
  <A extends unknown[]>(status: number, code: string, message: (...args: A) => string) =>
  (...args: A): Problem =>
    new Problem(code, status, message(...args))

/** What any service may say; the words are the cause and the next step. */
export const problems = {
  unauthorized: problem(401, 'Unauthorized', (why: string) => why),
  forbidden: problem(
    403,
    'Forbidden',
    (operation: string, needs: string) =>
      `Policy does not allow ${operation} to be performed: it needs ${needs}.`,
  ),
  badRequest: problem(400, 'BadRequest', (why: string) => why),
  notFound: problem(404, 'NotFound', (what: string) => `${what} could not be found.`),
  tooLarge: problem(
    413,
    'RequestEntityTooLarge',
    (limit: number) => `The request body is larger than ${limit} bytes.`,
  ),
  unavailable: (why: string, retryAfterS = 2): Problem =>
    new Problem('ServiceUnavailable', 503, why, { 'retry-after': String(retryAfterS) }),
}
