import { type Sql, sql } from '../../database/sql.js';

/** Returns the label of a code: by default its words in title case. */
export function display(code: string, labels: Readonly<Record<string, string>> = {}): string {
  return (
    labels[code] ??
    code.toLowerCase().replace(/(^|_)([a-z])/g, (_, gap, letter) => (gap && ' ') + letter.toUpperCase())
  );
}

/** Returns the SQL for the label of the code in this column: `r.agent_type`. */
export function displayOf(column: string, labels: Readonly<Record<string, string>> = {}): Sql<string> {
  // Codes are ASCII, for which collation "C" takes a tenth of the time.
  const other = sql<string>`initcap(replace(${sql.ref(column)}, '_', ' ') COLLATE "C")`;
  const own = Object.entries(labels).map(
    ([code, label]) => sql`WHEN ${sql.ref(column)} = ${code} THEN ${label}`,
  );
  return own.length === 0 ? other : sql<string>`CASE ${sql.join(own, sql` `)} ELSE ${other} END`;
}
