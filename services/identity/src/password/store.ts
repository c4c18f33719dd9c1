import { newId } from '@caelum/kernel'
import type { Transaction } from '../revocation/store.ts'

export interface NewPassword {
  /** argon2id, in PHC form */
  hash: string
  self_service: boolean
  /** null: never */
  expires_at: Date | null
  /** how many are remembered, this one included */
  keep: number
}

/**
 * The password that counts from now on; null: none does. The user's row is to be locked by the caller, so that of two
 * at once one replaces the other.
 */
export async function replacePassword(
  tx: Transaction,
  userId: string,
  password: NewPassword | null,
): Promise<void> {
  await tx.$executeRaw`
    update passwords set replaced_at = clock_timestamp() where user_id = ${userId} and replaced_at is null`
  await tx.$executeRaw`
    delete from passwords where user_id = ${userId} and id not in (
      select id from passwords where user_id = ${userId}
      order by replaced_at desc limit ${Math.max(0, (password?.keep ?? 0) - 1)})`
  await tx.$executeRaw`
    update users set password_expires_at = ${password?.expires_at ?? null} where id = ${userId}`
  if (!password) return
  await tx.$executeRaw`
    insert into passwords (id, user_id, hash, self_service, created_at)
    values (${newId()}, ${userId}, ${password.hash}, ${password.self_service}, clock_timestamp())`
}
