import type { OwnerClient } from '../../database/owner.js';
import { quoteIdentifier } from '../../database/schema-name.js';
import type { CatalogColumn, CatalogTable } from './catalog.js';

/** The log of how the migrations made the other rows, which tenants that get them at once do not have. */
const LOG = 'audit_entry';

/**
 * Returns INSERT statements for every row of a freshly migrated tenant, in the order of the tables' keys, and the
 * positions of advanced identity sequences: by table, of those that have rows.
 */
export async function readRows(
  client: OwnerClient,
  tables: readonly CatalogTable[],
  columns: readonly CatalogColumn[],
): Promise<[table: string, statements: string[]][]> {
  const found: [string, string[]][] = [];
  for (const { name } of tables) {
    if (name === LOG) continue;
    const own = columns.filter((column) => column.table === name);
    const names = own.map((column) => quoteIdentifier(column.name));
    const values = names.map((column) => `quote_nullable(${column}::text)`).join(` || ', ' || `);
    const { rows } = await client.query<{ row: string }>(
      `SELECT ${values} AS row FROM ${quoteIdentifier(name)} ORDER BY ${names.join(', ')}`,
    );
    if (rows.length === 0) continue;
    const lines = rows.map(({ row }) => `  (${row})`).join(',\n');
    const statements = [`INSERT INTO ${quoteIdentifier(name)} (${names.join(', ')}) VALUES\n${lines};`];
    for (const { name: column } of own.filter(({ isIdentity }) => isIdentity)) {
      statements.push(await sequencePosition(client, name, column));
    }
    found.push([name, statements]);
  }
  return found;
}

async function sequencePosition(client: OwnerClient, table: string, column: string): Promise<string> {
  const find = 'SELECT pg_get_serial_sequence($1, $2) AS sequence';
  const found = await client.query<{ sequence: string }>(find, [quoteIdentifier(table), column]);
  const { rows } = await client.query(`SELECT last_value, is_called FROM ${found.rows[0]!.sequence}`);
  return `SELECT setval(pg_get_serial_sequence('${quoteIdentifier(table)}', '${column}'), ${rows[0].last_value}, ${rows[0].is_called});`;
}
