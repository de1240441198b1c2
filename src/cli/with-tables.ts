import type { DatabaseHandle } from '../database/connections.js';
import type { Database } from '../database/database.js';
import { openCells } from '../database/open-cells.js';
import type { CliContext } from './context.js';
import { type WithDatabaseOptions, withDatabase } from './with-database.js';

/** The connections of a command. */
export interface Tables {
  /** The program's own connections, without privileges on tenants' tables outside a tenant transaction. */
  readonly database: Database;
  readonly handle: DatabaseHandle;
}

const CONNECTIONS = 2;

/**
 * Runs a command's work on the tables of an existing database.
 * @throws PlainError when the database cannot be used, and what `work` throws
 */
export async function withTables<T>(
  context: CliContext,
  work: (tables: Tables) => Promise<T>,
  options?: WithDatabaseOptions,
): Promise<T> {
  return await withDatabase(
    context,
    async (handle) => {
      const { database, close } = await openCells(handle, CONNECTIONS);
      try {
        return await work({ database, handle });
      } finally {
        await close();
      }
    },
    options,
  );
}
