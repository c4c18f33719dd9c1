/**
 * SQL that names every column of a table: a prepared statement that ends in a bare `*` fails as soon as a migration adds
 * a column, until its connection is closed.
 *
 * @param fields `Prisma.<Model>ScalarFieldEnum`, which is made from the schema
 */
export const allColumns = (fields: Readonly<Record<string, string>>, alias: string): string =>
  Object.values(fields)
    .map(column => `${alias}."${column}"`)
    .join(', ')
