import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { upload } from '../clients/pictures.js';
import { type Answer, startTestApp, type TestApp } from '../helpers/app.js';
import { EventStream } from '../helpers/event-stream.js';
import { seedStaff } from '../helpers/staff.js';

const PROFILE = '/api/v1/users/profile/';
const STREAM = '/api/v1/notifications/stream/';

let app: TestApp;
const tokens: Record<string, string> = {};
const opened: EventStream[] = [];

beforeAll(async () => {
  app = await startTestApp({
    environment: {
      REQUESTS_PER_SECOND_PER_USER: '4',
      STREAMS_PER_USER: '2',
      REQUESTS_AT_ONCE_PER_USER: '10',
      MEGABYTES_PER_USER: '1',
    },
  });
  await seedStaff(app);
  await seedStaff(app, 'tenant_demo');
  for (const name of ['admin', 'branch1', 'branch3', 'consultant1', 'manager1'])
    tokens[name] = await app.logIn(name);
  tokens.elsewhere = await app.logIn('branch1', 'demo');
});
afterEach(() => {
  for (const stream of opened.splice(0)) stream.close();
});
afterAll(() => app?.close());

async function open(user: string, host?: string) {
  const stream = await EventStream.open(app.base, { token: tokens[user], ...(host && { host }) });
  opened.push(stream);
  return stream;
}

test('requests above the rate get 429, the user’s alone, while others ask', async () => {
  const ask = (user: string, host = 'main') => app.ask('GET', PROFILE, { token: tokens[user], host });
  const answers: Answer[] = [];
  const refusals = () => answers.filter(({ status }) => status === 429);
  while (refusals().length === 0 && answers.length < 200)
    answers.push(...(await Promise.all([...Array.from({ length: 8 }, () => ask('branch1')), ask('admin')])));
  const refused = refusals();
  expect(answers.length - refused.length).toBeGreaterThanOrEqual(20);
  expect([refused[0]?.body, refused[0]?.headers['retry-after']]).toEqual([
    { detail: 'Request was throttled. Expected available in 1 second.' },
    '1',
  ]);
  expect((await ask('branch3')).status).toBe(200);
  expect((await ask('elsewhere', 'demo')).status).toBe(200);
  await expect.poll(async () => (await ask('branch1')).status, { interval: 300 }).toBe(200);
});

test('a file for a record that is not there is not kept', async () => {
  const { headers, body } = upload(Buffer.alloc(2_000_000));
  const path = '/api/v1/clients/999999/profile-picture/';
  const answer = await app.ask('POST', path, { token: tokens.branch3, headers, body });
  expect([answer.status, answer.body]).toEqual([404, { detail: 'Client not found' }]);
  const cut = await app.ask('POST', path, { token: tokens.branch3, headers, body: body.subarray(0, 100) });
  expect([cut.status, cut.body.detail]).toEqual([400, expect.stringMatching(/^Multipart form parse error/)]);
  const client = { first_name: 'Maya', gender: 'FEMALE', country: 'NP' };
  const { id } = (await app.ask('POST', '/api/v1/clients/', { token: tokens.branch3, body: client })).body;
  const kept = await app.ask('POST', path.replace('999999', id), { token: tokens.branch3, headers, body });
  expect(kept.status).toBe(429);
});

test('requests whose connection ends before their answers leave nothing behind', async () => {
  const { port } = new URL(app.base);
  const head = `GET ${PROFILE} HTTP/1.1\r\nHost: main.localhost\r\nAuthorization: Bearer ${tokens.manager1}\r\n\r\n`;
  for (let n = 0; n < 3; n++) {
    const socket = connect(Number(port), '127.0.0.1', () =>
      socket.write(head.repeat(4), () => socket.destroy()),
    );
    await once(
      socket.on('error', () => undefined),
      'close',
    );
  }
  const ask = async () => (await app.ask('GET', PROFILE, { token: tokens.manager1 })).status;
  await expect.poll(ask, { interval: 300 }).toBe(200);
});

describe('live streams', () => {
  test('of one user are limited, and a place comes free with each that ends', async () => {
    const streams = [await open('consultant1'), await open('consultant1')];
    for (const stream of streams) await stream.until('connection_established');
    const refused = await app.ask('GET', STREAM, { token: tokens.consultant1 });
    expect([refused.status, refused.body, refused.headers['retry-after']]).toEqual([
      429,
      { detail: 'Request was throttled. Expected available in 30 seconds.' },
      '30',
    ]);
    expect((await open('branch3')).response.statusCode).toBe(200);
    streams[0]?.close();
    await expect.poll(async () => (await open('consultant1')).response.statusCode).toBe(200);
  });
});

test('bodies that one user sends at once are limited by the memory they take', async () => {
  const body = JSON.stringify({
    first_name: 'Maya',
    gender: 'FEMALE',
    country: 'NP',
    x: 'x'.repeat(1_200_000),
  });
  const headers = { 'content-type': 'application/json' };
  const answer = await app.ask('POST', '/api/v1/clients/', { token: tokens.admin, headers, body });
  expect([answer.status, answer.headers['retry-after']]).toEqual([429, '1']);
  expect((await app.ask('GET', PROFILE, { token: tokens.manager1 })).status).toBe(200);
});
