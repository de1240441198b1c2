import { CellDatabases } from './cell-databases.js';
import type { DatabaseHandle } from './connections.js';
import { Database } from './database.js';
import { withOwner } from './owner.js';

/** The connections of a command to the catalogue's database and to all further cells. */
export interface OpenedCells {
  /** Passes the transactions of tenants of further cells on to these. */
  readonly database: Database;
  close(): Promise<void>;
}

const UNDEFINED_COLUMN = '42703';
const UNDEFINED_TABLE = '42P01';

/**
 * Opens connections to the catalogue and, as they are needed, to further cells, with the places of all tenants as the
 * catalogue has them now: for commands, which are over soon.
 * @param size maximum number of connections to each database
 * @throws the driver's errors where the catalogue cannot be read
 */
export async function openCells(handle: DatabaseHandle, size: number): Promise<OpenedCells> {
  const { cells: further = [] } = handle;
  if (further.length === 0) {
    const database = new Database(handle.app, { size });
    return { database, close: () => database.close() };
  }
  const cells = new CellDatabases();
  for (const { name, handle: cell } of further) cells.add(name, new Database(cell.app, { size }));
  for (const { schema, cell } of await placesIn(handle)) cells.note(schema, cell);
  const database = new Database(handle.app, { size, cells });
  return {
    database,
    async close() {
      await Promise.all([database, ...cells.all.values()].map((one) => one.close()));
    },
  };
}

async function placesIn({ app }: DatabaseHandle): Promise<{ schema: string; cell: string }[]> {
  try {
    const { rows } = await withOwner(app, (client) =>
      client.query<{ schema: string; cell: string }>(
        'SELECT schema_name AS schema, cell FROM public.tenants_tenant WHERE cell IS NOT NULL',
      ),
    );
    return rows;
  } catch (error) {
    const { code = '' } = error as { code?: string };
    if (code === UNDEFINED_COLUMN || code === UNDEFINED_TABLE) return []; // before the first migration
    throw error;
  }
}
