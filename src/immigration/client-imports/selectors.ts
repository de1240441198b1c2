import type { CurrentUser } from '../../auth/current-user.js';
import { firstOr } from '../../database/pending.js';
import { type RawBuilder, sql } from '../../database/queries.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound } from '../../http/errors.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { pageOf } from '../shared/page-of.js';
import { nameOf } from '../shared/people.js';
import { visibleImports } from './policy.js';
import { IMPORT_COLUMNS, type ImportRow } from './records.js';

export const THING = 'Client import';
const FAILURES_SHOWN = 100;

const COLUMNS = sql`
  r.id, r.filename, r.status, r.encoding, r.delimiter,
  (SELECT coalesce(json_agg(json_build_object(
     'header', header, 'field', coalesce(r.fields ->> (place - 1)::integer, ''), 'samples', r.samples -> (place - 1)::integer)
     ORDER BY place), '[]')
   FROM jsonb_array_elements_text(r.headers) WITH ORDINALITY AS h (header, place)) AS columns,
  r.duplicates, r.other_name, r.date_format, r.default_gender, r.default_country, r.default_branch_id AS default_branch,
  r.row_count, r.processed, r.created, r.updated, r.skipped, r.failed, r.other_named, r.undone, r.kept, r.error,
  r.created_by_id AS created_by, ${nameOf('r.created_by_id')} AS created_by_name, r.created_at, r.updated_at,
  r.checked_at, r.started_at, r.finished_at, r.undo_started_at, r.undone_at`;

const FAILURES = sql`
  (SELECT coalesce(json_agg(json_build_object('row', f.row_number, 'errors', f.problems) ORDER BY f.row_number), '[]')
   FROM (SELECT row_number, problems FROM client_import_row
         WHERE import_id = r.id AND outcome = 'FAILED' ORDER BY row_number LIMIT ${sql.lit(FAILURES_SHOWN)}) f) AS failures`;

const OTHER_NAMED = sql`
  (SELECT coalesce(jsonb_agg(jsonb_build_object('row', f.row_number, 'outcome', f.outcome) || f.other_name ORDER BY f.row_number), '[]')
   FROM (SELECT row_number, outcome, other_name FROM client_import_row
         WHERE import_id = r.id AND other_name IS NOT NULL ORDER BY row_number LIMIT ${sql.lit(FAILURES_SHOWN)}) f)
    AS other_named_rows`;

/** Returns a page of the imports that the user sees, newest first. */
export async function listImports(
  transaction: TenantTransaction,
  user: CurrentUser,
  page: PageRequest,
): Promise<Pending<PageOf<object>>> {
  const visible = visibleImports(user);
  const counting = sql<{ count: number }>`SELECT count(*) AS count FROM client_import r WHERE ${visible}`;
  const rows = sql<object>`
    SELECT ${COLUMNS} FROM client_import r WHERE ${visible} ORDER BY r.created_at DESC, r.id DESC`;
  return await pageOf(transaction, counting, rows, page);
}

function detail(id: number, visible: RawBuilder<boolean>) {
  return sql<object>`SELECT ${COLUMNS}, ${FAILURES}, ${OTHER_NAMED}, r.encoding_choices FROM client_import r WHERE r.id = ${id} AND ${visible}`;
}

/** Returns an import with its first failures. @throws HttpError 404 */
export function readImport(transaction: TenantTransaction, user: CurrentUser, id: number): Pending<object> {
  return transaction.send(detail(id, visibleImports(user))).map(firstOr(() => notFound(THING)));
}

/** Returns an import, locked against concurrent actions. @throws HttpError 404 */
export async function lockImport(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<ImportRow> {
  const [row] = await transaction.query(sql<ImportRow>`
    SELECT ${IMPORT_COLUMNS} FROM client_import r WHERE r.id = ${id} AND ${visibleImports(user)} FOR NO KEY UPDATE`);
  if (!row) throw notFound(THING);
  return row;
}
