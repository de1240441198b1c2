import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import { TIMEOUTS } from '../../src/database/timeouts.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { noteUsedClients } from '../helpers/used-clients.js';

// A transaction is bounded whatever settings the program's role was created with.

let databases: TestDatabase;
beforeAll(async () => {
  databases = await testDatabase();
});
afterAll(() => databases?.drop());

const NAMES = Object.keys(TIMEOUTS);
const context = { schema: 'tenant_main', userId: null };

/**
 * Sets the role's own limits on this database, and returns those of transactions on a new connection and of later ones.
 */
async function limitsWith(own: string): Promise<{ tenant: unknown; shared: unknown; after: unknown }> {
  const { user, database } = databases.app;
  await withOwner(databases.admin, async (client) => {
    for (const name of NAMES)
      await client.query(`ALTER ROLE ${user} IN DATABASE ${database} SET ${name} TO '${own}'`);
  });
  const connections = new Database(databases.app, { size: 1 });
  const asked = `SELECT ${NAMES.map((name) => `current_setting('${name}') AS ${name}`).join(', ')}`;
  const { clients, stop } = noteUsedClients();
  try {
    const [tenant] = await connections.tenantQuery(context, statement(asked));
    const [shared] = await connections.publicQuery(statement(asked));
    const [used] = clients;
    const after = await used?.query(asked);
    return { tenant, shared, after: after?.rows[0] };
  } finally {
    stop();
    await connections.close();
  }
}

describe('the time limits of a transaction', () => {
  test('are the program’s where its role has none, and end with the transaction', async () => {
    const none = Object.fromEntries(NAMES.map((name) => [name, '0']));
    const programs = { ...TIMEOUTS, idle_in_transaction_session_timeout: '1min' };
    expect(await limitsWith('0')).toEqual({ tenant: programs, shared: programs, after: none });
  });

  test('are the role’s own where it has some', async () => {
    const own = Object.fromEntries(NAMES.map((name) => [name, '7s']));
    expect(await limitsWith('7s')).toEqual({ tenant: own, shared: own, after: own });
  });
});
