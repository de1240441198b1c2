import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { seedStaff } from '../../../test/helpers/staff.js';
import { statement } from '../../database/statement.js';

const PATH = '/api/v1/deliveries/';
let app: TestApp;
let token: string;
let on: number;
let off: number;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  token = await app.logIn('admin');
  const endpoint = async (isActive: boolean) => {
    const [row] = await rows<{ id: number }>(
      'INSERT INTO webhook_endpoint (url, secret, is_active) VALUES ($1, $2, $3) RETURNING id',
      ['https://hooks.acme.example/', 'whsec_x', isActive],
    );
    return row!.id;
  };
  [on, off] = [await endpoint(true), await endpoint(false)];
});
afterAll(() => app?.close());
beforeEach(() => rows('DELETE FROM delivery'));

const rows = <Row>(sql: string, parameters: unknown[] = [], schema = 'tenant_main') =>
  app.database.tenantQuery({ schema, userId: null }, statement<Row>(sql, parameters));
const ask = (method: string, path = '', body?: unknown) => app.ask(method, PATH + path, { token, body });
const ids = async (query = '') =>
  (await ask('GET', query)).body.results.map(({ id }: { id: number }) => id) as number[];

async function leave(status: string, endpoint: number | null = on, event: number | null = null) {
  const [row] = await rows<{ id: number }>(
    `INSERT INTO delivery (kind, endpoint_id, recipient, destination, event_id, event_type, subject, body, status)
     VALUES ($1, $2, $3, $4, $5, 'Client.CREATE', 'S', '{"a": 1}', $6) RETURNING id`,
    endpoint === null
      ? ['email', null, 'ann@acme.example', 'mail', event, status]
      : ['webhook', endpoint, null, `endpoint ${endpoint}`, event, status],
  );
  return row!.id;
}

test('are listed newest first, and found by status, kind, endpoint and event', async () => {
  const sent = await leave('SENT', on, 5);
  const failed = await leave('FAILED', on);
  const mail = await leave('FAILED', null, 5);
  const held = await leave('HELD', off);
  expect(await ids()).toEqual([held, mail, failed, sent]);
  expect(await ids('?status=FAILED')).toEqual([mail, failed]);
  expect(await ids('?status=FAILED&status=SENT&kind=webhook')).toEqual([failed, sent]);
  expect(await ids(`?endpoint=${off}`)).toEqual([held]);
  expect(await ids('?event=5')).toEqual([mail, sent]);
  expect(await ids('?status=NONE')).toEqual([]);
  expect(await ids('?endpoint=99999999999999999999')).toEqual([]);
  const { body } = await ask('GET', '?page_size=1&page=2');
  expect([body.count, body.results[0].id]).toEqual([4, mail]);
  expect((await ask('GET', '?endpoint=x')).body).toEqual({ endpoint: ['A valid integer is required.'] });
  expect((await ask('GET', '?page_size=100&page=101')).status).toBe(404);
});

test('one is shown with its text and its attempts', async () => {
  const id = await leave('FAILED');
  await rows(
    `INSERT INTO delivery_attempt (delivery_id, duration_ms, status_code, answer, error)
     VALUES ($1, 12, 500, 'no', 'answered 500'), ($1, 10000, NULL, NULL, 'no answer within 10 s')`,
    [id],
  );
  const { body } = await ask('GET', `${id}/`);
  expect(body).toMatchObject({
    id,
    kind: 'webhook',
    status: 'FAILED',
    event_type: 'Client.CREATE',
    endpoint: on,
    to: 'https://hooks.acme.example/',
    body: '{"a": 1}',
    log: [
      { duration_ms: 12, status_code: 500, answer: 'no', error: 'answered 500' },
      { status_code: null, answer: null, error: 'no answer within 10 s' },
    ],
  });
  expect(body.idempotency_key).toMatch(/^[0-9a-f-]{36}$/);
  expect((await ask('GET', '999999/')).body).toEqual({ detail: 'Delivery not found' });
});

describe('sending anew', () => {
  test('takes one, also one that was sent, with its key', async () => {
    const id = await leave('SENT');
    const key = (await ask('GET', `${id}/`)).body.idempotency_key;
    const { body } = await ask('POST', `${id}/retry/`);
    expect(body).toMatchObject({ status: 'PENDING', attempts: 0, sent_at: null, idempotency_key: key });
    const [queued] = await rows<{ n: number }>(
      'SELECT count(*)::integer AS n FROM delivery WHERE status = $1',
      ['PENDING'],
    );
    expect(queued?.n).toBe(1);
  });

  test('refuses one whose endpoint is off, and one that is not there', async () => {
    const id = await leave('FAILED', off);
    expect(await ask('POST', `${id}/retry/`)).toMatchObject({
      status: 400,
      body: { detail: 'Its endpoint is removed or switched off, so it cannot be sent.' },
    });
    expect((await ask('POST', '999999/retry/')).status).toBe(404);
  });

  test('takes all that match, and only those', async () => {
    const [sent, failed, mail, held] = [
      await leave('SENT'),
      await leave('FAILED'),
      await leave('FAILED', null),
      await leave('FAILED', off),
    ];
    expect((await ask('POST', 'retry/', { status: 'FAILED', kind: 'webhook' })).body).toEqual({
      count: 1,
      more: false,
    });
    expect(await ids('?status=PENDING')).toEqual([failed]);
    expect((await ask('POST', 'retry/', { ids: [mail, held, 999_999] })).body.count).toBe(1);
    expect(await ids('?status=PENDING')).toEqual([mail, failed]);
    expect(await ids('?status=SENT')).toEqual([sent]);
  });
});

