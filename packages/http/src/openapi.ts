import { z } from 'zod'
import type { Microversions } from './microversion.ts'
import type { Route } from './route.ts'
import { schemaFor } from './validate.ts'

/** The OpenAPI 3.1 document of a service, at its newest microversion; checked in under `openapi/`. */
export function openapiOf(service: {
  name: string
  title: string
  version: string
  routes: readonly Route[]
  microversions?: Microversions
}): Record<string, unknown> {
  const newest = service.microversions?.max ?? 0
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of service.routes) {
    if (newest < (route.since ?? 0) || newest > (route.until ?? Number.POSITIVE_INFINITY)) continue
    const path = route.path.replace(/:([a-zA-Z_]+)/g, '{$1}').replace('*', '{path}')
    paths[path] = {
      ...paths[path],
      [route.method === 'COPY' ? 'x-copy' : route.method.toLowerCase()]: operationOf(route, newest),
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: service.title, version: service.version },
    components: { securitySchemes: { token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token' } } },
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

function operationOf(route: Route, microversion: number) {
  const names = [...route.path.matchAll(/:([a-zA-Z_]+)/g)].map(match => match[1] ?? '')
  if (route.path.includes('*')) names.push('path')
  const inPath = names.map(name => ({ name, in: 'path', required: true, schema: { type: 'string' } }))
  const status = String(route.status ?? 200)
  return {
    operationId: route.operation,
    summary: route.summary,
    ...(route.access === 'public' ? {} : { security: [{ token: [] }] }),
    parameters: [...inPath, ...(route.query ? queryParameters(schemaFor(route.query, microversion)) : [])],
    ...(route.body
      ? {
          requestBody: {
            content: { 'application/json': { schema: jsonSchema(schemaFor(route.body, microversion)) } },
          },
        }
      : {}),
    responses: {
      [status]: {
        description: 'success',
        ...(route.reply ? { content: { 'application/json': { schema: jsonSchema(route.reply) } } } : {}),
      },
    },
  }
}

function queryParameters(schema: z.ZodType) {
  const properties = (jsonSchema(schema) as { properties?: Record<string, unknown> }).properties ?? {}
  return Object.entries(properties).map(([name, property]) => ({ name, in: 'query', schema: property }))
}

function jsonSchema(schema: z.ZodType): unknown {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<
    string,
    unknown
  >
  return rest
}
