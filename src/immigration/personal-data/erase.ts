import { recordSecurityEvent } from '../../auth/security-log.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { isStoredPath, type MediaStore } from '../../storage/media-store.js';

/** A client that was erased. */
export interface ErasedClient {
  readonly client_id: number;
  /** Numbers of records, events and so on that were removed or emptied. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Thrown when a client cannot be erased because an import under way has it. */
export class ImportUnderWayError extends Error {
  constructor() {
    super('An import that has this client is under way. Cancel it, or wait until it has ended.');
    this.name = 'ImportUnderWayError';
  }
}

const OBJECT_IN_USE = '55006';

/**
 * Erases everything that is kept of a client. Files are removed before COMMIT: if the process dies in between, the
 * client is not erased yet and erasing can be repeated, but no file is left that no row names.
 * @param operator whether a command does it, instead of the user of the transaction
 * @returns null where there is no such client
 * @throws ImportUnderWayError
 */
export async function eraseClient(
  transaction: TenantTransaction,
  {
    media,
    schema,
    operator = false,
  }: { readonly media: MediaStore; readonly schema: string; readonly operator?: boolean },
  id: number,
): Promise<ErasedClient | null> {
  const [row] = await transaction
    .query(
      sql<{ erased: { files: string[]; counts: Record<string, number> } | null }>`
        SELECT erase_client(${id}::bigint) AS erased`,
    )
    .catch((error: Error & { code?: string }) => {
      throw error.code === OBJECT_IN_USE ? new ImportUnderWayError() : error;
    });
  if (!row?.erased) return null;
  const { files, counts } = row.erased;
  for (const file of files.filter(isStoredPath)) await media.remove(schema, file);
  recordSecurityEvent(transaction, {
    kind: 'client_erased',
    ...(operator && { actor: 'operator' }),
    detail: { client: id },
  });
  return { client_id: id, counts };
}
