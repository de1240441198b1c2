import type { CurrentUser } from '../../auth/current-user.js';
import { covers, scopeOf } from '../../auth/scope.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidField, invalidPk } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { isId } from '../../http/path-id.js';
import { outOfScope } from '../shared/client-access.js';
import { CLIENT_FIELDS } from './client-values.js';
import { guessFields, problemOfFields } from './columns.js';
import type { Delimiter } from './delimiter.js';
import type { ClientFile, ReadOptions, Undecided } from './file.js';
import { checkKept, type ImportLimits } from './limits.js';
import { forgetResults } from './records.js';
import type { EncodingChoiceInput, ImportPatchInput } from './schemas.js';
import { lockImport, readImport } from './selectors.js';
import { checkStatus, ENDED } from './states.js';

const LONGEST_NAME = 255;
/** Number of parts of a file that are sent to the database together. */
const SENT_TOGETHER = 8;

export interface SentFile {
  readonly name: string;
  readonly content: Buffer;
  /** The delimiter chosen by the sender; '' if it is to be guessed. */
  readonly delimiter: Delimiter | '';
}

/**
 * Stores a file, with its columns mapped to fields as far as their headers allow. The original is stored too if the
 * user has to choose the encoding, or may still change it.
 * @throws HttpError 429 where imports keep too much already
 */
export async function createImport(
  transaction: TenantTransaction,
  user: CurrentUser,
  { name: filename, content, delimiter }: SentFile,
  file: ClientFile | Undecided,
  limits: ImportLimits,
): Promise<Pending<object>> {
  const isKept = 'choices' in file || file.isDamaged;
  await checkKept(transaction, user, limits, sizeOf(file) + (isKept ? content.length : 0));
  const name = [...filename.toWellFormed().replaceAll('\0', '')].slice(0, LONGEST_NAME).join('');
  const choices = JSON.stringify('choices' in file ? file.choices : []);
  const [made] = await transaction.query(sql<{ id: number }>`
    INSERT INTO client_import (filename, encoding, delimiter, encoding_choices, state_fields, created_by_id)
    VALUES (${name}, '', ${delimiter}, ${choices}::jsonb, ${JSON.stringify(CLIENT_FIELDS)}::jsonb, ${user.id})
    RETURNING id`);
  const { id } = made as { id: number };
  if (!('choices' in file)) await keepFile(transaction, id, file);
  if (isKept) {
    transaction.send(sql`
      INSERT INTO client_import_source (import_id, content) VALUES (${id}, ${content}::bytea)`);
  }
  return readImport(transaction, user, id);
}

/** Returns the size of what is stored of a file's contents, in bytes. */
function sizeOf(file: ClientFile | Undecided): number {
  return 'choices' in file ? 0 : file.parts.reduce((size, part) => size + Buffer.byteLength(part), 0);
}

/** Stores the contents of a file that could be read. */
async function keepFile(transaction: TenantTransaction, id: number, file: ClientFile): Promise<void> {
  const { headers, samples, encoding, delimiter, dateFormat, rowCount, parts } = file;
  transaction.send(sql`
    UPDATE client_import SET
      encoding = ${encoding}, delimiter = ${delimiter}, headers = ${JSON.stringify(headers)}::jsonb,
      samples = ${JSON.stringify(samples)}::jsonb, fields = ${JSON.stringify(guessFields(headers))}::jsonb,
      date_format = ${dateFormat}, row_count = ${rowCount}, updated_at = now()
    WHERE id = ${id}`);
  for (const [number, content] of parts.entries()) {
    const insert = sql`
      INSERT INTO client_import_part (import_id, number, content) VALUES (${id}, ${number}, ${content})`;
    // What is sent at once is written at once, which takes long for a whole file.
    if (number % SENT_TOGETHER === SENT_TOGETHER - 1) await transaction.query(insert);
    else transaction.send(insert);
  }
}

/** Reads the stored original of an import's file and the options for reading it. @throws HttpError 404, 400 */
export async function sourceOf(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<EncodingChoiceInput>,
): Promise<{ readonly content: Buffer; readonly options: ReadOptions }> {
  const { status, encoding, delimiter } = await lockImport(transaction, user, id);
  const chosen = body.read();
  checkStatus({ status }, ['DRAFT']);
  const [source] = await transaction.query(sql<{ content: Buffer }>`
    SELECT content FROM client_import_source WHERE import_id = ${id}`);
  if (!source) {
    throw invalidField(
      'encoding',
      `The file tells that it is ${encoding}; to read it otherwise, send it again.`,
    );
  }
  return { content: source.content, options: { ...chosen, ...(delimiter && { delimiter }) } };
}

/** Replaces the contents of a file by those read in the chosen encoding. @throws HttpError 404, 400, 429 */
export async function chooseEncoding(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  file: ClientFile,
  limits: ImportLimits,
): Promise<Pending<object>> {
  checkStatus(await lockImport(transaction, user, id), ['DRAFT']);
  forgetResults(transaction, id);
  transaction.send(sql`DELETE FROM client_import_part WHERE import_id = ${id}`);
  await checkKept(transaction, user, limits, sizeOf(file));
  await keepFile(transaction, id, file);
  return readImport(transaction, user, id);
}

/** Changes how an import interprets its file. The results of a dry run are deleted. @throws HttpError 404, 400, 403 */
export async function patchImport(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<ImportPatchInput>,
): Promise<Pending<object>> {
  const row = await lockImport(transaction, user, id);
  const input = body.read();
  const problem = input.fields && problemOfFields(input.fields, row.headers.length);
  if (problem) throw invalidField('fields', problem);
  const { default_branch_id: branch } = input;
  if (typeof branch === 'number') await checkBranch(transaction, user, branch);
  checkStatus(row, ['DRAFT']);
  const { fields = row.fields, duplicates = row.duplicates, date_format = row.date_format } = input;
  const { other_name = row.other_name } = input;
  const { default_gender = row.default_gender, default_country = row.default_country } = input;
  forgetResults(transaction, id);
  transaction.send(sql`
      UPDATE client_import SET
        fields = ${JSON.stringify(fields)}::jsonb, duplicates = ${duplicates}, other_name = ${other_name}, date_format = ${date_format},
        default_gender = ${default_gender}, default_country = ${default_country},
        default_branch_id = ${branch === undefined ? row.default_branch_id : branch}
      WHERE id = ${id}`);
  return readImport(transaction, user, id);
}

/** Deletes an import with its file; the clients stay, and it can no longer be undone. @throws HttpError 404, 400 */
export async function deleteImport(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  checkStatus(await lockImport(transaction, user, id), ['DRAFT', ...ENDED]);
  transaction.send(sql`DELETE FROM client_import WHERE id = ${id}`);
}

/** Checks an import's branch. @throws HttpError 400 for one that does not exist, 403 for one out of scope */
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
