import { existsSync, readFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import type { Unit } from '../src/supervisor/unit.ts'

const DUMMY = new URL('./dummy.ts', import.meta.url).pathname
const ANSWERING = new URL('./answering.ts', import.meta.url).pathname

/** The pids that the unit's process had, oldest first. */
export function startsOf(folder: string, name: string): number[] {
  const path = join(folder, `${name}.starts`)
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8').trim().split('\n').map(Number)
}

export const dummyUnit = (folder: string, name: string, after: string[] = [], ...args: string[]): Unit => ({
  name,
  after,
  process: () => ({
    name,
    argv: [process.execPath, DUMMY, folder, name, ...args],
    ready: async () => startsOf(folder, name).length > 0,
  }),
})

/** A chain: each depends on the one before. */
export const dummyUnits = (folder: string, names: string[]): Unit[] =>
  names.map((name, i) => dummyUnit(folder, name, names.slice(Math.max(0, i - 1), i)))

/** A unit whose process answers on a socket for as long as it does anything. */
export const answeringUnit = (folder: string, name: string): Unit => {
  const socket = join(folder, `${name}.sock`)
  return {
    name,
    after: [],
    process: () => ({
      name,
      argv: [process.execPath, ANSWERING, folder, name],
      ready: () => answersOn(socket),
      alive: () => answersOn(socket),
    }),
  }
}

const answersOn = (path: string): Promise<boolean> =>
  new Promise(resolve => {
    const socket = createConnection(path)
    const finish = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.setTimeout(100, () => finish(false))
    socket.once('error', () => finish(false))
    socket.once('data', () => finish(true))
  })
