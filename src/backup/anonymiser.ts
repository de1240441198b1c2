import { parseJson, writeJson } from '../database/json.js';
import type { OwnerClient } from '../database/owner.js';
import { quoteIdentifier } from '../database/schema-name.js';
import { relationsIn } from '../database/schema-objects.js';
import { PlainError } from '../platform/plain-error.js';
import { CLASSIFIED_TABLES, KEPT_SETTINGS, mustBeClassified } from './anonymised-columns.js';
import { REPLACEMENTS } from './anonymised-values.js';
import type { BackedUpColumns, BackedUpTenant } from './format.js';
import type { RowSelection } from './tables.js';

/** Thrown for a table or a column of which it is not known whether it holds people's data; nothing was written. */
class UnclassifiedColumnError extends PlainError {
  override readonly name = 'UnclassifiedColumnError';
}

/** The column whose number makes the replaced values of a row unlike others. */
const KEYS: Readonly<Record<string, string>> = { client_search: 'client_id' };

/**
 * Returns how the rows of a table are read without people's data, which therefore never leave the server.
 * @throws UnclassifiedColumnError for a table that is not classified
 */
export function anonymousRows(
  schema: string,
  { name }: BackedUpColumns,
): Pick<RowSelection, 'condition' | 'valueFor'> {
  const classified = CLASSIFIED_TABLES[name];
  if (classified === undefined) throw unclassified(`the table ${name}`);
  if (classified === 'emptied') return { condition: 'false' };
  const key = quoteIdentifier(KEYS[name] ?? 'id');
  return {
    valueFor: (text) => {
      const column = quoteIdentifier(text);
      return REPLACEMENTS[classified[text] ?? 'kept']({ schema, column, key });
    },
  };
}

/**
 * Checks that it is known of each column of a schema whether it holds people's data.
 * @throws UnclassifiedColumnError
 */
export async function checkClassified(client: OwnerClient, schema: string): Promise<void> {
  const [first] = await unclassifiedColumns(client, schema);
  if (first !== undefined) throw unclassified(first);
}

/** Returns the columns of a schema of which nobody has said what they hold, as `table.column`. */
export async function unclassifiedColumns(client: OwnerClient, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string; column: string; type: string }>(
    `SELECT c.relname AS name, a.attname AS column, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type
     FROM pg_catalog.pg_class c
     JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     WHERE c.oid = ${relationsIn('$1')} AND c.relkind = 'r'
     ORDER BY c.relname, a.attnum`,
    [schema],
  );
  return rows
    .filter(({ name, column, type }) => {
      const table = CLASSIFIED_TABLES[name];
      if (table === 'emptied') return false;
      return table === undefined || (mustBeClassified(type) && !Object.hasOwn(table, column));
    })
    .map(({ name, column }) => `${name}.${column}`);
}

/** Returns a tenant's rows in `public` without people's data: it keeps the agency's name, no contact and no secret. */
export function anonymousTenant({ name, row, wasActive }: BackedUpTenant): BackedUpTenant {
  const { settings, ...columns } = parseJson(row) as Record<string, unknown>;
  const kept =
    typeof settings === 'object' && settings !== null
      ? Object.fromEntries(Object.entries(settings).filter(([key]) => KEPT_SETTINGS.includes(key)))
      : {};
  const anonymous = { ...columns, settings: kept, contact_email: null, contact_phone: null };
  return {
    name,
    row: writeJson(anonymous),
    domains: [],
    pauses: [],
    ...(wasActive !== undefined && { wasActive }),
  };
}

function unclassified(what: string): UnclassifiedColumnError {
  return new UnclassifiedColumnError(
    `nobody has said whether ${what} holds people's data; add it to src/backup/anonymised-columns.ts`,
  );
}
