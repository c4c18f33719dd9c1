/**
 * How limits of a domain and of its projects go together (keystone/limit/models). `strict_two_level`: a project's
 * limit is not above its domain's, and a domain has no projects below projects. `flat`: they have nothing to do with
 * each other.
 */
export const MODELS = {
  flat: {
    name: 'flat',
    description: 'Limit enforcement and validation does not take project hierarchy into consideration.',
  },
  strict_two_level: {
    name: 'strict_two_level',
    description: 'This model requires project hierarchy never exceeds a depth of two',
  },
} as const
export type ModelName = keyof typeof MODELS

/** projects one below the other, the domain not counted; Keystone's default of `max_project_tree_depth` for flat */
export const DEEPEST: Readonly<Record<ModelName, number>> = { flat: 5, strict_two_level: 1 }

/** One domain, as it will be, and one registered limit. */
export interface Tree {
  /** null: none of its own, so the default counts */
  domainLimit: number | null
  defaultLimit: number
  /** of the projects that have one */
  projectLimits: readonly number[]
}

const amount = (limit: number) => (limit === -1 ? Number.POSITIVE_INFINITY : limit)

/** Is no project's limit above that of the domain? -1 is above everything. */
export const isStrict = ({ domainLimit, defaultLimit, projectLimits }: Tree): boolean =>
  projectLimits.every(limit => amount(limit) <= amount(domainLimit ?? defaultLimit))
