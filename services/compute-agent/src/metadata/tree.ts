import { posix } from 'node:path'
import type { WantedVm } from '@caelum/agent-protocol'
import { ec2Item } from './ec2.ts'
import { openstackItem } from './openstack.ts'

/** What is found under a path: a file, or the listing of a folder. */
export interface Leaf {
  type: 'text/plain' | 'application/json'
  body: string | Buffer
}

/**
 * What the guest `vm` finds at `path`; null: nothing. Whatever does not begin with /openstack is EC2's, and a slash at
 * the end makes no difference (nova/api/metadata/base.py, `lookup`).
 */
export function lookUp(vm: WantedVm, path: string, address: string): Leaf | null {
  const parts = posix.normalize(`/${path}`).split('/').filter(Boolean)
  if (parts[0] === 'openstack') return openstackItem(vm, parts.slice(1))
  return ec2Item(vm, parts[0] === 'ec2' ? parts.slice(1) : parts, address)
}
