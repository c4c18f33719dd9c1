/** docker-compose.yml against the code that its containers run; no Docker is needed. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { ROOT } from '../src/cloud/node-program.ts'
import { API_SERVICES } from '../src/instance/services.ts'

const Composition = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string(),
      build: z.object({ target: z.string() }).optional(),
      command: z.array(z.string()).optional(),
      environment: z.record(z.string(), z.coerce.string()).default({}),
      volumes: z.array(z.string()).default([]),
    }),
  ),
  volumes: z.record(z.string(), z.null()),
})

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** `${NAME:-default}` → default, as when .env has only the passwords */
const withDefaults = read('docker-compose.yml').replace(/\$\{\w+:-([^}]*)\}/g, '$1')
const { services, volumes } = Composition.parse(parse(withDefaults, { merge: true }))
const dockerfile = read('Dockerfile')

/** The keys that a config.ts declares; `KEY_FILE` may stand for each. */
const keysOf = (text: string): string[] =>
  [...text.matchAll(/^ {2,4}([A-Z][A-Z_]+):/gm)].map(match => match[1]!)

const notRead = (environment: Record<string, string>, config: string): string[] => {
  const keys = keysOf(config)
  return Object.keys(environment).filter(
    name => !keys.includes(name) && !keys.includes(name.replace(/_FILE$/, '')),
  )
}

test('there is a container for every service and no other of ours', () => {
  const programs = Object.values(services).flatMap(
    ({ command }) => command?.filter(word => /main\.ts$/.test(word)) ?? [],
  )
  expect(programs.sort()).toEqual(
    [...API_SERVICES.map(({ name }) => name), 'gateway'].map(name => `services/${name}/src/main.ts`).sort(),
  )
  for (const program of programs) expect(existsSync(join(ROOT, program)), program).toBe(true)
})

test('every container sets only what its program reads', () => {
  for (const name of [...API_SERVICES.map(service => service.name), 'gateway'])
    expect(notRead(services[name]!.environment, read(`services/${name}/src/config.ts`)), name).toEqual([])
  expect(notRead(services['setup']!.environment, read('packages/cli/src/compose/setup.ts'))).toEqual([])
  const { OVN_HOST, ...agent } = services['host-1']!.environment
  expect(read('deploy/compute-host.sh')).toContain('$OVN_HOST')
  expect(OVN_HOST).toBe('ovn')
  expect(notRead(agent, read('services/compute-agent/src/config.ts'))).toEqual([])
})

test('the catalog and the gateway know every service, where it listens', () => {
  const catalog = JSON.parse(services['identity']!.environment['CAELUM_CATALOG']!)
  const upstreams = JSON.parse(services['gateway']!.environment['CAELUM_UPSTREAMS']!)
  for (const { name, catalogType, catalogPath } of API_SERVICES) {
    const [, port] = services[name]!.environment['CAELUM_LISTEN']!.split(':')
    expect(upstreams[catalogType]).toBe(`http://${name}:${port}`)
    expect(catalog[catalogType]).toBe(`http://caelum.localhost:8088/${catalogType}${catalogPath}`)
  }
  expect(Object.keys(catalog)).toHaveLength(API_SERVICES.length)
})

test('every image is built by exactly one container, from a target of the Dockerfile', () => {
  const ours = Object.values(services).filter(({ image }) => image.startsWith('caelum-'))
  for (const image of new Set(ours.map(service => service.image))) {
    const targets = ours.flatMap(service =>
      service.image === image && service.build ? [service.build.target] : [],
    )
    expect(targets, image).toHaveLength(1)
    expect(dockerfile).toContain(` AS ${targets[0]}\n`)
  }
})

test('every volume is declared and used, and setup fills the secrets of all', () => {
  const mounted = Object.values(services).flatMap(service =>
    service.volumes.map(volume => volume.split(':')[0]!),
  )
  expect([...new Set(mounted)].sort()).toEqual(Object.keys(volumes).sort())
  const filled = services['setup']!.volumes.map(volume => volume.split(':')[0]!)
  expect(mounted.filter(volume => volume.endsWith('-secrets') && !filled.includes(volume))).toEqual([])
})

test('the scripts that containers start with exist and can be executed', () => {
  const scripts = withDefaults + dockerfile
  const names = [...scripts.matchAll(/\/caelum\/(deploy\/[\w-]+\.sh)/g)].map(match => match[1]!)
  expect(names).toHaveLength(3)
  for (const name of names) expect(statSync(join(ROOT, name)).mode & 0o111, name).toBe(0o111)
})

test('passwords in .env get neither into git nor into an image', () => {
  for (const list of ['.gitignore', '.dockerignore']) expect(read(list).split('\n'), list).toContain('.env')
})
