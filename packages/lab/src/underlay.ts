import { run, tryRun } from './command.ts'
import type { Instance } from './instance.ts'

/** The bridge with this machine's address on it. Safe to repeat; needed before anything else of the lab starts. */
export async function ensureUnderlay({ underlay }: Instance): Promise<void> {
  const { bridge, gateway } = underlay
  if ((await tryRun(['ip', 'link', 'show', bridge])) === null) {
    await run(['ip', 'link', 'add', bridge, 'type', 'bridge', 'mcast_snooping', '0'])
  }
  await run(['ip', 'address', 'replace', `${gateway}/24`, 'dev', bridge])
  await run(['ip', 'link', 'set', bridge, 'up'])
}
