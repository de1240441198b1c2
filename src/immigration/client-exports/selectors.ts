import type { Scope } from '../../auth/scope.js';
import type { Database } from '../../database/database.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantContext } from '../../database/tenant-transaction.js';
import { readsLogged } from '../shared/audit-reads.js';
import { type ClientFilters, clientConditions, NEWEST_FIRST } from '../shared/client-filters.js';
import { csvLines } from '../shared/csv.js';
import type { NextPiece } from '../shared/csv-answer.js';
import { nameOf } from '../shared/people.js';

/** Number of clients read in one transaction. */
const BATCH = 1_000;

type Cell = string | number | boolean | null;

/** The columns of the file, each with its value of a client `r`. An import recognises them by these names. */
const COLUMNS: Readonly<Record<string, Sql<Cell>>> = {
  id: sql`r.id`,
  first_name: sql`r.first_name`,
  middle_name: sql`r.middle_name`,
  last_name: sql`r.last_name`,
  email: sql`r.email`,
  phone_number: sql`r.phone_number`,
  gender: sql`r.gender`,
  dob: sql`r.dob`,
  country: sql`r.country`,
  street: sql`r.street`,
  suburb: sql`r.suburb`,
  state: sql`r.state`,
  postcode: sql`r.postcode`,
  stage: sql`r.stage`,
  active: sql`r.active`,
  visa_category: sql`(SELECT name FROM immigration_visacategory WHERE id = r.visa_category_id)`,
  agent: sql`(SELECT agent_name FROM immigration_agent WHERE id = r.agent_id)`,
  assigned_to: sql`(SELECT username FROM immigration_user WHERE id = r.assigned_to_id)`,
  assigned_to_name: nameOf('r.assigned_to_id'),
  branch: sql`(SELECT name FROM immigration_branch WHERE id = r.branch_id)`,
  referred_by: sql`r.referred_by`,
  description: sql`r.description`,
  created_at: sql`r.created_at`,
  updated_at: sql`r.updated_at`,
  archived_at: sql`r.deleted_at`,
};
const NAMES = Object.keys(COLUMNS);
const SELECTED = sql.join(NAMES.map((name) => sql`${COLUMNS[name] as Sql<Cell>} AS ${sql.ref(name)}`));

const LOGGED = readsLogged('client', sql`SELECT id FROM shown ORDER BY id`);

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
  return async () => {
    if (isOver) return null;
    const header = last ? [] : [NAMES];
    const behind = last
      ? sql`(r.created_at, r.id) < (${last.created_at}::timestamptz, ${last.id}::bigint)`
      : sql`true`;
    const rows = await database.tenantQuery(
      context,
      sql<ExportRow>`
        WITH shown AS MATERIALIZED (
          SELECT ${SELECTED} FROM immigration_client r
          WHERE ${clientConditions(scope, filters)} AND ${behind} ORDER BY ${NEWEST_FIRST} LIMIT ${sql.lit(BATCH)})
        SELECT * FROM shown WHERE ${LOGGED} ORDER BY created_at DESC, id DESC`,
    );
    last = rows.at(-1);
    isOver = rows.length < BATCH;
    return csvLines([...header, ...rows.map((row) => NAMES.map((name) => row[name] ?? null))]);
  };
}
