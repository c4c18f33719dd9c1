import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/** Everything below ends with it: the namespaces hold nothing but its processes. */
const inNamespaces = async (script: string): Promise<string> => {
  const prepare = 'mount -t sysfs sysfs /sys && mount -t tmpfs run /run && ip link set lo up && exec "$@"'
  const unshare = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  const command = [...unshare, 'sh', '-c', prepare, 'sh', process.execPath, join(import.meta.dirname, script)]
  const { stdout } = await promisify(execFile)('unshare', command, { timeout: 100_000 })
  return stdout
}

test('metadata networks and ports on a real Open vSwitch', { timeout: 120_000 }, async () => {
  expect((await inNamespaces('host/ovn-network.ts')).trim().split('\n')).toEqual([
    'served',
    'the next process takes over what is there',
    'what is remembered is served, and nothing is taken away for it',
    'namespace made anew',
    'wire made anew',
    'a wiped switch gets its ports back, running guests too',
    'changed addresses and MTU',
    'a port that outlived its guest goes',
    'nothing of ours is left, nothing of others is touched',
  ])
})
