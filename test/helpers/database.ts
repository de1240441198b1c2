import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import type { ConnectionSettings } from '../../src/config/config.js';
import { withOwner } from '../../src/database/owner.js';
import { tolerantly } from '../../src/database/roles.js';
import { connectionsTo } from './leaks.js';

export interface TestDatabase {
  /** The program's connection settings. */
  readonly app: ConnectionSettings;
  /** The owner's connection settings. */
  readonly owner: ConnectionSettings;
  /** The server's superuser, on this database. */
  readonly admin: ConnectionSettings;
  /** Removes the database; fails when a connection to it is still open. */
  drop(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** `template`: migrated, with the tenants `main` and `demo`. `empty`: a new one, as bootstrap makes it. */
  readonly from?: 'template' | 'empty';
}

// Copying the files takes a third of the time that writing the copy through the log does.
const FROM_TEMPLATE = 'TEMPLATE leopard_template STRATEGY FILE_COPY';
const EMPTY = `TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'und' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'`;

/** Creates a database for a test file. */
export async function testDatabase({ from = 'template' }: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = inject('testServer');
  const database = `test_${randomBytes(6).toString('hex')}`;
  await withOwner(server.admin, async (client) => {
    const origin = from === 'template' ? FROM_TEMPLATE : EMPTY;
    await client.query(`CREATE DATABASE ${database} OWNER ${server.owner.user} ${origin}`);
    // Privileges on a database are not copied with it.
    await client.query(
      tolerantly(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC;
        GRANT CONNECT ON DATABASE ${database} TO ${server.owner.user}, ${server.app.user};`),
    );
  });
  const as = (role: { user: string; password: string }) => ({ ...server.admin, ...role, database });
  return {
    app: as(server.app),
    owner: as(server.owner),
    admin: as(server.admin),
    async drop() {
      const leaked = await connectionsTo(server.admin, database);
      await withOwner(server.admin, (client) => client.query(`DROP DATABASE ${database} WITH (FORCE)`));
      if (leaked.length > 0) throw new Error(`connections left open:\n${leaked.join('\n')}`);
    },
  };
}
