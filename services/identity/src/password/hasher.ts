/**
 * Passwords are kept as argon2id hashes. Hashing is slow on purpose, so it runs on threads beside the event loop, a
 * few at a time: a flood of logins makes logins wait and nothing else. Whoever would wait behind a full queue is told
 * to come back, so that memory and delay stay bounded.
 */
import { availableParallelism } from 'node:os'
import { offerGauges } from '@caelum/kernel'
import { hash, verify } from '@node-rs/argon2'
import { errors } from '../errors.ts'

export interface HashCost {
  /** KiB */
  memoryCost: number
  /** passes */
  timeCost: number
}

/** OWASP Password Storage Cheat Sheet, argon2id. */
export const STANDARD_COST: HashCost = { memoryCost: 19_456, timeCost: 2 }

const LONGEST_QUEUE = 500
/** libuv has four threads unless told otherwise; one is left for all else that needs one (DNS, files) */
const MOST_THREADS = 3
/** Longer ones are refused before they are hashed (Keystone cuts them off instead). */
export const LONGEST_PASSWORD = 4_096

export class PasswordHasher {
  readonly #cost: HashCost
  readonly #places: number
  readonly #waiting: (() => void)[] = []
  #busy = 0
  readonly #decoy: Promise<string>

  constructor({ cost = STANDARD_COST, concurrency = Math.min(availableParallelism(), MOST_THREADS) } = {}) {
    this.#cost = cost
    this.#places = concurrency
    this.#decoy = this.#hash('nobody has this one')
    offerGauges(() => [
      { name: 'caelum_password_hashes_running', help: 'Password hashes being computed', value: this.#busy },
      {
        name: 'caelum_password_hashes_waiting',
        help: 'Password hashes waiting for their turn',
        value: this.#waiting.length,
      },
    ])
  }

  /** @throws Problem 503 when too many are waiting */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => this.#hash(password))
  }

  /**
   * Takes the same time whether there is such a user or not: without a hash it checks against a decoy and says no.
   *
   * @throws Problem 503 when too many are waiting
   */
  async verify(password: string, hashed: string | null): Promise<boolean> {
    if (password.length > LONGEST_PASSWORD) return false
    const against = hashed ?? (await this.#decoy)
    const equal = await this.#inTurn(() => verify(against, password))
    return equal && hashed !== null
  }

  #hash(password: string): Promise<string> {
    return hash(password, { ...this.#cost, parallelism: 1 })
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#busy >= this.#places) {
      if (this.#waiting.length >= LONGEST_QUEUE) throw errors.tooManyLogins()
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    } else {
      this.#busy += 1
    }
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#busy -= 1
    }
  }
}
