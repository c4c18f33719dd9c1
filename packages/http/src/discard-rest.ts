import type { IncomingMessage } from 'node:http'

/** How long a client that was refused may go on sending. */
const LINGER_MS = 5_000

/**
 * A refusal may come while the client still sends its body, and many clients read no answer before they have sent
 * everything. Closing at once makes the kernel answer the rest with a reset, which destroys our answer on its way. So
 * the rest is read and thrown away; whoever takes longer than LINGER_MS loses the connection.
 */
export function discardRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return
  const timer = setTimeout(() => request.destroy(), LINGER_MS)
  request.once('close', () => clearTimeout(timer))
  request.resume()
}
