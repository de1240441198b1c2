import type { TenantTables } from '../../../src/database/generated/tables.js';
import { sql } from '../../../src/database/sql.js';
import type { Insertable } from '../../../src/database/table-types.js';
import type { TenantTransaction } from '../../../src/database/tenant-transaction.js';
import { insertInto } from '../../../src/database/writes.js';

type Table = keyof TenantTables;

// Some names are unique: the suites create several of each.
let made = 0;

/** Returns an unused name. */
export const newName = (): string => `Sample ${++made}`;

/** Inserts a row into a table. @returns its id */
export async function insert<T extends Table>(
  transaction: TenantTransaction,
  table: T,
  values: Insertable<TenantTables[T]>,
): Promise<number> {
  const [row] = await transaction.query(
    sql<{ id: number }>`${insertInto(table, values as never)} RETURNING id`,
  );
  return row?.id ?? 0;
}
