import { readdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'

const ROOT = '/sys/fs/cgroup'

/** Removes a group and all below it from every hierarchy. Its processes must have ended. */
export async function removeCgroup(name: string): Promise<void> {
  for (const hierarchy of await readdir(ROOT).catch(() => [])) await removeTree(join(ROOT, hierarchy, name))
}

/** The names of the top-level groups, in any hierarchy, that `wanted` accepts. */
export async function findCgroups(wanted: (name: string) => boolean): Promise<Set<string>> {
  const found = new Set<string>()
  for (const hierarchy of await readdir(ROOT).catch(() => [])) {
    for (const name of await readdir(join(ROOT, hierarchy)).catch(() => [])) if (wanted(name)) found.add(name)
  }
  return found
}

async function removeTree(group: string): Promise<void> {
  for (const entry of await readdir(group, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await removeTree(join(group, entry.name))
  }
  await rmdir(group).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}
