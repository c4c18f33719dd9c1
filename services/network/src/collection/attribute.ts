import { isUuid } from '@caelum/kernel'
import type { Attribute } from './kind.ts'

/** Matches no row. */
export const NOTHING = { id: { in: [] as string[] } }

export const text = (column: string): Attribute => ({
  column,
  where: values => ({ [column]: { in: values } }),
})

export const uuid = (column: string): Attribute => ({
  column,
  where: values => ({ [column]: { in: values.filter(isUuid) } }),
})

export const integer = (column: string): Attribute => ({
  column,
  where: values => ({
    [column]: { in: values.filter(value => /^-?\d{1,9}$/.test(value)).map(Number) },
  }),
})

export const boolean = (column: string): Attribute => ({
  column,
  where: values => {
    const wanted = values.map(isTrue)
    return wanted.includes(true) && wanted.includes(false) ? {} : { [column]: wanted.includes(true) }
  },
})

/** Filters only where it makes sense to clients; times are for sorting. */
export const time = (column: string): Attribute => ({ column })

/** An attribute whose value is the same in every row. */
export const constant = (matches: (value: string) => boolean): Attribute => ({
  where: values => (values.some(matches) ? {} : NOTHING),
})

/** The words neutron_lib's convert_to_boolean takes for true. */
export const isTrue = (value: string): boolean =>
  ['true', '1', 't', 'y', 'yes', 'on'].includes(value.toLowerCase())

/** What every resource has. */
export const standardAttributes = {
  id: uuid('id'),
  name: text('name'),
  description: text('description'),
  project_id: text('project_id'),
  tenant_id: text('project_id'),
  created_at: time('created_at'),
  updated_at: time('updated_at'),
  revision_number: integer('generation'),
} satisfies Record<string, Attribute>

/** `tags`: all of them; `tags-any`: one of them; the `not-` forms say the opposite (standard-attr-tag). */
export const tagAttributes = {
  tags: { where: (values: string[]) => ({ tags: { hasEvery: listed(values) } }) },
  'tags-any': { where: (values: string[]) => ({ tags: { hasSome: listed(values) } }) },
  'not-tags': { where: (values: string[]) => ({ NOT: { tags: { hasEvery: listed(values) } } }) },
  'not-tags-any': { where: (values: string[]) => ({ NOT: { tags: { hasSome: listed(values) } } }) },
} satisfies Record<string, Attribute>

const listed = (values: string[]): string[] => values.flatMap(value => value.split(','))
