/**
 * The signing keys of this process. Which key signs is decided by the database in the transaction that reads the
 * user's rights (`resources/token/store.ts`), never by a process's own idea of it, so processes cannot disagree; this
 * class only opens the sealed private key the first time its id is named.
 *
 * Rotation: the new key is published at once and signs only LEAD_S later, when every service that still vouches for
 * anybody has read it (they read twice a second and vouch for nobody after 5 s without an answer). The old key
 * verifies until the last token it signed has ended. Dying anywhere is harmless: the change is one transaction.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto'
import type { SigningKey } from '@caelum/token'
import type { Sealing } from './seal.ts'
import type { SigningKeyStore } from './store.ts'

const LEAD_S = 15
/** for a token whose signature was under way when the keys changed */
const SLACK_S = 60

export class KeyRing {
  readonly #store: SigningKeyStore
  readonly #sealing: Sealing
  readonly #tokenTtlS: number
  readonly #open = new Map<string, KeyObject>()

  constructor(store: SigningKeyStore, sealing: Sealing, tokenTtlS: number) {
    this.#store = store
    this.#sealing = sealing
    this.#tokenTtlS = tokenTtlS
  }

  /**
   * Makes the first key when there is none.
   *
   * @throws Error when the newest key was sealed with another key-encryption key
   */
  async start(): Promise<void> {
    if (!(await this.#store.newest())) await this.#add(null, 0)
    await this.#store.allowTokensOf(this.#tokenTtlS)
    const newest = await this.#store.newest()
    if (newest) await this.key(newest.kid)
  }

  /** @throws Error when there is no such key, or it cannot be opened */
  async key(kid: string): Promise<SigningKey> {
    const privateKey = this.#open.get(kid) ?? (await this.#unseal(kid))
    return { kid, privateKey }
  }

  /** @param now true: the new key signs at once, for the loss of the old one; services may refuse it for a second */
  async rotate({ now = false } = {}): Promise<'added' | 'lost-race'> {
    const newest = await this.#store.newest()
    return this.#add(newest?.kid ?? null, now ? 0 : LEAD_S)
  }

  /** Rotates when the newest key has signed for `days`. */
  async rotateIfOlder(days: number, at: Date): Promise<'added' | 'lost-race' | 'young'> {
    const newest = await this.#store.newest()
    if (newest && at.getTime() - newest.signs_from.getTime() < days * 86_400_000) return 'young'
    return this.#add(newest?.kid ?? null, LEAD_S)
  }

  #add(replaces: string | null, leadS: number): Promise<'added' | 'lost-race'> {
    const kid = randomUUID()
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const plain = privateKey.export({ type: 'pkcs8', format: 'der' })
    return this.#store.add(
      {
        kid,
        publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
        sealed: this.#sealing.seal(kid, plain),
        longestTokenS: this.#tokenTtlS,
      },
      { leadS, slackS: SLACK_S, replaces },
    )
  }

  async #unseal(kid: string): Promise<KeyObject> {
    const row = await this.#store.get(kid)
    if (!row) throw new Error(`there is no signing key ${kid}`)
    let plain: Buffer
    try {
      plain = this.#sealing.unseal(kid, row.private_key_sealed)
    } catch (cause) {
      throw new Error(
        `signing key ${kid} was sealed with another key-encryption key: restore key-encryption.key, or make a new signing key with rotate-keys --now`,
        { cause },
      )
    }
    const key = createPrivateKey({ key: plain, format: 'der', type: 'pkcs8' })
    this.#open.set(kid, key)
    return key
  }
}
