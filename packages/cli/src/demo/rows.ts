import pg from 'pg'

/** They keep what happened, or that an id is never given out again, with ids of what is gone. */
const HISTORY =
  /(^|_)(actions|placements|events?|history|revocations?|deleted_images|audit|_prisma_migrations)$/

/**
 * Looks through every table of every service for rows that mention one of the ids.
 *
 * @returns `schema.table: number of rows`
 */
export async function rowsMentioning(adminUrl: string, ids: readonly string[]): Promise<string[]> {
  const forms = ids.flatMap(id => [id, id.replaceAll('-', '')])
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  try {
    const { rows: tables } = await client.query<{ name: string; plain: string }>(
      `select format('%I.%I', table_schema, table_name) as name, table_name as plain
         from information_schema.tables
        where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
    )
    const left: string[] = []
    for (const { name, plain } of tables) {
      if (HISTORY.test(plain)) continue
      const { rows } = await client.query<{ count: string }>(
        `select count(*) from ${name} as row where row::text ~ $1`,
        [forms.join('|')],
      )
      if (rows[0]!.count !== '0') left.push(`${name}: ${rows[0]!.count} rows`)
    }
    return left
  } finally {
    await client.end()
  }
}
