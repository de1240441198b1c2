import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../src/database/database.js';
import { readMigrations } from '../../src/database/migration-files.js';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import { dropTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { inLockingTransaction } from '../../src/schema/locking.js';
import { type MigrateOptions, migrateAll } from '../../src/schema/migrator.js';
import { clearTenantData } from '../../src/seed/clear.js';

import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { leastOf } from '../helpers/processor-time.js';

// A transaction that waits for a strong lock makes all later ones wait, so nothing waits for one for long.

const WAITS = { longest: 150, attempts: 2, pause: 50 };
const LONGEST_READ_MS = 1_000;
/** The message that names the holder of the locks. */
const IN_USE =
  /^the tables of tenant_main are in use by process \d+ of leopard_app \(leopard\)( and \d+ more)?, so nothing was changed there; end that transaction, or run the command again later$/;

let databases: TestDatabase;
let connections: Database;
const main = { schema: 'tenant_main', userId: null };

beforeAll(async () => {
  databases = await testDatabase();
  connections = new Database(databases.app, { size: 3 });
});
afterAll(async () => {
  await connections?.close();
  await databases?.drop();
});

const asOwner = <T>(work: (client: OwnerClient) => Promise<T>) => withOwner(databases.owner, work);

/** Runs `work` while an open transaction reads the main tenant's clients; returns the longest wait of a reader. */
async function besideOpenTransaction(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  await connections.tenantTransaction(main, async (open) => {
    const read = statement('SELECT count(*) FROM immigration_client');
    await open.query(read);
    const working = work().finally(() => {
      done = true;
    });
    working.catch(() => undefined); // awaited below
    let done = false;
    while (!done) {
      const begun = performance.now();
      await connections.tenantQuery(main, read);
      longest = Math.max(longest, performance.now() - begun);
      await sleep(5);
    }
    await working;
  });
  return longest;
}

function oneMore(sql: string): MigrateOptions {
  const files = readMigrations();
  const number = files.tenant.length + 1;
  const checksum = 'f'.repeat(64);
  const tenant = [...files.tenant, { kind: 'tenant' as const, number, name: 'made_up', sql, checksum }];
  return { files: { ...files, tenant }, lockWaits: WAITS };
}

const columns = async () => {
  const { rows } = await asOwner((client) =>
    client.query(
      "SELECT table_schema FROM information_schema.columns WHERE column_name = 'made_up' ORDER BY 1",
    ),
  );
  return rows.map(({ table_schema }) => table_schema);
};

describe('beside a transaction that stays open', () => {
  it('a migration leaves that tenant out with one line, does the others, and lets readers through', async () => {
    const options = oneMore('ALTER TABLE immigration_client ADD COLUMN made_up text');
    const longest = await besideOpenTransaction(async () => {
      const { failures, applied } = await migrateAll(databases.owner, databases.app.user, options);
      expect(applied).toBe(1);
      expect(failures.map(({ scope }) => scope)).toEqual(['tenant_main']);
      expect(failures[0]?.error.message).toMatch(IN_USE);
    });
    expect(longest).toBeLessThan(LONGEST_READ_MS);
    expect(await columns()).toEqual(['tenant_demo']);
    const { failures } = await migrateAll(databases.owner, databases.app.user, options);
    expect(failures).toEqual([]);
    expect(await columns()).toEqual(['tenant_demo', 'tenant_main']);
  });

  it('emptying and deleting a tenant give up with one line, and change nothing', async () => {
    const { owner } = databases;
    const longest = await besideOpenTransaction(async () => {
      await expect(dropTenantSchema(owner, 'tenant_main', WAITS)).rejects.toThrow(IN_USE);
      await expect(clearTenantData({ owner }, 'tenant_main', WAITS)).rejects.toThrow(IN_USE);
    });
    expect(longest).toBeLessThan(LONGEST_READ_MS);
    const { rowCount } = await asOwner((client) => client.query('SELECT FROM tenant_main.auth_permission'));
    expect(rowCount).toBeGreaterThan(100);
  });
});

it('what is in use for a moment only is waited for', async () => {
  let ended = false;
  const open = connections.tenantTransaction(main, async (transaction) => {
    await transaction.query(statement('SELECT count(*) FROM immigration_client'));
    await sleep(300);
    ended = true;
  });
  await sleep(50);
  await clearTenantData({ owner: databases.owner }, 'tenant_main', {
    ...WAITS,
    attempts: 10,
  });
  expect(ended).toBe(true);
  await open;
});

it('readers wait for one transaction as a whole, whatever the number of its tables that others let go one by one', async () => {
  const tables = 8;
  const names = await asOwner(async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'tenant_demo'::regnamespace AND relkind = 'r'
       ORDER BY oid LIMIT ${tables}`,
    );
    return rows.map(({ name }) => name);
  });
  const heldMs = 190;
  const waits = { longest: 200, attempts: 40, pause: 5 };
  const limit = (names.length * heldMs) / 2;
  let attempt = 0;
  const longestRead = async () => {
    attempt++;
    const add = names
      .map((name) => `ALTER TABLE tenant_demo.${name} ADD COLUMN held_one_by_one_${attempt} text`)
      .join('; ');
    const read = statement(`SELECT FROM ${names[0]} LIMIT 1`);
    let longest = 0;
    await asOwner(async (holder) => {
      // What was locked after a savepoint is let go with it: the first table comes last.
      await holder.query('BEGIN');
      for (const name of names.toReversed())
        await holder.query(`SAVEPOINT ${name}; LOCK TABLE tenant_demo.${name} IN ACCESS SHARE MODE`);
      let isOver = false;
      const letGo = async () => {
        for (const name of names) {
          await sleep(heldMs);
          await holder.query(`ROLLBACK TO ${name}`);
        }
        await holder.query('ROLLBACK');
      };
      const readOn = async () => {
        while (!isOver) {
          const begun = performance.now();
          await connections.tenantQuery({ schema: 'tenant_demo', userId: null }, read);
          longest = Math.max(longest, performance.now() - begun);
          await sleep(5);
        }
      };
      const reading = readOn();
      const changing = asOwner((client) =>
        inLockingTransaction(client, 'tenant_demo', () => client.query(add), { waits }),
      );
      await Promise.all([changing, letGo()]);
      isOver = true;
      await reading;
    });
    return longest;
  };
  expect(await leastOf(longestRead, limit)).toBeLessThan(limit);
});
