import { spawn } from 'node:child_process'
import { openInstance } from '@caelum/lab'
import { serverId } from '../client/server-id.ts'
import { planHosts } from '../cloud/hosts.ts'
import { type Command, CommandError, parseOptions } from '../command.ts'
import { adminSession } from '../instance/admin-session.ts'
import { DATA_OPTION, locationFrom } from '../instance/data-option.ts'
import { readSettings } from '../instance/settings.ts'
import { closeDoor, closeForgottenDoors, openDoor, targetOf } from '../ssh/door.ts'

/** the user that the guest image has */
const LOGIN = 'cloud'
/** a guest under emulation may still be booting: ssh tries once a second */
const ATTEMPTS = 90

export const ssh: Command = async args => {
  const [ours, words] = apart(args)
  const { values, positionals } = parseOptions('ssh', ours, {
    allowPositionals: true,
    options: {
      ...DATA_OPTION,
      identity: { type: 'string', short: 'i' },
      login: { type: 'string', short: 'l', default: LOGIN },
    },
  })
  const [server] = positionals
  if (!server) throw new CommandError('which server?', 'caelum ssh SERVER', 2)
  const location = locationFrom(values.data)
  const admin = await adminSession(location)
  const settings = readSettings(location)!
  if (settings.hypervisor === 'sim')
    throw new CommandError('servers of the simulated hypervisor boot nothing that one could log in to')
  const { hosts } = planHosts(await openInstance(location.dataDir), settings)
  await closeForgottenDoors(admin, hosts)
  const target = await targetOf(admin, await serverId(admin, server))
  const host = hosts.get(target.host)
  if (!host) throw new CommandError(`${target.host} is none of this machine's hosts`)

  const interrupted = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupted.abort())
  const { probe, portId } = await openDoor(admin, host, target)
  try {
    const argv = await probe.fromHere(sshArgv(values.login, target.ip, values.identity, words))
    return await withTerminal(argv, interrupted.signal)
  } finally {
    // a new login: the first token may have ended meanwhile
    await closeDoor(await adminSession(location), probe, portId)
  }
}

/** As with ssh itself: what comes after the server and our options is the command, with options of its own. */
function apart(args: string[]): [ours: string[], command: string[]] {
  let serverSeen = false
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!
    if (word === '--') return [args.slice(0, i), args.slice(i + 1)]
    if (/^(-\w|--\w+)$/.test(word))
      i++ // its value; each of our options has one
    else if (!word.startsWith('-')) {
      if (serverSeen) return [args.slice(0, i), args.slice(i)]
      serverSeen = true
    }
  }
  return [args, []]
}

/** Addresses and host keys of tenant networks come and go: a key that is remembered would only be in the way. */
const sshArgv = (user: string, ip: string, identity: string | undefined, words: string[]): string[] => [
  'ssh',
  ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'],
  ...['-o', 'ConnectTimeout=5', '-o', `ConnectionAttempts=${ATTEMPTS}`],
  ...(identity === undefined ? [] : ['-i', identity, '-o', 'IdentitiesOnly=yes']),
  `${user}@${ip}`,
  ...words,
]

/** @returns the exit status, as a shell would give it */
function withTerminal(argv: readonly string[], signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve(130)
    const child = spawn(argv[0]!, argv.slice(1), { stdio: 'inherit' })
    signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
    child.once('error', reject)
    child.once('close', code => resolve(code ?? 130))
  })
}
