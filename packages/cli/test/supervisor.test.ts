import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openInstance } from '@caelum/lab'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Location, locate, makeFolders } from '../src/instance/location.ts'
import { takeDown } from '../src/instance/take-down.ts'
import { supervisorStatus } from '../src/supervisor/control-client.ts'
import { identify, markedProcesses, processMark, SUPERVISOR_UNIT } from '../src/supervisor/process-table.ts'
import { Supervisor } from '../src/supervisor/supervisor.ts'
import type { Unit } from '../src/supervisor/unit.ts'
import { answeringUnit, dummyUnit, dummyUnits, startsOf } from './dummy-units.ts'

let folder: string
let location: Location
let supervisor: Supervisor | undefined
let notes: string[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caelum-cli-'))
  location = locate(join(folder, 'data'))
  await openInstance(location.dataDir, { ephemeral: true })
  await makeFolders(location)
})

afterEach(async () => {
  await supervisor?.stop()
  supervisor = undefined
  await takeDown(location)
  rmSync(folder, { recursive: true })
})

async function supervise(units: Unit[], patienceMs?: number): Promise<Supervisor> {
  notes = []
  const note = (...words: unknown[]) => notes.push(words.join(' '))
  supervisor = new Supervisor(location, note, patienceMs)
  await supervisor.apply(units)
  return supervisor
}

const stateOf = (name: string) => supervisor?.status().find(unit => unit.name === name)

async function allReady(): Promise<void> {
  await expect
    .poll(() => supervisor?.status().map(unit => unit.state), { timeout: 10_000, interval: 20 })
    .toSatisfy((states: string[]) => states.every(state => state === 'ready'))
}

test('units start in order of what they depend on and end the other way round', async () => {
  await supervise(dummyUnits(folder, ['first', 'second', 'third']))
  await allReady()
  const born = ['first', 'second', 'third'].map(name => Date.parse(stateOf(name)?.started_at ?? ''))
  expect(born).toEqual([...born].sort((a, b) => a - b))
  await supervisor!.stop()
  expect(readFileSync(join(folder, 'ends'), 'utf8')).toBe('third\nsecond\nfirst\n')
  expect(markedProcesses(location.id)).toEqual([])
})

test('a step runs once, and what depends on it waits for it', async () => {
  let runs = 0
  const step: Unit = {
    name: 'step',
    after: [],
    prepare: async () => {
      runs += 1
      if (runs === 1) throw new Error('not yet')
      expect(startsOf(folder, 'later')).toEqual([])
    },
  }
  await supervise([step, dummyUnit(folder, 'later', ['step'])])
  await allReady()
  expect(runs).toBe(2)
  expect(stateOf('step')).toMatchObject({ kind: 'step', restarts: 1, last_error: 'not yet' })
})

test('a process that is killed or ends is started again, its log kept', async () => {
  await supervise([dummyUnit(folder, 'one')])
  await allReady()
  process.kill(startsOf(folder, 'one')[0]!, 'SIGKILL')
  await expect.poll(() => startsOf(folder, 'one').length, { timeout: 5_000 }).toBe(2)
  await allReady()
  expect(stateOf('one')).toMatchObject({ restarts: 1, last_error: expect.stringContaining('SIGKILL') })
  expect(readFileSync(stateOf('one')!.log, 'utf8')).toBe('one started\none started\n')
})

test('one that keeps failing says why and does not stop the others', async () => {
  await supervise([dummyUnit(folder, 'bad', [], '1'), dummyUnit(folder, 'good')])
  await expect.poll(() => stateOf('bad')?.restarts, { timeout: 10_000 }).toBeGreaterThan(2)
  expect(stateOf('bad')?.last_error).toMatch(/bad ended: exit status 7; see .*bad\.log/)
  expect(stateOf('good')?.state).toBe('ready')
})

test('one that hangs is killed and started again, and it is said why', async () => {
  await supervise([answeringUnit(folder, 'one'), answeringUnit(folder, 'other')], 1_000)
  await allReady()
  process.kill(startsOf(folder, 'one')[0]!, 'SIGSTOP')
  await expect.poll(() => startsOf(folder, 'one').length, { timeout: 30_000 }).toBe(2)
  await allReady()
  expect(identify(startsOf(folder, 'one')[0]!)).toBeUndefined()
  const why = 'one did not answer for 1.0 s and was killed'
  expect(stateOf('one')).toMatchObject({ restarts: 1, last_error: expect.stringContaining(why) })
  expect(notes.filter(line => line.includes(why))).toHaveLength(1)
  expect(startsOf(folder, 'other')).toHaveLength(1)
})

