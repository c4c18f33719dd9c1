import { problem } from '@caelum/kernel'

/** Everything the compute API refuses: stable code, status, and words that say what to do next. */
export const errors = {
  keypairNotFound: problem(404, 'KeypairNotFound', (name: string) => `Keypair ${name} not found.`),
  keypairExists: problem(
    409,
    'KeypairExists',
    (name: string) => `Key pair '${name}' already exists. Delete it first, or choose another name.`,
  ),
  keypairQuota: problem(
    403,
    'KeypairLimitExceeded',
    (limit: number) => `Quota exceeded, too many key pairs: the limit is ${limit} per user.`,
  ),
  invalidPublicKey: problem(400, 'InvalidKeypair', (why: string) => `Keypair data is invalid: ${why}.`),
  /** nova/exception.py, TooManyInstances: every list in the order of the names */
  quotaExceeded: problem(
    403,
    'TooManyInstances',
    (over: { name: string; asked: number; used: number; limit: number }[]) => {
      const list = (pick: (o: (typeof over)[number]) => string | number) => over.map(pick).join(', ')
      return `Quota exceeded for ${list(o => o.name)}: Requested ${list(o => o.asked)}, but already used ${list(o => o.used)} of ${list(o => o.limit)} ${list(o => o.name)}`
    },
  ),
}
