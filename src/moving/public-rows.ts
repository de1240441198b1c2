import { PART_BYTES } from '../backup/format.js';
import { copyInStatement, copyOutStatement } from '../backup/tables.js';
import { copyIn, copyOut } from '../database/copy.js';
import type { OwnerClient } from '../database/owner.js';
import { qualified, quoteIdentifier, quoteLiteral } from '../database/schema-name.js';
import { relationsIn } from '../database/schema-objects.js';

/**
 * The tables of `public` with rows of single tenants, by what becomes of these rows when their tenant moves: `moved`
 * rows are copied; `made` ones are made by whatever makes the schema.
 */
export const TENANTS_ROWS: Readonly<Record<string, 'moved' | 'made'>> = {
  event_queue: 'moved',
  delivery_queue: 'moved',
  client_import_queue: 'moved',
  event_pause: 'moved',
  job_tenant: 'moved',
  job_change: 'moved',
  event_capture: 'made',
  migration_failure: 'made',
  tenant_incarnation: 'made',
};

/**
 * Columns with a meaning in one database only, which gives the rows values of its own: numbers of rows and of segments of
 * the queues. Nobody has a claim on a delivery when its tenant moves.
 */
const OWN_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  event_queue: ['segment'],
  delivery_queue: ['segment', 'claimed_until'],
  event_pause: ['id'],
  job_change: ['id'],
};

const MOVED = Object.keys(TENANTS_ROWS).filter((table) => TENANTS_ROWS[table] === 'moved');
/** The queues from which work is claimed. */
const QUEUES = ['event_queue', 'delivery_queue', 'client_import_queue'];

/** Replaces a tenant's rows in `public` by those of another database. Both ends in transactions of the caller. */
export async function copyPublicRows(from: OwnerClient, to: OwnerClient, schema: string): Promise<void> {
  const condition = `schema_name = ${quoteLiteral(schema)}`;
  const columns = await readColumns(to);
  for (const name of MOVED) {
    await to.query(`DELETE FROM ${qualified('public', name)} WHERE ${condition}`);
    const copied = columns.get(name)!.filter((column) => !OWN_COLUMNS[name]?.includes(column));
    const table = { name, columns: copied };
    for await (const rows of copyOut(
      from,
      copyOutStatement('public', table, { condition }),
      PART_BYTES,
      ignore,
    ))
      await copyIn(to, copyInStatement('public', table), rows);
  }
}

const ignore = () => undefined;

async function readColumns(client: OwnerClient): Promise<Map<string, string[]>> {
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.oid = ${relationsIn("'public'")} AND c.relname = ANY ($1)
     GROUP BY 1`,
    [MOVED],
  );
  return new Map(rows.map(({ name, columns }) => [name, columns]));
}

/** Locks a tenant's waiting work, so that nobody claims it until the transaction ends. */
export async function lockQueues(client: OwnerClient, schema: string): Promise<void> {
  for (const table of QUEUES)
    await client.query(`SELECT FROM ${qualified('public', table)} WHERE schema_name = $1 FOR UPDATE`, [
      schema,
    ]);
}

/** Returns the number of a tenant's deliveries that are being sent. */
export async function deliveriesUnderWay(client: OwnerClient, schema: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::integer AS count FROM public.delivery_queue
     WHERE schema_name = $1 AND claimed_until > clock_timestamp()`,
    [schema],
  );
  return rows[0]!.count;
}

/**
 * Makes a tenant's deliveries nobody's to claim, in the transaction in which it leaves. A claim that began before that
 * and waited for these rows finds that they are taken.
 */
export async function closeQueues(client: OwnerClient, schema: string): Promise<void> {
  await client.query(`UPDATE public.delivery_queue SET claimed_until = 'infinity' WHERE schema_name = $1`, [
    schema,
  ]);
}

/** Undoes closeQueues. */
export async function reopenQueues(client: OwnerClient, schema: string): Promise<void> {
  await client.query(
    `UPDATE public.delivery_queue SET claimed_until = NULL WHERE schema_name = $1 AND claimed_until = 'infinity'`,
    [schema],
  );
}

/** Removes a tenant's rows from `public` where it no longer lives. */
export async function removePublicRows(client: OwnerClient, schema: string): Promise<void> {
  for (const table of Object.keys(TENANTS_ROWS))
    await client.query(`DELETE FROM public.${quoteIdentifier(table)} WHERE schema_name = $1`, [schema]);
  await client.query('DELETE FROM public.migration_ledger WHERE scope = $1', [schema]);
}
