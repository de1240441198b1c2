import { inject } from 'vitest';
import type { ConnectionSettings } from '../../src/config/config.js';
import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import type { DatabaseHandle } from '../../src/database/connections.js';
import { migrateAll } from '../../src/schema/migrator.js';
import type { TestDatabase } from '../helpers/database.js';
import { startPostgres } from '../helpers/postgres-server.js';

/** A PostgreSQL server of its own, as a further cell. */
export interface SecondServer {
  readonly name: string;
  readonly admin: ConnectionSettings;
  readonly app: ConnectionSettings;
  readonly owner: ConnectionSettings;
  readonly handle: DatabaseHandle;
  stop(): Promise<void>;
}

const OF_A_SERVER = {
  kind: 'server' as const,
  ended: new Promise<void>(() => undefined),
  close: async () => undefined,
  abandon: () => undefined,
};

/** Starts a server with a migrated database without tenants. The caller stops it. */
export async function startSecondServer(name = 'eu2'): Promise<SecondServer> {
  const { owner, app } = inject('testServer');
  const server = await startPostgres();
  try {
    const database = 'leopard';
    await bootstrapDatabase(server.admin, { database, owner, app });
    const as = (role: { user: string; password: string }) => ({ ...server.admin, ...role, database });
    await migrateAll(as(owner), app.user);
    return {
      name,
      admin: { ...server.admin, database },
      app: as(app),
      owner: as(owner),
      handle: { ...OF_A_SERVER, app: as(app), owner: as(owner) },
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** Returns the catalogue's database with its further cells, as commands receive it. */
export function withCells(main: TestDatabase, ...cells: readonly SecondServer[]): DatabaseHandle {
  const { app, owner } = main;
  return { ...OF_A_SERVER, app, owner, cells: cells.map(({ name, handle }) => ({ name, handle })) };
}
