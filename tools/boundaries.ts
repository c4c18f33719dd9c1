/**
 * Who may import whom, and what else every source file keeps to: a table of rules. Each rule says what
 * breaks it; `node tools/boundaries.ts` lists all breaches and exits 1 if there are any. Imports are read from the
 * text, and `import type` is told apart: a type is gone at run time.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

export interface Import {
  /** as written */
  specifier: string
  /** path from the root of the repository for a relative import, else the specifier */
  target: string
  typeOnly: boolean
  line: number
}

export interface Source {
  /** from the root of the repository */
  path: string
  text: string
  imports: Import[]
}

export type Tree = ReadonlyMap<string, Source>

interface Rule {
  name: string
  /** what to do instead */
  instead: string
  breaches(source: Source, tree: Tree): Import[]
}

const STATEMENT =
  /^[ \t]*(?:import|export)\b(?<kind>\s+type\b)?(?:[^'";]*?\bfrom)?\s*['"](?<from>[^'"\n]+)['"]|\bimport\(\s*['"](?<dynamic>[^'"\n]+)['"]/gm

export function sourceOf(path: string, text: string): Source {
  const imports = [...text.matchAll(STATEMENT)].map(match => {
    const { kind, from, dynamic } = match.groups ?? {}
    const specifier = from ?? dynamic ?? ''
    return {
      specifier,
      target: specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : specifier,
      typeOnly: kind !== undefined,
      line: text.slice(0, match.index + match[0].length).split('\n').length,
    }
  })
  return { path, text, imports }
}

export const treeOf = (files: Readonly<Record<string, string>>): Tree =>
  new Map(Object.entries(files).map(([path, text]) => [path, sourceOf(path, text)]))

/** `services/compute` of `services/compute/src/app.ts`. */
const unitOf = (path: string): string => path.split('/').slice(0, 2).join('/')

const isService = (path: string) => path.startsWith('services/')
const isPackage = (path: string) => path.startsWith('packages/')
const isProduct = (path: string) => /^(services|packages)\/[^/]+\/src\//.test(path)
const isRelative = (i: Import) => i.target !== i.specifier

/** Names of the workspace's services, as others would import them. */
const serviceNames = (tree: Tree): Set<string> =>
  new Set([...tree.keys()].filter(isService).map(path => `@caelum/${path.split('/')[1]}`))

const bareName = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

const RESOURCE = /^(services\/[^/]+\/src\/resources\/[^/]+)\/(.+)\.ts$/
const STORE = /(^|\/|-)store\.ts$/

const isDatabase = (i: Import) =>
  /\/generated\//.test(i.target) || ['pg', '@prisma/client'].includes(bareName(i.specifier))

/** What a pure function may need at run time. */
const PURE = new Set(['zod', 'node:crypto', 'node:util', '@caelum/kernel', '@caelum/agent-protocol'])

/** The runtime imports of a source that leave what is pure, through its relative imports too. */
function impure(source: Source, tree: Tree, seen = new Set<string>()): Import[] {
  seen.add(source.path)
  return source.imports.filter(i => {
    if (i.typeOnly) return false
    if (!isRelative(i)) return !PURE.has(i.specifier)
    if (STORE.test(i.target) || isDatabase(i)) return true
    const next = tree.get(i.target)
    return next !== undefined && !seen.has(i.target) && impure(next, tree, seen).length > 0
  })
}

const ENVIRONMENT_READERS =
  /\/config\.ts$|^packages\/(cli|lab|testkit)\/|^packages\/reconcile\/src\/crash\.ts$/

/** Imports that leave their service or package by path, or name a service. */
const trespasses = (source: Source, tree: Tree): Import[] =>
  source.imports.filter(i =>
    isRelative(i) ? unitOf(i.target) !== unitOf(source.path) : serviceNames(tree).has(bareName(i.specifier)),
  )

const places = (source: Source, pattern: RegExp): Import[] =>
  [...source.text.matchAll(pattern)].map(match => ({
    specifier: match[0],
    target: match[0],
    typeOnly: false,
    line: source.text.slice(0, match.index).split('\n').length,
  }))

export const RULES: readonly Rule[] = [
  {
    name: 'a service imports packages, never another service',
    instead: 'call it over HTTP through @caelum/clients, or move what both need into a package',
    breaches: (source, tree) => (isService(source.path) ? trespasses(source, tree) : []),
  },
  {
    name: 'a package imports no service, and another package only by its name',
    instead: 'turn the dependency round: the service hands in what the package needs',
    breaches: (source, tree) => (isPackage(source.path) ? trespasses(source, tree) : []),
  },
  {
    name: 'a resource uses no store, routes or reconciler of another resource',
    instead: 'use its service or state, or let deps.ts hand in what is needed; only stores join stores',
    breaches: source => {
      const own = RESOURCE.exec(source.path)?.[1]
      if (!own) return []
      return source.imports.filter(i => {
        const other = RESOURCE.exec(i.target)
        if (!other || other[1] === own || i.typeOnly) return false
        if (STORE.test(i.target)) return !STORE.test(source.path)
        return /^(routes|reconcile|actions\/.+)$/.test(other[2] ?? '')
      })
    },
  },
  {
    name: 'in a service only stores know the database',
    instead: 'put the query into the store of its resource; deps.ts opens the client',
    breaches: source =>
      isService(source.path) &&
      isProduct(source.path) &&
      !STORE.test(source.path) &&
      !/\/deps\.ts$/.test(source.path) &&
      !/\/generated\//.test(source.path)
        ? source.imports.filter(isDatabase)
        : [],
  },
  {
    name: 'only config.ts reads the environment',
    instead: 'add a key to the config object and hand the value down',
    breaches: source => {
      if (!isProduct(source.path) || ENVIRONMENT_READERS.test(source.path)) return []
      return places(source, /\bprocess\s*\.\s*env\b|\benv\b[^\n]*from 'node:process'/g)
    },
  },
  {
    name: 'a statement names the columns it answers with',
    instead: 'allColumns of @caelum/db: with a bare * a prepared statement fails after a migration',
    breaches: source =>
      isProduct(source.path) && !/\/generated\//.test(source.path)
        ? places(source, /(?<!\()\bselect (\*|[a-z]+\.\*)/g)
        : [],
  },
  {
    name: 'state.ts decides and does nothing else',
    instead: 'hand the facts in as arguments; I/O belongs to store.ts and reconcile.ts',
    breaches: (source, tree) => (/\/state\.ts$/.test(source.path) ? impure(source, tree) : []),
  },
]

export interface Breach {
  rule: string
  instead: string
  where: string
  imports: string
}

export const breachesOf = (tree: Tree): Breach[] =>
  RULES.flatMap(rule =>
    [...tree.values()].flatMap(source =>
      rule.breaches(source, tree).map(found => ({
        rule: rule.name,
        instead: rule.instead,
        where: `${source.path}:${found.line}`,
        imports: found.specifier,
      })),
    ),
  )

/** Every source file that git knows or would add. */
function readTree(root: string): Tree {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', 'services', 'packages'], {
    cwd: root,
    encoding: 'utf8',
  })
  const paths = listed.split('\n').filter(path => /\.tsx?$/.test(path) && existsSync(join(root, path)))
  return new Map(paths.map(path => [path, sourceOf(path, readFileSync(join(root, path), 'utf8'))]))
}

if (import.meta.main) {
  const breaches = breachesOf(readTree(join(import.meta.dirname, '..')))
  for (const { rule, instead, where, imports } of breaches)
    console.error(`${where}: ${imports}\n  ${rule}: ${instead}`)
  process.exit(breaches.length > 0 ? 1 : 0)
}
