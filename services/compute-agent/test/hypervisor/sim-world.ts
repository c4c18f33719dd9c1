import { renameSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId, silentLogger } from '@caelum/kernel'
import type { HypervisorDriver } from '../../src/hypervisor/driver.ts'
import { SimDriver } from '../../src/hypervisor/sim/driver.ts'
import type { KnobsInput } from '../../src/hypervisor/sim/knobs.ts'
import { newSimVm, type SimVm } from '../../src/hypervisor/sim/state.ts'
import type { WalkPlan } from './walk.ts'
import type { World } from './world.ts'

export interface SimWorld extends World {
  dataDir: string
  turn(knobs: KnobsInput): void
}

export const makeSimWorld = async (): Promise<SimWorld> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'caelum-sim-'))
  const obedient = { path: join(dataDir, 'image'), format: 'raw' as const }
  const other = { path: join(dataDir, 'other image'), format: 'raw' as const }
  for (const image of [obedient, other]) await writeFile(image.path, '')
  let knobs: KnobsInput = {}
  let driver = new SimDriver({ dataDir, log: silentLogger })

  const turn = (change: KnobsInput): void => {
    knobs = { ...knobs, ...change }
    const path = join(dataDir, 'sim-knobs.json')
    writeFileSync(`${path}.new`, JSON.stringify(knobs))
    renameSync(`${path}.new`, path)
  }
  const vmFile = (id: string) => join(dataDir, 'sim', `${id}.json`)
  const readVm = async (id: string) => JSON.parse(await readFile(vmFile(id), 'utf8')) as SimVm
  const restartAgent = async (): Promise<HypervisorDriver> => {
    await driver.close()
    driver = new SimDriver({ dataDir, log: silentLogger })
    await driver.open()
    return driver
  }

  return {
    dataDir,
    turn,
    restartAgent,
    obedient,
    bootLine: /simulated boot/g,
    nics: [],
    other,
    deaf: async () => {
      turn({ shutdown_ms: null })
      return other
    },
    allObedient: async () => turn({ shutdown_ms: 20 }),
    addForeign: async () => {
      const id = newId()
      const definition = { server_id: 'x', generation: 1, reboots: { soft: 0, hard: 0 } }
      const run = { boot: knobs.boot ?? 0, on_at: 0, off_at: null, off_reason: null }
      const stranger = { ...newSimVm(id), foreign: true, definition, run }
      await mkdir(join(dataDir, 'sim'), { recursive: true })
      await writeFile(vmFile(id), JSON.stringify(stranger))
      return {
        id,
        isUntouched: async () => JSON.stringify(await readVm(id)) === JSON.stringify(stranger),
      }
    },
    powerOff: async id => {
      turn({ power_off: [id] })
      await driver.list()
      turn({ power_off: [] })
    },
    killGuest: async id => {
      turn({ crash: [id] })
      await driver.list()
      turn({ crash: [] })
    },
    hypervisorAway: async () => turn({ up: false }),
    hypervisorBack: async () => turn({ up: true }),
    rebootHost: async () => turn({ boot: (knobs.boot ?? 0) + 1 }),
    walkCommand: vms => {
      const plan: WalkPlan = { kind: 'sim', vms, image: obedient, dataDir }
      const path = join(dataDir, 'walk.json')
      writeFileSync(path, JSON.stringify(plan))
      return { command: process.execPath, args: [join(import.meta.dirname, 'walk.ts'), path] }
    },
    close: async () => {
      await driver.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
