import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../src/database/database.js';
import { LIMITS } from '../../src/database/limits.js';
import { withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

// A transaction is bounded whatever the program's role was made with, by whoever made it.

let databases: TestDatabase;
beforeAll(async () => {
  databases = await testDatabase();
});
afterAll(() => databases?.drop());

const NAMES = Object.keys(LIMITS);
const context = { schema: 'tenant_main', userId: null };

/** Sets the role's own limits on this database, and gives those of a new connection's transaction and of what follows it. */
async function limitsWith(own: string): Promise<{ within: unknown; after: unknown }> {
  const { user, database } = databases.app;
  await withOwner(databases.admin, async (client) => {
    for (const name of NAMES)
      await client.query(`ALTER ROLE ${user} IN DATABASE ${database} SET ${name} TO '${own}'`);
  });
  const connections = new Database(databases.app, { size: 1 });
  const asked = `SELECT ${NAMES.map((name) => `current_setting('${name}') AS ${name}`).join(', ')}`;
  try {
    const [within] = await connections.tenantQuery(context, statement(asked));
    const [after] = await connections.publicQuery(statement(asked));
    return { within, after };
  } finally {
    await connections.close();
  }
}

describe('the time limits of a tenant transaction', () => {
  test('are the program’s where its role has none, and end with the transaction', async () => {
    const none = Object.fromEntries(NAMES.map((name) => [name, '0']));
    expect(await limitsWith('0')).toEqual({
      within: { ...LIMITS, idle_in_transaction_session_timeout: '1min' },
      after: none,
    });
  });

  test('are the role’s own where it has some', async () => {
    const own = Object.fromEntries(NAMES.map((name) => [name, '7s']));
    expect(await limitsWith('7s')).toEqual({ within: own, after: own });
  });
});
