import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { API_SERVICES } from './services.ts'

/** Every listener of an instance that others must be able to find. */
export const USUAL_PORTS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(API_SERVICES.map(service => [service.name, service.usualPort])),
  // for whoever collects metrics
  ...Object.fromEntries(API_SERVICES.map(({ name }, index) => [`${name}-metrics`, 19_100 + index])),
  gateway: 8088,
  /** where compute listens for its agents */
  agent: 8785,
}

/** Below Linux' ephemeral range, so that no outgoing connection sits on a port that we remember. */
const [FIRST_OTHER, LAST_OTHER] = [20_000, 32_000]

export async function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

/**
 * One port per name: the remembered one if it is still free, else the usual one, else any that is free.
 *
 * @param remembered from an earlier run
 * @param usual false: never take a usual port, so that test instances leave them to the cloud beside them
 */
export async function choosePorts(
  remembered: Readonly<Record<string, number>>,
  usual = true,
): Promise<Record<string, number>> {
  const chosen: Record<string, number> = {}
  for (const [name, usualPort] of Object.entries(USUAL_PORTS)) {
    const taken = new Set(Object.values(chosen))
    const wishes = [remembered[name], usual ? usualPort : undefined]
    let port: number | undefined
    for (const wish of wishes)
      if (port === undefined && wish !== undefined && !taken.has(wish) && (await isFree(wish))) port = wish
    while (port === undefined) {
      const other = randomInt(FIRST_OTHER, LAST_OTHER)
      if (!taken.has(other) && (await isFree(other))) port = other
    }
    chosen[name] = port
  }
  return chosen
}
