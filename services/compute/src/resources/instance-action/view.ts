import { can } from '@caelum/http'
import type { Ctx } from '@caelum/kernel'
import { policy } from '../../policy.ts'
import { viewTime } from '../compute-service/view.ts'
import type { InstanceAction } from './store.ts'

/** `updated_at` appears with 2.58 (nova/api/openstack/compute/instance_actions.py). */
export const viewAction = (row: InstanceAction, microversion: number) => ({
  action: row.action,
  instance_uuid: row.server_id,
  request_id: row.request_id,
  user_id: row.user_id,
  project_id: row.project_id,
  start_time: viewTime(row.started_at),
  message: row.message,
  ...(microversion >= 58 ? { updated_at: viewTime(row.updated_at) } : {}),
})

/** Events are for administrators, from 2.51 on for everybody; none are kept: want and seen tell the progress. */
export const viewActionShown = (ctx: Ctx, row: InstanceAction) => ({
  ...viewAction(row, ctx.microversion),
  ...(ctx.microversion >= 51 || can(policy, ctx, 'compute:instance_actions:events') ? { events: [] } : {}),
})
