import { readdir, readFile, rm } from 'node:fs/promises'
import { findCgroups, removeCgroup } from './cgroup.ts'
import { tryRun } from './command.ts'
import { cgroupOf, INSTANCE_MARK, type Instance, readRecord, runDirOf } from './instance.ts'
import { until } from './poll.ts'

/*
 * Ends an instance on this machine whatever state it was left in. It needs no memory of what was started: processes are
 * known by the mark in their environment, interfaces and cgroups by their names. Mounts and network namespaces go with
 * the processes that hold them. The data folder is not touched.
 */

/** Everything of this instance that the machine still has: hosts, OVN, interfaces, cgroups, and its `runDir`. */
export async function removeInstance(id: string): Promise<void> {
  await until(`no process of instance ${id}`, () => killAll(id), 15_000)
  for (const name of await interfaces()) {
    if (interfaceOf(name) === id) await tryRun(['ip', 'link', 'delete', name])
  }
  await until(
    `no cgroup of instance ${id}`,
    () =>
      removeCgroup(cgroupOf(id)).then(
        () => true,
        () => false,
      ),
    10_000,
  )
  await rm(runDirOf(id), { recursive: true, force: true })
}

/**
 * Removes what dead instances left behind, and returns their ids. Dead is: the data folder is gone, or it was opened as
 * ephemeral by a process that has ended. A lasting instance whose supervisor died is alive: its hosts run on. One that
 * runs but has no record is not ours to judge: it belongs to somebody with another /run (a container that shares this
 * machine's processes and network).
 */
export async function sweepDeadInstances(): Promise<string[]> {
  const dead: string[] = []
  for (const id of await instancesHere()) {
    const record = await readRecord(id)
    if (record === null ? (await processesOf({ id })).length > 0 : record.alive) continue
    await removeInstance(id)
    dead.push(id)
  }
  return dead
}

/** Ids of all instances that this machine has any trace of. */
async function instancesHere(): Promise<Set<string>> {
  const ids = new Set<string>()
  const known = /^caelum-([0-9a-f]{6})$/
  for (const name of await readdir('/run')) ids.add(known.exec(name)?.[1] ?? '')
  for (const name of await findCgroups(group => known.test(group))) ids.add(known.exec(name)![1]!)
  for (const name of await interfaces()) ids.add(interfaceOf(name) ?? '')
  ids.delete('')
  return ids
}

export type InstanceProcess = { pid: number; name: string }

/** Processes that carry the instance's mark, inside its hosts too. */
export async function processesOf({ id }: Pick<Instance, 'id'>): Promise<InstanceProcess[]> {
  const found: InstanceProcess[] = []
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue
    const environment = await readFile(`/proc/${entry}/environ`, 'utf8').catch(() => '')
    if (!environment.split('\0').includes(`${INSTANCE_MARK}=${id}`)) continue
    const name = await readFile(`/proc/${entry}/comm`, 'utf8').catch(() => null)
    if (name !== null) found.push({ pid: Number(entry), name: name.trim() })
  }
  return found
}

/** One round; true when there was nobody left. Killing a host's PID 1 also ends those in it that lost the mark. */
async function killAll(id: string): Promise<boolean> {
  const processes = await processesOf({ id })
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  return processes.length === 0
}

const interfaces = () => readdir('/sys/class/net')
const interfaceOf = (name: string) => /^cl([0-9a-f]{6})(br|h\d+)$/.exec(name)?.[1]
