import type { DatabaseHandle } from '../../src/database/connections.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { type TestDatabase, testDatabase } from './database.js';

export interface EmptyDatabase extends TestDatabase {
  /** The database as commands receive it. */
  readonly handle: DatabaseHandle;
}

/** Creates a migrated database without tenants. */
export async function emptyDatabase(): Promise<EmptyDatabase> {
  const database = await testDatabase({ from: 'empty' });
  const { app, owner } = database;
  await migrateAll(owner, app.user);
  const handle: DatabaseHandle = {
    kind: 'server',
    app,
    owner,
    ended: new Promise(() => undefined),
    close: async () => undefined,
    abandon: () => undefined,
  };
  return { ...database, handle };
}
