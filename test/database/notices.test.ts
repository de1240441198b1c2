import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CHANNELS } from '../../src/database/channels.js';
import { Listener } from '../../src/database/listener.js';
import { withOwner } from '../../src/database/owner.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

// Any role of the database may send a notice on any channel, with anything in it.

let databases: TestDatabase;

beforeAll(async () => {
  databases = await testDatabase();
});
afterAll(() => databases.drop());

const OTHERS = Object.values(CHANNELS).filter((channel) => channel !== CHANNELS.heartbeat);
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
  for (const channel of OTHERS) {
    listener.on(channel, () => {
      throw new TypeError(`cannot read it on ${channel}`);
    });
  }
  listener.on(CHANNELS.events, (payload) => heard.push(payload));
  try {
    await listener.start();
    await withOwner(databases.owner, async (client) => {
      for (const channel of OTHERS) {
        for (const payload of PAYLOADS) await client.query('SELECT pg_notify($1, $2)', [channel, payload]);
      }
      await client.query("NOTIFY leopard_events, 'last'");
    });
    await expect.poll(() => heard).toContain('last');
    expect(errors.length).toBeGreaterThanOrEqual(OTHERS.length * PAYLOADS.length);
    expect(listener.healthy).toBe(true);
  } finally {
    await listener.close();
  }
});

it('migrations send notices only on channels of the list', () => {
  const sent = ['shared', 'tenant'].flatMap((folder) =>
    readdirSync(`migrations/${folder}`).flatMap((file) => {
      const text = readFileSync(`migrations/${folder}/${file}`, 'utf8');
      return [...text.matchAll(/pg_notify\(\s*'(\w+)'/g)].map(([, channel]) => channel as string);
    }),
  );
  expect(sent.length).toBeGreaterThan(5);
  expect(Object.values(CHANNELS)).toEqual(expect.arrayContaining(sent));
});
