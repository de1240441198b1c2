import type { Scope } from '../../auth/scope.js';
import type { Database } from '../../database/database.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantContext } from '../../database/tenant-transaction.js';
import { readsLogged } from '../shared/audit-reads.js';
import { CLIENT_FIELDS } from '../shared/client-fields.js';
import { type ClientFilters, clientConditions, NEWEST_FIRST } from '../shared/client-filters.js';
import { bySubquery } from '../shared/columns.js';
import { csvLines } from '../shared/csv.js';
import type { NextPiece } from '../shared/csv-answer.js';
import { FittingBatches } from '../shared/fitting-batches.js';
import { named } from '../shared/names.js';

/** The bounds of a single client, whose texts are cut beyond them. */
const SINGLE = { most: 8 * 1024 * 1024, longest: 2_000_000 };

type Cell = string | number | boolean | null;

/** The columns of the file in their order. An import recognises them by these names. */
const NAMES = `
  id first_name middle_name last_name email phone_number gender dob country street suburb state postcode stage active
  visa_category agent assigned_to assigned_to_name branch referred_by description created_at updated_at archived_at`
  .trim()
  .split(/\s+/);
/** Fields that came later stand at the end, so that those before keep their places. */
NAMES.push(...Object.keys(CLIENT_FIELDS).filter((name) => !NAMES.includes(name) && !name.endsWith('_id')));

/** The columns that show something else than the client's column with their name. */
const OTHERS: Readonly<Record<string, Sql<Cell>>> = {
  visa_category: bySubquery(named('visaCategory', 'visa_category_id')),
  agent: bySubquery(named('agent', 'agent_id')),
  assigned_to: bySubquery(named('username', 'assigned_to_id')),
  assigned_to_name: bySubquery(named('person', 'assigned_to_id')),
  branch: bySubquery(named('branch', 'branch_id')),
  archived_at: sql`r.deleted_at`,
};
const SELECTED = sql.join(
  NAMES.map((name) => sql`${OTHERS[name] ?? sql`r.${sql.ref(name)}`} AS ${sql.ref(name)}`),
);

const LOGGED = readsLogged('client', sql`SELECT id FROM shown ORDER BY id`);
/** Returns the statement that logs it of records that a replica has shown, which cannot. */
const logged = (ids: readonly number[]) =>
  sql`SELECT ${readsLogged('client', sql`SELECT unnest(${ids}::bigint[]) ORDER BY 1`)}`;

type ExportRow = Readonly<Record<string, Cell>>;

/**
 * Yields the clients in scope that pass the filters, newest first, as pieces of a CSV file: the header with the first
 * batch, then batch after batch, each in a transaction of its own that continues behind the last client. A client is
 * shown as it is when its batch is read; clients created meanwhile are not included; none is included twice. Each batch
 * is written to the audit log, since it reveals many people's data.
 */
export function clientPieces(
  database: Database,
  context: TenantContext,
  scope: Scope,
  filters: ClientFilters,
): NextPiece {
  let last: ExportRow | undefined;
  let isOver = false;
  const batches = new FittingBatches(database, context, SINGLE);
  const isElsewhere = database.readsFromReplica(context);
  return async () => {
    if (isOver) return null;
    const header = last ? [] : [NAMES];
    const behind = last
      ? sql`(r.created_at, r.id) < (${last.created_at}::timestamptz, ${last.id}::bigint)`
      : sql`true`;
    const { rows, isLast } = await batches.read(
      (limit) => sql<ExportRow>`
        WITH shown AS MATERIALIZED (
          SELECT ${SELECTED} FROM immigration_client r
          WHERE ${clientConditions(scope, filters)} AND ${behind} ORDER BY ${NEWEST_FIRST} LIMIT ${limit}::bigint)
        SELECT * FROM shown WHERE ${isElsewhere ? sql`true` : LOGGED} ORDER BY created_at DESC, id DESC`,
    );
    if (isElsewhere && rows.length > 0) {
      const ids = rows.map(({ id }) => id as number);
      await database.tenantQuery({ ...context, reads: 'primary' }, logged(ids)); // before anybody sees them
    }
    last = rows.at(-1);
    isOver = isLast;
    return csvLines([...header, ...rows.map((row) => NAMES.map((name) => row[name] ?? null))]);
  };
}
