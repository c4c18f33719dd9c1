import type { Ctx } from '@caelum/kernel'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'

/** A schema, or one chosen by the microversion of the request. */
export type Schema<Z extends z.ZodType> = Z | ((microversion: number) => Z)

export interface RouteInput<P, Q, B> {
  params: P
  query: Q
  body: B
  /** for headers and streams; parameters, query and body are above, validated */
  request: FastifyRequest
}

/**
 * One operation of an API. `operation` is its only name: in the policy table, in logs, metrics and audit, and in
 * the OpenAPI document.
 */
export interface Route<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
> {
  operation: string
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'COPY'
  /** e.g. `/v2.1/os-keypairs/:name` */
  path: string
  summary: string
  /**
   * 'token' (the default) asks for a valid token and the policy rule of `operation`; 'optional' takes callers without
   * a token too (but no bad token) and leaves the rule to the handler; 'public' asks for nothing
   */
  access?: 'token' | 'optional' | 'public'
  /** 2.x of the first and last microversion that has this route */
  since?: number
  until?: number
  params?: P
  query?: Schema<Q>
  body?: Schema<B>
  /** shape of the answer, for the OpenAPI document */
  reply?: z.ZodType
  /** status of success, unless the handler sets another; 200 when not given */
  status?: number
  /** largest body in bytes, instead of the service's */
  bodyLimit?: number
  /** true: the handler reads `request.raw` itself and no body is parsed */
  stream?: boolean
  handle(
    ctx: Ctx,
    input: RouteInput<z.output<P>, z.output<Q>, z.output<B>>,
    reply: FastifyReply,
  ): Promise<unknown> | unknown
}

/** Ties the types of a route's schemas to its handler. */
export const route = <P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType>(
  definition: Route<P, Q, B>,
): Route => definition as unknown as Route
