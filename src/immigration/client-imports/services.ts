import type { CurrentUser } from '../../auth/current-user.js';
import { covers, scopeOf } from '../../auth/scope.js';
import { sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidField, invalidPk } from '../../http/errors.js';
import { isId } from '../../http/path-id.js';
import { outOfScope } from '../shared/client-access.js';
import { guessFields, problemOfFields } from './columns.js';
import type { ClientFile } from './file.js';
import { forgetResults } from './records.js';
import type { ImportPatchInput } from './schemas.js';
import { lockImport, readImport } from './selectors.js';
import { checkStatus, ENDED } from './states.js';

const LONGEST_NAME = 255;

/** Keeps a file, with what its columns are for as far as their headers tell. */
export async function createImport(
  transaction: TenantTransaction,
  user: CurrentUser,
  filename: string,
  file: ClientFile,
): Promise<object> {
  const { headers, samples, encoding, delimiter, dateFormat, rowCount, parts } = file;
  const name = [...filename.toWellFormed().replaceAll('\0', '')].slice(0, LONGEST_NAME).join('');
  const [made] = await transaction.query(sql<{ id: number }>`
    INSERT INTO client_import (filename, encoding, delimiter, headers, samples, fields, date_format, row_count, created_by_id)
    VALUES (${name}, ${encoding}, ${delimiter}, ${JSON.stringify(headers)}::jsonb, ${JSON.stringify(samples)}::jsonb,
      ${JSON.stringify(guessFields(headers))}::jsonb, ${dateFormat}, ${rowCount}, ${user.id})
    RETURNING id`);
  const { id } = made as { id: number };
  await Promise.all(
    parts.map((content, number) =>
      transaction.query(sql`
        INSERT INTO client_import_part (import_id, number, content) VALUES (${id}, ${number}, ${content})`),
    ),
  );
  return await readImport(transaction, user, id);
}

/** Changes how an import understands its file. What a dry run found before no longer holds. @throws HttpError 404, 400, 403 */
export async function patchImport(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  read: () => ImportPatchInput,
): Promise<object> {
  const row = await lockImport(transaction, user, id);
  const input = read();
  const problem = input.fields && problemOfFields(input.fields, row.headers.length);
  if (problem) throw invalidField('fields', problem);
  const { default_branch_id: branch } = input;
  if (typeof branch === 'number') await checkBranch(transaction, user, branch);
  checkStatus(row, ['DRAFT']);
  const { fields = row.fields, duplicates = row.duplicates, date_format = row.date_format } = input;
  const { default_gender = row.default_gender, default_country = row.default_country } = input;
  await Promise.all([
    forgetResults(transaction, id),
    transaction.query(sql`
      UPDATE client_import SET
        fields = ${JSON.stringify(fields)}::jsonb, duplicates = ${duplicates}, date_format = ${date_format},
        default_gender = ${default_gender}, default_country = ${default_country},
        default_branch_id = ${branch === undefined ? row.default_branch_id : branch}
      WHERE id = ${id}`),
  ]);
  return await readImport(transaction, user, id);
}

/** Removes an import with its file; the clients stay, and it cannot be undone any more. @throws HttpError 404, 400 */
export async function deleteImport(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  checkStatus(await lockImport(transaction, user, id), ['DRAFT', ...ENDED]);
  await transaction.last(sql`DELETE FROM client_import WHERE id = ${id}`);
}

/** @throws HttpError 400 for a branch that is not there, 403 for one out of scope */
async function checkBranch(transaction: TenantTransaction, user: CurrentUser, branch: number): Promise<void> {
  const [found] = isId(branch)
    ? await transaction.query(sql`
        SELECT FROM immigration_branch WHERE id = ${branch} AND deleted_at IS NULL FOR KEY SHARE`)
    : [];
  if (!found) throw invalidPk('default_branch_id', branch);
  if (!covers(scopeOf(user), branch)) {
    throw outOfScope(user, 'branch', branch);
  }
}