test('one whose place was taken is left alone for long, until somebody asks for it anew', async () => {
  const displaced = { status: 7, why: 'another one is at it' }
  const units = [{ ...dummyUnit(folder, 'older', [], '1'), displaced }]
  await supervise(units)
  await expect.poll(() => stateOf('older')?.state, { timeout: 10_000 }).toBe('failing')
  expect(stateOf('older')).toMatchObject({ restarts: 1, last_error: 'older ended: another one is at it' })
  expect(notes.at(-1)).toBe('older failing older ended: another one is at it; next try in 60000 ms')
  expect(startsOf(folder, 'older')).toHaveLength(1)
  await supervisor!.apply(units)
  await expect.poll(() => startsOf(folder, 'older').length, { timeout: 5_000 }).toBe(2)
})

test('a program that does not exist is an error of that unit alone', async () => {
  const missing: Unit = {
    name: 'missing',
    after: [],
    process: () => ({ name: 'missing', argv: ['/no/such/program'], ready: async () => true }),
  }
  await supervise([missing])
  await expect.poll(() => stateOf('missing')?.last_error, { timeout: 5_000 }).toMatch(/ENOENT/)
  expect(stateOf('missing')?.state).not.toBe('ready')
})

test('apply starts what is new, stops what is not wanted any more, and leaves the rest alone', async () => {
  await supervise([dummyUnit(folder, 'stays'), dummyUnit(folder, 'goes')])
  await allReady()
  await supervisor!.apply([dummyUnit(folder, 'stays'), dummyUnit(folder, 'comes')])
  await allReady()
  expect(supervisor!.status().map(unit => unit.name)).toEqual(['stays', 'comes'])
  expect(startsOf(folder, 'stays')).toHaveLength(1)
  expect(identify(startsOf(folder, 'goes')[0]!)).toBeUndefined()
})

test('apply spares the programs that the supervisor itself runs, and ends what nobody wants', async () => {
  const run = (unit: string) =>
    spawn('sleep', ['60'], { env: { ...process.env, ...processMark(location.id, unit) }, stdio: 'ignore' })
  const [helper, leftover] = [run(SUPERVISOR_UNIT), run('of-an-older-plan')]
  await supervise([dummyUnit(folder, 'one')])
  await expect.poll(() => leftover.signalCode).toBe('SIGTERM')
  expect(identify(helper.pid!)?.pid).toBe(helper.pid)
})

async function killedSupervisor(names: string[]): Promise<void> {
  const child: ChildProcess = spawn(
    process.execPath,
    [new URL('./supervisor-process.ts', import.meta.url).pathname, location.dataDir, folder, ...names],
    { stdio: 'ignore' },
  )
  await expect
    .poll(async () => (await supervisorStatus(location.controlSocket))?.units.map(unit => unit.state), {
      timeout: 10_000,
    })
    .toEqual(names.map(() => 'ready'))
  child.kill('SIGKILL')
  await once(child, 'exit')
}

test('after kill -9 of the supervisor the processes go on, and the next one takes them over', async () => {
  await killedSupervisor(['first', 'second'])
  const before = [...startsOf(folder, 'first'), ...startsOf(folder, 'second')]
  expect(before.map(pid => identify(pid)?.pid)).toEqual(before)

  await supervise(dummyUnits(folder, ['first', 'second']))
  await allReady()
  expect([...startsOf(folder, 'first'), ...startsOf(folder, 'second')]).toEqual(before)

  process.kill(before[0]!, 'SIGKILL')
  await expect.poll(() => startsOf(folder, 'first').length, { timeout: 5_000 }).toBe(2)
})

test('a process without a record is ended before another one is started', async () => {
  await killedSupervisor(['first'])
  rmSync(location.stateFile)
  await supervise([dummyUnit(folder, 'first')])
  await expect.poll(() => startsOf(folder, 'first').length, { timeout: 5_000 }).toBe(2)
  const [old, fresh] = startsOf(folder, 'first')
  expect(identify(old!)).toBeUndefined()
  expect(markedProcesses(location.id).map(process => process.pid)).toEqual([fresh])
})

test('a process that runs with another command line is replaced', async () => {
  await killedSupervisor(['first'])
  await supervise([dummyUnit(folder, 'first', [], '600000')])
  await expect.poll(() => startsOf(folder, 'first').length, { timeout: 5_000 }).toBe(2)
  expect(identify(startsOf(folder, 'first')[0]!)).toBeUndefined()
})

test('down after a crash ends everything, with or without records', async () => {
  await killedSupervisor(['first', 'second'])
  rmSync(location.stateFile)
  expect(await takeDown(location)).toBe(true)
  expect(markedProcesses(location.id)).toEqual([])
  expect(existsSync(location.runDir)).toBe(false)
  expect(await takeDown(location)).toBe(false)
})
