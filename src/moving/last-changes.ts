import { readSequences } from '../backup/tables.js';
import type { OwnerClient } from '../database/owner.js';
import { qualified } from '../database/schema-name.js';
import { PlainError } from '../platform/plain-error.js';
import { type Cutoff, countRows } from './changed-rows.js';
import { type MovedTable, NOTIFICATIONS } from './moved-tables.js';
import { type Ends, replaceRows, writeChanges } from './sync-table.js';

/** The state of a table's copy: what to copy from the next time. */
export type Cutoffs = Readonly<Record<string, Cutoff>>;

/**
 * Copies the last changes of a tenant that holds still, in transactions that the caller has begun at both ends, and
 * compares what it has written: what has not changed since was compared before.
 * @returns the number of rows copied and removed
 * @throws RowsDifferError
 */
export async function copyLastChanges(
  ends: Ends,
  tables: readonly MovedTable[],
  cutoffs: Cutoffs,
): Promise<number> {
  const { from, to, schema } = ends;
  const keyed = tables.filter(({ key }) => key.length > 0);
  const asked = keyed.map((table) => ({ table, since: sinceOf(table, cutoffs) }));
  const [here, there] = await Promise.all([
    countRows(from, schema, asked),
    countRows(
      to,
      schema,
      keyed.map((table) => ({ table, since: null })),
    ),
  ]);
  let rows = 0;
  for (const { table, since } of asked) {
    const counts = here.get(table.name)!;
    const before = there.get(table.name)!.rows;
    if (counts.changed === 0 && counts.rows === before) continue;
    const { copied, removed } = await writeChanges(ends, table, since, { ...counts, before });
    rows += copied + removed;
  }
  for (const table of tables) if (table.key.length === 0) await replaceRows(ends, table);
  await copySequences(ends);
  await renumberTransactions(ends);
  return rows;
}

function sinceOf({ name }: MovedTable, cutoffs: Cutoffs): Cutoff {
  const cutoff = cutoffs[name];
  if (cutoff === undefined) throw new PlainError(`${name} was not copied yet`);
  return cutoff;
}

/** Gives identity columns the values that they have reached. */
async function copySequences({ from, to, schema }: Ends): Promise<void> {
  const sequences = await readSequences(from, schema);
  await to.query(
    `SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence(s.name, s.identity)::pg_catalog.regclass, s.value)
     FROM unnest($1::text[], $2::text[], $3::bigint[]) AS s (name, identity, value)`,
    [
      sequences.map(({ table }) => qualified(schema, table)),
      sequences.map(({ column }) => column),
      sequences.map(({ lastValue }) => lastValue),
    ],
  );
}

const END_OF_SNAPSHOT = {
  first: 'pg_catalog.pg_snapshot_xmin',
  last: 'pg_catalog.pg_snapshot_xmax',
} as const;
/** The first number that a transaction can have. */
const FIRST_TRANSACTION = 3;

/**
 * Lowers the numbers of transactions in notifications so that all of them are over for the new server, and their order is
 * kept: a stream that comes back gets those that it has missed, and none twice.
 */
async function renumberTransactions({ from, to, schema }: Ends): Promise<void> {
  const number = async (client: OwnerClient, of: keyof typeof END_OF_SNAPSHOT) => {
    const { rows } = await client.query<{ number: string }>(
      `SELECT ${END_OF_SNAPSHOT[of]}(pg_catalog.pg_current_snapshot())::text AS number`,
    );
    return BigInt(rows[0]!.number);
  };
  const lower = (await number(from, 'last')) - (await number(to, 'first'));
  if (lower <= 0n) return;
  await to.query(
    `UPDATE ${qualified(schema, NOTIFICATIONS)} n
     SET inserted_xid = CASE WHEN n.inserted_xid::text::numeric - $1 >= ${FIRST_TRANSACTION}
           THEN (n.inserted_xid::text::numeric - $1)::text::xid8 END,
       inserted_snapshot = (
         SELECT concat(oldest, ':', next, ':', (
           SELECT string_agg(number::text, ',' ORDER BY number)
           FROM (SELECT x::text::numeric - $1 AS number FROM pg_catalog.pg_snapshot_xip(s) AS x) AS running
           WHERE number >= oldest AND number < next))
         FROM (SELECT n.inserted_snapshot::pg_catalog.pg_snapshot AS s) AS given
         CROSS JOIN LATERAL (
           SELECT greatest(pg_catalog.pg_snapshot_xmin(s)::text::numeric - $1, ${FIRST_TRANSACTION}) AS oldest,
             greatest(pg_catalog.pg_snapshot_xmax(s)::text::numeric - $1, ${FIRST_TRANSACTION}) AS next
         ) AS lowered)
     WHERE n.inserted_xid IS NOT NULL`,
    [String(lower)],
  );
}