test('those that wait or are held are ended, one or all that match', async () => {
  const [waiting, held, sent] = [await leave('PENDING'), await leave('HELD', off), await leave('SENT')];
  expect((await ask('POST', `${waiting}/cancel/`)).body).toMatchObject({ status: 'CANCELLED' });
  expect(await ask('POST', `${sent}/cancel/`)).toMatchObject({
    status: 400,
    body: { detail: 'It does not wait to be sent.' },
  });
  expect((await ask('POST', 'cancel/', { endpoint: off })).body).toEqual({ count: 1, more: false });
  expect(await ids('?status=CANCELLED')).toEqual([held, waiting]);
});

test('ending many and switching off their endpoint wait for each other', async () => {
  // Stored in the order in which switching off finds them, and ending does not.
  await rows(`
    INSERT INTO delivery (id, kind, endpoint_id, destination, event_type, subject, body) OVERRIDING SYSTEM VALUE
    SELECT 9000 - n, 'webhook', ${on}, 'endpoint ${on}', 'Client.CREATE', 'S', '{}' FROM generate_series(1, 3) n`);
  const answers: Promise<{ status: number }>[] = [];
  await app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, async (transaction) => {
    await transaction.query(statement('SELECT FROM delivery WHERE id = 8998 FOR UPDATE'));
    answers.push(ask('POST', 'cancel/', { endpoint: on }));
    await sleep(150);
    answers.push(app.ask('POST', `/api/v1/webhooks/${on}/disable/`, { token }));
    await sleep(150);
  });
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
  expect(await ids('?status=CANCELLED')).toEqual([8999, 8998, 8997]);
  await app.ask('POST', `/api/v1/webhooks/${on}/enable/`, { token });
});

test.each<[object, object]>([
  [{}, { non_field_errors: ['Say which: ids, status, kind, endpoint or event.'] }],
  [{ ids: [] }, { ids: ['This list may not be empty.'] }],
  [{ ids: Array(1001).fill(1) }, { ids: ['Ensure this field has no more than 1000 elements.'] }],
  [{ status: 'GONE' }, { status: ['"GONE" is not a valid choice.'] }],
  [{ kind: 'fax' }, { kind: ['"fax" is not a valid choice.'] }],
  ...[1e300, 2 ** 63].flatMap((id): [object, object][] => {
    const errors = [`Ensure this value is less than or equal to ${Number.MAX_SAFE_INTEGER}.`];
    return [
      [{ ids: [1, id] }, { ids: { 1: errors } }],
      [{ endpoint: id }, { endpoint: errors }],
      [{ event: id }, { event: errors }],
    ];
  }),
  [
    { kind: 'webhook', endpoint_id: 1 },
    { non_field_errors: ['There is no field "endpoint_id"; there are ids, status, kind, endpoint, event.'] },
  ],
  [{ endpoint: 'x' }, { endpoint: ['A valid integer is required.'] }],
])('%j is no choice of deliveries', async (body, errors) => {
  for (const path of ['retry/', 'cancel/']) {
    const answer = await ask('POST', path, body);
    expect([answer.status, answer.body]).toEqual([400, errors]);
  }
});

test('only a SUPER_ADMIN may, and each agency has its own', async () => {
  const id = await leave('FAILED');
  const other = await app.logIn('branch1');
  for (const [method, path] of [
    ['GET', ''],
    ['GET', `${id}/`],
    ['POST', `${id}/retry/`],
    ['POST', 'retry/'],
    ['POST', 'cancel/'],
  ] as const) {
    expect((await app.ask(method, PATH + path, { token: other, body: { ids: [id] } })).status).toBe(403);
  }
  await seedStaff(app, 'tenant_demo');
  const demo = { host: 'demo', token: await app.logIn('admin', 'demo') };
  expect((await app.ask('GET', PATH, demo)).body.count).toBe(0);
  expect((await app.ask('POST', `${PATH}retry/`, { ...demo, body: { ids: [id] } })).body.count).toBe(0);
  expect(await ids('?status=PENDING')).toEqual([]);
});
