import { type Sql, sql } from './sql.js';

/**
 * Reads the versions of all watched tables (migrations/tenant/0058_table_changes.sql) as one text, which is equal only
 * where no watched table has changed: that of the schema, by its OID, since one that takes its place, as by a restore,
 * has versions of its own; then each table's name and version.
 */
export const TABLE_VERSIONS: Sql<{ versions: string }> = sql`
  SELECT concat('table_change'::regclass::oid, ' ', string_agg(concat(name, ' ', version), ' ' ORDER BY name)) AS versions
  FROM (SELECT name, sum(change) AS version FROM table_change GROUP BY name) watched`;

/** The versions of the watched tables of one snapshot. */
export class TableVersions {
  #byTable: ReadonlyMap<string, string> | undefined;

  /** @param text what `TABLE_VERSIONS` reads */
  constructor(readonly text: string) {}

  /** Returns one version for these tables together; null where one of them is not watched. */
  of(tables: Iterable<string>): string | null {
    this.#byTable ??= parsed(this.text);
    let version = this.text.slice(0, this.text.indexOf(' '));
    for (const table of tables) {
      const its = this.#byTable.get(table);
      if (its === undefined) return null;
      version += ` ${its}`;
    }
    return version;
  }
}

function parsed(text: string): ReadonlyMap<string, string> {
  const [, ...words] = text.split(' ');
  const versions = new Map<string, string>();
  for (let i = 0; i + 1 < words.length; i += 2) versions.set(words[i] as string, words[i + 1] as string);
  return versions;
}
