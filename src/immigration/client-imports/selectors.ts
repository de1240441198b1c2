import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { notFound } from '../../http/errors.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { named } from '../shared/names.js';
import { Records } from '../shared/records.js';
import { visibleImports } from './policy.js';
import { IMPORT_COLUMNS, type ImportRow } from './records.js';
import { ClientImportDetail, ClientImportOutput } from './schemas.js';

export const THING = 'Client import';
const FAILURES_SHOWN = 100;

const COLUMNS = {
  columns: sql<ClientImportOutput['columns']>`(SELECT coalesce(json_agg(json_build_object(
     'header', header, 'field', coalesce(r.fields ->> (place - 1)::integer, ''), 'samples', r.samples -> (place - 1)::integer)
     ORDER BY place), '[]')
   FROM jsonb_array_elements_text(r.headers) WITH ORDINALITY AS h (header, place))`,
  created_by_name: named('person', 'created_by_id'),
};
const FAILURES = sql<ClientImportDetail['failures']>`
  (SELECT coalesce(json_agg(json_build_object('row', f.row_number, 'errors', f.problems) ORDER BY f.row_number), '[]')
   FROM (SELECT row_number, problems FROM client_import_row
         WHERE import_id = r.id AND outcome = 'FAILED' ORDER BY row_number LIMIT ${sql.lit(FAILURES_SHOWN)}) f)`;

const OTHER_NAMED = sql<ClientImportDetail['other_named_rows']>`
  (SELECT coalesce(jsonb_agg(jsonb_build_object('row', f.row_number, 'outcome', f.outcome) || f.other_name ORDER BY f.row_number), '[]')
   FROM (SELECT row_number, outcome, other_name FROM client_import_row
         WHERE import_id = r.id AND other_name IS NOT NULL ORDER BY row_number LIMIT ${sql.lit(FAILURES_SHOWN)}) f)`;

const TABLE = { table: 'client_import', thing: THING } as const;
const imports = new Records({ ...TABLE, output: ClientImportOutput, columns: COLUMNS });
const details = new Records({
  ...TABLE,
  output: ClientImportDetail,
  columns: { ...COLUMNS, failures: FAILURES, other_named_rows: OTHER_NAMED },
});

/** Returns a page of the imports that the user sees, newest first. */
export async function listImports(
  transaction: TenantTransaction,
  user: CurrentUser,
  page: PageRequest,
): Promise<Pending<PageOf<ClientImportOutput>>> {
  return await imports.list(transaction, page, visibleImports(user), sql`r.created_at DESC, r.id DESC`);
}

/** Returns an import with its first failures. @throws HttpError 404 */
export function readImport(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Pending<ClientImportDetail> {
  return details.read(transaction, id, visibleImports(user));
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
