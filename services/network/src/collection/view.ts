import { isoSeconds } from '@caelum/kernel'

interface Standard {
  project_id: string
  tags: string[]
  generation: number
  created_at: Date
  updated_at: Date
}

/** What every answer ends with: standard-attr-* and project-id. */
export const viewStandard = (row: Omit<Standard, 'tags'> & { tags?: string[] }) => ({
  project_id: row.project_id,
  tenant_id: row.project_id,
  ...(row.tags ? { tags: row.tags } : {}),
  created_at: isoSeconds(row.created_at),
  updated_at: isoSeconds(row.updated_at),
  revision_number: row.generation,
})
