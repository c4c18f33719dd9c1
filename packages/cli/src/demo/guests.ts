import { eventually } from '../client/eventually.ts'
import { ApiError, type Session } from '../client/session.ts'
import { CommandError } from '../command.ts'

export type Server = {
  id: string
  name: string
  status: string
  addresses: Record<string, { addr: string }[]>
  fault?: { message: string }
  'OS-EXT-SRV-ATTR:host'?: string
}

export type Guest = { id: string; name: string; ip: string; host: string }

/** The user data: it proves by a line on the console that the guest ran it. */
const userData = (nonce: string): string =>
  Buffer.from(`#!/bin/sh\necho "user data of $(hostname): ${nonce}"\n`).toString('base64')

export async function createServer(
  tenant: Session,
  wanted: {
    name: string
    imageId: string
    flavorId: string
    networkId: string
    keyName: string
    nonce: string
  },
): Promise<string> {
  const { server } = await tenant.call<{ server: { id: string } }>('compute', 'POST', '/servers', {
    server: {
      name: wanted.name,
      imageRef: wanted.imageId,
      flavorRef: wanted.flavorId,
      networks: [{ uuid: wanted.networkId }],
      key_name: wanted.keyName,
      user_data: userData(wanted.nonce),
    },
  })
  return server.id
}

const getServer = async (session: Session, id: string): Promise<Server> =>
  (await session.call<{ server: Server }>('compute', 'GET', `/servers/${id}`)).server

/** @throws CommandError with the fault when it ends in ERROR */
export async function untilActive(tenant: Session, id: string, timeoutMs: number): Promise<Server> {
  let status = ''
  return eventually(
    `server ${id} to become ACTIVE`,
    timeoutMs,
    async () => {
      const server = await getServer(tenant, id)
      status = server.status
      if (status === 'ERROR')
        throw new CommandError(`server ${server.name}: ${server.fault?.message ?? 'ERROR'}`)
      return status === 'ACTIVE' ? server : undefined
    },
    () => `(it is ${status})`,
  )
}

/** Which host a server runs on is only told to the administrator. */
export async function guestOf(admin: Session, id: string): Promise<Guest> {
  const server = await getServer(admin, id)
  const ip = Object.values(server.addresses)[0]?.[0]?.addr
  const host = server['OS-EXT-SRV-ATTR:host']
  if (!ip || !host) throw new CommandError(`server ${server.name} has no ${ip ? 'host' : 'address'}`)
  return { id, name: server.name, ip, host }
}

export async function consoleOf(tenant: Session, id: string): Promise<string> {
  const { output } = await tenant.call<{ output: string }>('compute', 'POST', `/servers/${id}/action`, {
    'os-getConsoleOutput': { length: 200 },
  })
  return output
}

/** Waits for a line on the guest's console, read through the API. */
export async function untilConsoleSays(
  tenant: Session,
  guest: Guest,
  line: RegExp,
  timeoutMs: number,
): Promise<string> {
  let last = ''
  return eventually(
    `${line} on the console of ${guest.name}`,
    timeoutMs,
    async () => {
      last = await consoleOf(tenant, guest.id)
      return line.exec(last)?.[0]
    },
    () => `; its last lines:\n${last.trimEnd().split('\n').slice(-10).join('\n')}`,
  )
}

export async function untilGone(tenant: Session, id: string, timeoutMs: number): Promise<void> {
  await eventually(`server ${id} to be gone`, timeoutMs, async () => {
    try {
      await getServer(tenant, id)
      return undefined
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return true
      throw error
    }
  })
}
