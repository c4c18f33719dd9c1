import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, CommandError, parseOptions, positiveInteger } from '../command.ts'
import { DATA_OPTION, locationFrom } from '../instance/data-option.ts'
import { logFiles } from '../instance/log-files.ts'

const TAIL_WINDOW_BYTES = 256 << 10
const FOLLOW_LOOK_MS = 200

type Followed = { name: string; path: string; offset: number; rest: string }

function readFrom(path: string, offset: number, length: number): string {
  const buffer = Buffer.alloc(length)
  const file = openSync(path, 'r')
  try {
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, length, offset))
  } finally {
    closeSync(file)
  }
}

/** Prints whole lines that were added since the last look; a file that shrank was rotated and starts anew. */
function printNew(log: Followed, prefix: string): void {
  const size = statSync(log.path).size
  if (size < log.offset) Object.assign(log, { offset: 0, rest: '' })
  if (size === log.offset) return
  const lines = (log.rest + readFrom(log.path, log.offset, size - log.offset)).split('\n')
  log.offset = size
  log.rest = lines.pop() ?? ''
  for (const line of lines) console.log(`${prefix}${line}`)
}

export const logs: Command = async args => {
  const { values, positionals } = parseOptions('logs', args, {
    allowPositionals: true,
    options: {
      ...DATA_OPTION,
      follow: { type: 'boolean', short: 'f' },
      lines: { type: 'string', short: 'n' },
    },
  })
  const location = locationFrom(values.data)
  const count = positiveInteger(values.lines ?? '50', '--lines', 100_000)
  const files = logFiles(location)
  const names = [...files.keys()]
  const unknown = positionals.find(name => !files.has(name))
  if (unknown || names.length === 0)
    throw new CommandError(
      unknown
        ? `no log of '${unknown}'; there are: ${names.join(', ') || 'none'}`
        : `no logs in ${location.logDir}`,
      names.length === 0 ? 'caelum up' : undefined,
    )
  // what runs inside hosts is told when it is asked for
  const wanted = positionals.length > 0 ? positionals : names.filter(name => !name.includes('/'))
  const width = Math.max(...wanted.map(name => name.length))
  const prefixOf = (name: string) => (wanted.length > 1 ? `${name.padEnd(width)} | ` : '')
  const followed = wanted.map((name): Followed => {
    const path = files.get(name)!
    const size = statSync(path).size
    const from = Math.max(0, size - TAIL_WINDOW_BYTES)
    const text = readFrom(path, from, size - from).trimEnd()
    if (text) for (const line of text.split('\n').slice(-count)) console.log(`${prefixOf(name)}${line}`)
    return { name, path, offset: size, rest: '' }
  })
  while (values.follow) {
    for (const log of followed) printNew(log, prefixOf(log.name))
    await sleep(FOLLOW_LOOK_MS)
  }
  return 0
}
