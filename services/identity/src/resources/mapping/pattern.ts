/** The two little languages inside a mapping: regular expressions as Python writes them, and `{0}`. */

/** Python's words for two things that JavaScript says otherwise are understood. Null: not a regular expression. */
export function compile(pattern: string): RegExp | null {
  const [, insensitive, rest = ''] = /^(\(\?i\))?([\s\S]*)$/.exec(pattern) ?? []
  try {
    return new RegExp(rest.replaceAll('(?P<', '(?<'), insensitive ? 'i' : '')
  } catch {
    return null
  }
}

/** Requirements whose values go into the local side, in the order of their placeholders. */
export const directOf = <R extends object>(remote: readonly R[]): R[] =>
  remote.filter(it => !('any_one_of' in it) && !('not_any_of' in it))

const PLACEHOLDER = /\{\{|\}\}|\{(\d+)\}/g

/** Every number in braces, in any text of it. */
export function placeholdersOf(value: unknown): number[] {
  if (typeof value === 'string')
    return [...value.matchAll(PLACEHOLDER)].flatMap(([, index]) => (index === undefined ? [] : [+index]))
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(placeholdersOf) : []
}

/** Null: an attribute it needs has no value. */
export function fill(template: string, values: readonly (readonly string[])[]): string | null {
  if (placeholdersOf(template).some(index => !values[index]?.length)) return null
  return template.replace(PLACEHOLDER, (found, index?: string) =>
    index === undefined ? found.slice(1) : (values[Number(index)]?.join(';') ?? ''),
  )
}

/** As many texts as the one attribute that it names has values. */
export function fillEach(template: string, values: readonly (readonly string[])[]): string[] {
  const [index, ...others] = [...new Set(placeholdersOf(template))]
  if (index === undefined || others.length > 0) {
    const filled = fill(template, values)
    return filled === null ? [] : [filled]
  }
  return (values[index] ?? []).flatMap(value => fill(template, values.with(index, [value])) ?? [])
}
