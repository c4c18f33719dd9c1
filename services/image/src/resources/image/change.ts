/** What users say of an image: from the words of the API to columns, and what changes are possible. Pure. */
import { errors } from '../../errors.ts'
import type { Change, Dialect } from './patch.ts'
import {
  type Attributes,
  type CreateImage,
  isAttribute,
  isReserved,
  MAX_PROPERTIES,
  MAX_TAGS,
  PropertyName,
  PropertyValue,
  readOnly,
} from './schema.ts'
import type { Image, ImageWords } from './store.ts'

const columns = {
  name: 'name',
  visibility: 'visibility',
  protected: 'is_protected',
  os_hidden: 'is_hidden',
  owner: 'owner',
  container_format: 'container_format',
  disk_format: 'disk_format',
  min_disk: 'min_disk_gb',
  min_ram: 'min_ram_mb',
  tags: 'tags',
} as const satisfies Record<keyof Attributes, keyof ImageWords>

/** @throws Problem 400 or 403; `owner` is the project of the caller, unless the body names another */
export function wordsOf(body: CreateImage, owner: string | null): ImageWords {
  const words: ImageWords = {
    name: null,
    owner,
    visibility: 'shared',
    is_hidden: false,
    is_protected: false,
    is_deactivated: false,
    container_format: null,
    disk_format: null,
    min_disk_gb: 0,
    min_ram_mb: 0,
    properties: {},
    tags: [],
  }
  const properties: [string, string][] = []
  for (const [name, value] of Object.entries(body)) {
    if (name === 'id') continue
    if (readOnly.includes(name)) throw errors.readOnly(name)
    if (isReserved(name) || name === 'locations') throw errors.reserved(name)
    if (isAttribute(name)) Object.assign(words, { [columns[name]]: value })
    else properties.push([checkName(name), checkText(name, value)])
  }
  return bounded({ ...words, properties: Object.fromEntries(properties) })
}

function checkName(name: string): string {
  if (PropertyName.safeParse(name).success) return name
  throw errors.badRequest('Custom property should not be greater than 255 characters.')
}

function checkText(name: string, value: unknown): string {
  const parsed = PropertyValue.safeParse(value)
  if (parsed.success) return parsed.data
  throw errors.doesNotMatchSchema(`${name}: ${parsed.error.issues[0]?.message}`)
}

/** Applies the operations one after the other. @throws Problem 403 or 409 for one that the image does not allow */
export function changed(image: Image, changes: readonly Change[], dialect: Dialect): Partial<ImageWords> {
  const words: Partial<ImageWords> = {}
  const properties = new Map(Object.entries(image.properties))
  for (const change of changes) {
    if (isAttribute(change.name)) setAttribute(image, words, change.name, change, dialect)
    else setProperty(properties, change, dialect)
  }
  return bounded({ ...words, properties: Object.fromEntries(properties) })
}

function setAttribute(
  image: Image,
  words: Partial<ImageWords>,
  name: keyof Attributes,
  change: Change,
  dialect: Dialect,
): void {
  if (change.op === 'remove') throw errors.notRemovable(name)
  if (change.op === 'add' && dialect === '2.0') throw errors.propertyPresent(name)
  const isFormat = name === 'container_format' || name === 'disk_format'
  if (isFormat && image.status !== 'queued') throw errors.formatFixed(name)
  Object.assign(words, { [columns[name]]: change.value })
}

function setProperty(properties: Map<string, string>, change: Change, dialect: Dialect): void {
  const present = properties.has(change.name)
  if (change.op === 'add' && present && dialect === '2.0') throw errors.propertyPresent(change.name)
  if (change.op !== 'add' && !present) throw errors.propertyMissing(change.name)
  if (change.op === 'remove') properties.delete(change.name)
  else properties.set(change.name, String(change.value))
}

/** Tags are a set; both kinds of free-form data have a limit (413 as in Glance). */
function bounded<W extends Partial<ImageWords>>(words: W): W {
  if (words.properties && Object.keys(words.properties).length > MAX_PROPERTIES)
    throw errors.quota('properties of an image', MAX_PROPERTIES)
  if (!words.tags) return words
  const tags = [...new Set(words.tags)]
  if (tags.length > MAX_TAGS) throw errors.quota('tags of an image', MAX_TAGS)
  return { ...words, tags }
}
