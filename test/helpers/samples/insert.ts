import type { TenantTables } from '../../../src/database/generated/tables.js';
import { type Insertable, queries } from '../../../src/database/queries.js';
import type { TenantTransaction } from '../../../src/database/tenant-transaction.js';

type Table = keyof TenantTables;

// Some names are unique: the suites make several of each.
let made = 0;

/** A name that nothing else has. */
export const newName = (): string => `Sample ${++made}`;

/** Puts a row into a table. @returns its id */
export async function insert<T extends Table>(
  transaction: TenantTransaction,
  table: T,
  values: Insertable<TenantTables[T]>,
): Promise<number> {
  const [row] = await transaction.query(
    queries
      .insertInto(table as Table)
      .values(values as never)
      .returning('id'),
  );
  return (row as { id: number }).id;
}
