import type { CurrentUser } from '../../auth/current-user.js';
import { sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { ClientRecords } from '../shared/client-records.js';
import { idFilter } from '../shared/filters.js';
import { nameOf } from '../shared/people.js';
import type { NoteOutput } from './schemas.js';

export const notes = new ClientRecords({
  table: 'immigration_note',
  thing: 'Note',
  clientField: 'client',
  latest: 'r.created_at',
  columns: sql<NoteOutput>`
    r.id, r.client_id AS client, r.author_id AS author, ${nameOf('r.author_id')} AS author_name, r.content,
    r.created_at, r.updated_at`,
});

/** A page of the notes in scope, newest first; of one client or by one author where the request asks for it. */
export async function listNotes(
  transaction: TenantTransaction,
  user: CurrentUser,
  query: QueryParameters,
  page: PageRequest,
): Promise<PageOf<NoteOutput>> {
  return await notes.list(transaction, user, query, page, [idFilter(query, 'author', 'r.author_id')]);
}
