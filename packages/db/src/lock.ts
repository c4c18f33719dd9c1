import pg from 'pg'

/**
 * Does `work` while holding a session-level advisory lock, on a connection of its own: of several processes one works
 * at a time, and a process that dies lets go of the lock with its connection. So does losing the connection: then
 * another may begin while `work` goes on, which it has to bear.
 *
 * @param key any number that no other lock of this database uses
 */
export async function withSessionLock<T>(
  { url, key }: { url: string; key: number },
  work: () => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [key])
    return await work()
  } finally {
    await client.end()
  }
}
