import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openInstance } from '@caelum/lab'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Location, locate, makeFolders } from '../src/instance/location.ts'
import { purge, takeDown } from '../src/instance/take-down.ts'
import { askSupervisor, supervisorStatus } from '../src/supervisor/control-client.ts'
import { markedProcesses, processMark, SUPERVISOR_UNIT } from '../src/supervisor/process-table.ts'
import { startsOf } from './dummy-units.ts'

let folder: string
let location: Location

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caelum-cli-'))
  location = locate(join(folder, 'data'))
  await openInstance(location.dataDir, { ephemeral: true })
  await makeFolders(location)
})

afterEach(async () => {
  await takeDown(location)
  rmSync(folder, { recursive: true })
})

/** As `caelum up` starts it, marked. */
function startSupervisor(): ChildProcess {
  return spawn(
    process.execPath,
    [
      new URL('./supervisor-process.ts', import.meta.url).pathname,
      location.dataDir,
      folder,
      'first',
      'second',
    ],
    {
      stdio: 'ignore',
      env: { ...process.env, ...processMark(location.id, SUPERVISOR_UNIT) },
    },
  )
}

async function readySupervisor(): Promise<ChildProcess> {
  const supervisor = startSupervisor()
  await expect
    .poll(() => supervisorStatus(location.controlSocket), { timeout: 10_000 })
    .toMatchObject({
      units: [{ state: 'ready' }, { state: 'ready' }],
    })
  return supervisor
}

test('a second supervisor for the same folder leaves the first one alone', async () => {
  const first = await readySupervisor()
  const second = startSupervisor()
  const [code] = await once(second, 'exit')
  expect(code).toBe(0)
  expect((await supervisorStatus(location.controlSocket))?.pid).toBe(first.pid)
  expect(startsOf(folder, 'first')).toHaveLength(1)
})

test('the control socket tells status, restarts a unit, and says what it does not know', async () => {
  await readySupervisor()
  const before = startsOf(folder, 'second')
  expect(await askSupervisor(location.controlSocket, { op: 'restart', unit: 'second' })).toEqual({ ok: true })
  await expect.poll(() => startsOf(folder, 'second').length, { timeout: 5_000 }).toBe(before.length + 1)
  expect(await askSupervisor(location.controlSocket, { op: 'restart', unit: 'third' })).toMatchObject({
    ok: false,
    error: expect.stringContaining("no 'third'"),
  })
})

test('down asks the supervisor, and everything ends in order', async () => {
  await readySupervisor()
  expect(await takeDown(location)).toBe(true)
  expect(readFileSync(join(folder, 'ends'), 'utf8')).toBe('second\nfirst\n')
  expect(markedProcesses(location.id)).toEqual([])
  expect(await supervisorStatus(location.controlSocket)).toBeUndefined()
})

test('down ends a supervisor that hangs, and what it started', async () => {
  const supervisor = await readySupervisor()
  supervisor.kill('SIGSTOP')
  expect(await takeDown(location)).toBe(true)
  expect(markedProcesses(location.id)).toEqual([])
  await expect.poll(() => supervisor.signalCode).toBe('SIGKILL')
})

test('purge removes a data folder of ours and nothing else', () => {
  expect(() => purge(location)).toThrow(/does not look like/)
  expect(existsSync(location.dataDir)).toBe(true)
})
