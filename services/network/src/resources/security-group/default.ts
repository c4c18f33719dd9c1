/**
 * Every project has a group named `default`, made when it is first needed. Its id follows from the project's, so that
 * two requests that make it at once make the same row.
 */
import { childId } from '@caelum/kernel'

const NAMESPACE = '5f0a6f8e-0a3b-4d57-9a6e-3f2f1d0c7b11'

export const DEFAULT_NAME = 'default'

export const defaultGroupId = (projectId: string): string => childId(NAMESPACE, `default/${projectId}`)

export const isDefault = (group: { id: string; project_id: string }): boolean =>
  group.id === defaultGroupId(group.project_id)

interface RuleSeed {
  id: string
  direction: 'ingress' | 'egress'
  ethertype: 'IPv4' | 'IPv6'
  remote_group_id: string | null
}

/** What a new group starts with: everything may go out (neutron/db/securitygroups_db.py). */
export const egressRules = (groupId: string): RuleSeed[] =>
  (['IPv4', 'IPv6'] as const).map(ethertype => ({
    id: childId(groupId, `egress/${ethertype}`),
    direction: 'egress',
    ethertype,
    remote_group_id: null,
  }))

/** The default group also lets its own members in. */
export const defaultRules = (groupId: string): RuleSeed[] => [
  ...egressRules(groupId),
  ...(['IPv4', 'IPv6'] as const).map(
    (ethertype): RuleSeed => ({
      id: childId(groupId, `ingress/${ethertype}`),
      direction: 'ingress',
      ethertype,
      remote_group_id: groupId,
    }),
  ),
]
