import type { PrismaClient, SigningKey } from '../generated/client.ts'
import type { SealedTable } from './reseal.ts'

export type SigningKeyStore = ReturnType<typeof signingKeyStore>
export type { SigningKey }

/** pg_advisory lock under which keys change */
const KEY_LOCK = 7_270_002

export const signingKeyStore = (db: PrismaClient) => ({
  get: (kid: string): Promise<SigningKey | null> => db.signingKey.findUnique({ where: { kid } }),

  /** the one that signs now, or will next */
  newest: (): Promise<SigningKey | null> => db.signingKey.findFirst({ orderBy: { signs_from: 'desc' } }),

  /** Before this process issues tokens that live so long, revocations must be kept as long. */
  async allowTokensOf(seconds: number): Promise<void> {
    await db.signingKey.updateMany({
      where: { longest_token_s: { lt: seconds } },
      data: { longest_token_s: seconds },
    })
  },

  /**
   * Publishes `key`, which signs from `leadS` seconds from now on; the keys before it verify until their last token
   * has ended. Without a lead it also takes the place of a key that waits to sign. Only if `replaces` is still the
   * newest one (null: there is none): of several processes one rotates.
   */
  add: (
    key: { kid: string; publicKeyPem: string; sealed: Uint8Array<ArrayBuffer>; longestTokenS: number },
    { leadS, slackS, replaces }: { leadS: number; slackS: number; replaces: string | null },
  ): Promise<'added' | 'lost-race'> =>
    db.$transaction(async tx => {
      await tx.$queryRaw`select pg_advisory_xact_lock(${KEY_LOCK}::bigint)::text`
      const newest = await tx.signingKey.findFirst({ orderBy: { signs_from: 'desc' } })
      if ((newest?.kid ?? null) !== replaces) return 'lost-race'
      if (leadS === 0) await tx.$executeRaw`delete from signing_keys where signs_from > now()`
      await tx.$executeRaw`
        insert into signing_keys
          (kid, public_key_pem, private_key_sealed, longest_token_s, signs_from, created_at)
        values (${key.kid}, ${key.publicKeyPem}, ${key.sealed}, ${key.longestTokenS},
          now() + ${leadS} * interval '1 second', now())`
      await tx.$executeRaw`
        update signing_keys
        set verifies_until = now() + (${leadS + slackS} + longest_token_s) * interval '1 second'
        where kid <> ${key.kid} and verifies_until is null`
      await tx.$queryRaw`select pg_notify('trust', '')::text`
      return 'added'
    }),
})

export const sealedSigningKeys = (db: PrismaClient): SealedTable => ({
  async page(after, limit) {
    const rows = await db.signingKey.findMany({
      where: { kid: { gt: after } },
      orderBy: { kid: 'asc' },
      take: limit,
    })
    return rows.map(({ kid, private_key_sealed }) => ({ id: kid, name: kid, sealed: private_key_sealed }))
  },
  async replace(kid, before, after) {
    await db.$executeRaw`
      update signing_keys set private_key_sealed = ${after}
      where kid = ${kid} and private_key_sealed = ${before}`
  },
})
