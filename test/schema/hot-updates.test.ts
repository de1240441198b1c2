import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

const CLIENTS = 200;
/**
 * How long it is tried again, in milliseconds: a session's old snapshot keeps old rows on their pages, in another database
 * of the server, too, since the server estimates what may be removed by the oldest of all.
 */
const WITHIN_MS = 30_000;

let databases: TestDatabase;
beforeAll(async () => {
  databases = await testDatabase();
});
afterAll(async () => {
  await databases.drop();
});

/** Changes each client in a transaction of its own; returns the share of changes for which no index was written. */
async function hotShare(client: OwnerClient, change: string): Promise<number> {
  await client.query('ALTER TABLE immigration_client SET (autovacuum_enabled = off)');
  await client.query('TRUNCATE immigration_client RESTART IDENTITY CASCADE');
  await client.query(
    `INSERT INTO immigration_client (first_name, last_name, description, email)
     SELECT 'First' || n, 'Last' || n, 'Unseen', 'client' || n || '@example.com' FROM generate_series(1, $1::integer) n`,
    [CLIENTS],
  );
  const counters = async () => {
    await client.query('SELECT pg_stat_force_next_flush()');
    const { rows } = await client.query<{ changed: number; hot: number }>(
      `SELECT n_tup_upd::integer AS changed, n_tup_hot_upd::integer AS hot FROM pg_stat_user_tables
       WHERE relid = 'immigration_client'::regclass`,
    );
    return rows[0]!;
  };
  const before = await counters();
  for (let id = 1; id <= CLIENTS; id++)
    await client.query(`UPDATE immigration_client SET ${change}, updated_at = now() WHERE id = ${id}`);
  const after = await counters();
  expect(after.changed - before.changed).toBe(CLIENTS);
  return (after.hot - before.hot) / CLIENTS;
}

describe('a change of a client', () => {
  it('writes no index where none has the field: the row stays on its page', async () => {
    await withOwner(databases.owner, async (client) => {
      await client.query('SET search_path TO tenant_main; SET synchronous_commit TO off');
      let highest = 0;
      for (const until = Date.now() + WITHIN_MS; highest <= 0.99 && Date.now() < until; await sleep(100))
        highest = Math.max(highest, await hotShare(client, "description = 'Called'"));
      expect(highest).toBeGreaterThan(0.99);
      expect(await hotShare(client, "email = 'other@example.com'")).toBe(0);
    });
  });
});
