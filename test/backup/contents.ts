import type { ConnectionSettings } from '../../src/config/config.js';
import { withOwner } from '../../src/database/owner.js';
import { quoteIdentifier } from '../../src/database/schema-name.js';

/** Returns every row of a schema's tables as text, sorted, by table. */
export async function contents(
  owner: ConnectionSettings,
  schema: string,
  tables?: readonly string[],
): Promise<Record<string, string[]>> {
  return await withOwner(owner, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = to_regnamespace($1) AND relkind = 'r'
         AND relname <> 'table_change' ORDER BY 1`,
      [schema],
    );
    const found: Record<string, string[]> = {};
    for (const { name } of rows) {
      if (tables && !tables.includes(name)) continue;
      const table = `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
      const all = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t`);
      found[name] = all.rows.map(({ row }) => row).sort();
    }
    return found;
  });
}
