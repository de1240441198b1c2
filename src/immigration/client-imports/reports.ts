import type { CurrentUser } from '../../auth/current-user.js';
import type { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';
import type { TenantContext } from '../../database/tenant-transaction.js';
import { type FieldErrors, notFound } from '../../http/errors.js';
import { csvLines, withoutApostrophes } from '../shared/csv.js';
import type { NextPiece } from '../shared/csv-answer.js';
import { visibleImports } from './policy.js';
import { readPart } from './records.js';
import { THING } from './selectors.js';

// The results of an import, as files: created part by part, each in a transaction of its own.

const BATCH = 1_000;

/**
 * Yields the failed rows as they came, followed by the row's number and its errors: a file that can be corrected and
 * imported again. The first piece throws HttpError 404.
 */
export function failurePieces(
  database: Database,
  context: TenantContext,
  user: CurrentUser,
  id: number,
): NextPiece {
  let part = -1;
  let headers: readonly string[] = [];
  return async () => {
    if (part < 0) {
      headers = (await visible(database, context, user, id)).headers;
      part = 0;
      return csvLines([[...headers, 'import_row', 'import_problems']]);
    }
    return await database.tenantTransaction(context, async (transaction) => {
      const rows = await readPart(transaction, id, part++);
      if (!rows) return null;
      const numbers = rows.map(({ number }) => number);
      const failed = transaction.send(sql<{ row: number; problems: FieldErrors }>`
        SELECT row_number AS "row", problems FROM client_import_row
        WHERE import_id = ${id} AND outcome = 'FAILED' AND row_number = ANY (${numbers}::integer[])`);
      return failed.map((failures) => {
        const problems = new Map(failures.map(({ row, problems }) => [row, sentence(problems)]));
        const lines = rows
          .filter(({ number }) => problems.has(number))
          .map(({ number, cells }) => {
            const width = Math.max(headers.length, cells.length);
            const filled = Array.from({ length: width }, (_, column) =>
              withoutApostrophes((cells[column] ?? '').trim()),
            );
            return [...filled, number, problems.get(number) ?? ''];
          });
        return csvLines(lines);
      });
    });
  };
}

/** Yields the rows that undoing left unchanged, with the reasons. The first piece throws HttpError 404. */
export function notUndonePieces(
  database: Database,
  context: TenantContext,
  user: CurrentUser,
  id: number,
): NextPiece {
  let reached: number | undefined;
  let isOver = false;
  return async () => {
    if (reached === undefined) {
      await visible(database, context, user, id);
      reached = 0;
      return csvLines([['import_row', 'client', 'outcome', 'reason']]);
    }
    if (isOver) return null;
    const rows = await database.tenantQuery(
      context,
      sql<{ row: number; client: number; outcome: string; reason: string }>`
        SELECT row_number AS "row", client_id AS client, outcome, kept_because AS reason FROM client_import_row
        WHERE import_id = ${id} AND row_number > ${reached} AND kept_because IS NOT NULL
        ORDER BY row_number LIMIT ${sql.lit(BATCH)}`,
    );
    isOver = rows.length < BATCH;
    reached = rows.at(-1)?.row ?? reached;
    return csvLines(rows.map(({ row, client, outcome, reason }) => [row, client, outcome, reason]));
  };
}

/** Returns an import that the user sees. @throws HttpError 404 */
async function visible(
  database: Database,
  context: TenantContext,
  user: CurrentUser,
  id: number,
): Promise<{ readonly headers: readonly string[] }> {
  const [found] = await database.tenantQuery(
    context,
    sql<{
      headers: string[];
    }>`SELECT headers FROM client_import r WHERE r.id = ${id} AND ${visibleImports(user)}`,
  );
  if (!found) throw notFound(THING);
  return found;
}

/** Formats errors as sentences: `email: Enter a valid email address. gender: This field is required.` */
function sentence(problems: FieldErrors): string {
  return Object.entries(problems)
    .map(([field, messages]) => {
      const text = Array.isArray(messages) ? messages.join(' ') : JSON.stringify(messages);
      return field === 'non_field_errors' ? text : `${field}: ${text}`;
    })
    .join(' ');
}
