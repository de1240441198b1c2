import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/sql.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import { permissionDenied } from '../../http/errors.js';
import type { LateInput } from '../../http/fields/body.js';
import { mayWrite } from './policy.js';
import type { NoteCreateInput, NoteOutput, NoteUpdateInput } from './schemas.js';
import { notes } from './selectors.js';

/** Writes a note about a client. @throws HttpError 400 when there is no such client, 403 when it is out of scope */
export async function createNote(
  transaction: TenantTransaction,
  user: CurrentUser,
  { client, content }: NoteCreateInput,
): Promise<Pending<NoteOutput>> {
  return await notes.create(transaction, user, { client_id: client, content, author_id: user.id });
}

/** Changes a note's text. @throws HttpError 404; 403 also for users who neither wrote it nor may change notes; 400 */
export async function updateNote(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
  body: LateInput<NoteUpdateInput>,
): Promise<Pending<NoteOutput>> {
  const note = await notes.lock(transaction, user, id);
  if (!mayWrite(user, note.author_id, 'change')) throw permissionDenied();
  return notes.update(transaction, user, note, body.read());
}

/** Deletes a note. @throws HttpError 404; 403 also for users who neither wrote it nor may delete notes */
export async function deleteNote(
  transaction: TenantTransaction,
  user: CurrentUser,
  id: number,
): Promise<void> {
  const note = await notes.lock(transaction, user, id);
  if (!mayWrite(user, note.author_id, 'remove')) throw permissionDenied();
  transaction.send(sql`DELETE FROM immigration_note WHERE id = ${id}::bigint`);
}
