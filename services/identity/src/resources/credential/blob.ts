/** What the text of a credential means, by its type. */
import { createHash } from 'node:crypto'
import { errors } from '../../errors.ts'

export const EC2 = 'ec2'
export const isEc2 = (type: string): boolean => type.toLowerCase() === EC2

/** keystone/common/utils.py, hash_access_key */
export const idOfAccess = (access: string): string => createHash('sha256').update(access).digest('hex')

/** What the seal of a credential is bound to. */
export const sealName = (id: string): string => `credential:${id}`

export interface KeyPair {
  access: string
  secret: string | undefined
  /** whatever else is in it */
  rest: Readonly<Record<string, unknown>>
}

/**
 * keystone/api/credentials.py, _validate_blob_json
 *
 * @throws Problem 400 when it is no JSON object with an access key
 */
export function parseKeyPair(blob: string): KeyPair {
  let value: unknown
  try {
    value = JSON.parse(blob)
  } catch {
    throw errors.badRequest('Invalid blob in credential')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw errors.badRequest('The blob of an ec2 credential must be a JSON object.')
  const { access, secret, ...rest } = value as Record<string, unknown>
  if (typeof access !== 'string' || access === '')
    throw errors.badRequest('The blob of an ec2 credential needs an access key: expecting to find access.')
  return { access, secret: typeof secret === 'string' ? secret : undefined, rest }
}
