import { viewTime } from '../compute-service/view.ts'
import type { Aggregate } from './store.ts'

/** `uuid` appears with 2.41. The answer to a create knows no hosts and metadata yet. */
export const viewCreatedAggregate = (row: Aggregate, microversion: number) => ({
  id: row.id,
  ...(microversion >= 41 ? { uuid: row.uuid } : {}),
  name: row.name,
  availability_zone: row.availability_zone,
  created_at: viewTime(row.created_at),
  updated_at: viewTime(row.updated_at),
  deleted: false,
  deleted_at: null,
})

export const viewAggregate = (row: Aggregate, microversion: number) => ({
  ...viewCreatedAggregate(row, microversion),
  hosts: row.hosts,
  metadata: {
    ...row.metadata,
    ...(row.availability_zone === null ? {} : { availability_zone: row.availability_zone }),
  },
})
