import type { CurrentUser } from '../../auth/current-user.js';
import type { Pending, TenantTransaction } from '../../database/tenant-transaction.js';
import type { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageOf, PageRequest } from '../../routing/pagination.js';
import { ClientRecords } from '../shared/client-records.js';
import { idFilter } from '../shared/filters.js';
import { named } from '../shared/names.js';
import { NoteOutput } from './schemas.js';

export const notes = new ClientRecords({
  table: 'immigration_note',
  clientField: 'client',
  latest: 'r.created_at',
  output: NoteOutput,
  columns: { author_name: named('person', 'author_id') },
});

/** Returns a page of the notes in scope, newest first; of one client or by one author on request. */
export async function listNotes(
  transaction: TenantTransaction,
  user: CurrentUser,
  query: QueryParameters,
  page: PageRequest,
): Promise<Pending<PageOf<NoteOutput>>> {
  return await notes.list(transaction, user, query, page, [idFilter(query, 'author', 'r.author_id')]);
}
