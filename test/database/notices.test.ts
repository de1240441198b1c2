import { afterAll, beforeAll, expect, it } from 'vitest';
import { Listener } from '../../src/database/listener.js';
import { withOwner } from '../../src/database/owner.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

// Any role of the database may send a notice on any channel, with anything in it.

let databases: TestDatabase;

beforeAll(async () => {
  databases = await testDatabase();
});
afterAll(() => databases.drop());

const CHANNELS = [
  'leopard_notifications',
  'leopard_notifications_read',
  'leopard_client_imports',
  'leopard_log_outs',
  'leopard_access',
  'leopard_tenants',
  'leopard_events',
];
const PAYLOADS = [
  '',
  'x',
  '[]',
  '{}',
  '5',
  '"a"',
  '{"schema": 5, "users": 5}',
  '{"schema": "tenant_main", "users": "a"}',
];

it('what cannot be read does not keep others from hearing', async () => {
  const errors: Error[] = [];
  const listener = new Listener(databases.app, { onError: (error) => errors.push(error) });
  const heard: string[] = [];
  for (const channel of CHANNELS) {
    listener.on(channel, () => {
      throw new TypeError(`cannot read it on ${channel}`);
    });
  }
  listener.on('leopard_events', (payload) => heard.push(payload));
  try {
    await listener.start();
    await withOwner(databases.owner, async (client) => {
      for (const channel of CHANNELS) {
        for (const payload of PAYLOADS) await client.query('SELECT pg_notify($1, $2)', [channel, payload]);
      }
      await client.query("NOTIFY leopard_events, 'last'");
    });
    await expect.poll(() => heard, { timeout: 10_000 }).toContain('last');
    expect(errors.length).toBeGreaterThanOrEqual(CHANNELS.length * PAYLOADS.length);
    expect(listener.healthy).toBe(true);
  } finally {
    await listener.close();
  }
});
