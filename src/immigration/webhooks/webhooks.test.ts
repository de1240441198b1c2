import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CERTIFICATE } from '../../../test/deliveries/certificate.js';
import { type Receiver, startReceiver } from '../../../test/deliveries/receiver.js';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { statement } from '../../database/statement.js';
import { MOST_ENDPOINTS } from '../../deliveries/endpoints.js';
import { signatureHeader } from '../../deliveries/signature.js';

const PATH = '/api/v1/webhooks/';
let app: TestApp;
let receiver: Receiver;
let folder: string;
let token: string;
let url: string;

beforeAll(async () => {
  receiver = await startReceiver();
  folder = await mkdtemp(join(tmpdir(), 'leopard-webhooks-'));
  const file = join(folder, 'ca.pem');
  await writeFile(file, CERTIFICATE);
  app = await startTestApp({
    environment: {
      WEBHOOKS_ALLOW_PRIVATE: 'true',
      WEBHOOKS_PORTS: `443,9,${receiver.port}`,
      WEBHOOKS_CA_FILE: file,
    },
  });
  await seedStaff(app);
  token = await app.logIn('admin');
  url = `https://localhost:${receiver.port}/hook`;
});
afterAll(async () => {
  await app?.close();
  await receiver?.close();
  await rm(folder, { recursive: true });
});

const ask = (method: string, path = '', body?: unknown) => app.ask(method, PATH + path, { token, body });
const create = async (body: object = {}) => {
  const answer = await ask('POST', '', { url, ...body });
  expect(answer.status, answer.raw.toString()).toBe(201);
  return answer.body;
};
const rows = <Row>(sql: string, parameters: unknown[] = []) =>
  app.database.tenantQuery({ schema: 'tenant_main', userId: null }, statement<Row>(sql, parameters));

test('an endpoint is created, shown without its secret, changed and removed', async () => {
  const made = await create({ event_types: ['Client.*', 'Task.CREATE'] });
  const { secret, ...shown } = made;
  expect(secret).toMatch(/^whsec_/);
  expect(shown).toMatchObject({
    url,
    event_types: ['Client.*', 'Task.CREATE'],
    is_active: true,
    disabled_reason: null,
    failures: 0,
    previous_secret_until: null,
  });
  expect((await ask('GET', `${made.id}/`)).body).toEqual(shown);
  const list = await ask('GET');
  expect(list.body).toContainEqual(shown);
  expect(list.raw.toString()).not.toContain(secret);

  const changed = await ask('PATCH', `${made.id}/`, { event_types: ['*'] });
  expect(changed.body).toEqual({ ...shown, event_types: ['*'] });
  expect((await ask('PATCH', `${made.id}/`, { url: 'https://hooks.acme.example/x#y' })).body.url).toBe(
    'https://hooks.acme.example/x',
  );
  expect((await ask('DELETE', `${made.id}/`)).status).toBe(204);
  expect(await ask('GET', `${made.id}/`)).toMatchObject({
    status: 404,
    body: { detail: 'Webhook not found' },
  });
  for (const [method, at] of [
    ['PATCH', ''],
    ['DELETE', ''],
    ...['enable/', 'disable/', 'rotate-secret/', 'test/'].map((each) => ['POST', each] as const),
  ] as const) {
    expect([at, (await ask(method, `${made.id}/${at}`, {})).status]).toEqual([at, 404]);
  }
});

test('the types of events are told, each of which an endpoint may want', async () => {
  const { body: types } = await ask('GET', 'event-types/');
  expect(types).toEqual(
    expect.arrayContaining(['Client.CREATE', 'Client.stage.UPDATE', 'Task.status.UPDATE']),
  );
  const { id } = await create({ event_types: types });
  await ask('DELETE', `${id}/`);
});

describe('refused under its field:', () => {
  test.each<[object, object]>([
    [{}, { url: ['This field is required.'] }],
    [{ url: 'ftp://hooks.acme.example/' }, { url: ['Webhooks go to https:// addresses only.'] }],
    [{ url: 'nonsense' }, { url: ['"nonsense" is no address.'] }],
    [{ url: 'https://.acme.example/' }, { url: ['"https://.acme.example/" is no address.'] }],
    [{ url: 'https://hooks..example/' }, { url: ['"https://hooks..example/" is no address.'] }],
    // Stored as %C3%BC, six characters for one.
    [
      { url: `https://hooks.acme.example/${'ü'.repeat(400)}` },
      { url: ['The address is too long: 2000 characters at most.'] },
    ],
    [
      { url: 'https://user:pass@hooks.acme.example/' },
      { url: ['The address must not hold a name or password.'] },
    ],
    [{ url: 'https://hooks.acme.example:22/' }, { url: [expect.stringContaining('only')] }],
    [
      { url: 'https://hooks.acme.example/', event_types: ['Nothing.*'] },
      { event_types: [expect.stringMatching(/^No event is of the type "Nothing\.\*"; there are Client\./)] },
    ],
    [
      { url: 'https://hooks.acme.example/', event_types: [] },
      { event_types: ['This list may not be empty.'] },
    ],
    [
      { url: 'https://hooks.acme.example/', event_types: 'Client.*' },
      { event_types: [expect.stringContaining('Expected a list')] },
    ],
  ])('%j', async (body, errors) => {
    const before = (await ask('GET')).body;
    const answer = await ask('POST', '', body);
    expect([answer.status, answer.body]).toEqual([400, errors]);
    expect((await ask('GET')).body).toEqual(before);
  });

  test('an address inside, where webhooks may not go there', async () => {
    const strict = await startTestApp({ sharing: app });
    for (const target of [
      'https://127.0.0.1/',
      'https://localhost/',
      'https://169.254.169.254/',
      'http://a.example/',
    ]) {
      const answer = await strict.ask('POST', PATH, { token, body: { url: target } });
      expect([answer.status, Object.keys(answer.body)]).toEqual([400, ['url']]);
    }
    await strict.close();
  });
});

test('switched off and on, also twice', async () => {
  const { id } = await create();
  const off = await ask('POST', `${id}/disable/`, { reason: 'moving' });
  expect(off.body).toMatchObject({ is_active: false, disabled_reason: 'moving' });
  expect((await ask('POST', `${id}/disable/`, { reason: 'moving' })).body).toEqual(off.body);
  expect((await ask('POST', `${id}/enable/`)).body).toMatchObject({ is_active: true, disabled_reason: null });
  expect((await ask('POST', `${id}/disable/`)).body.disabled_reason).toBe('switched off by admin');
});

test('a new secret is shown once, and the one before signs too for as long as asked', async () => {
  const made = await create();
  const rotated = await ask('POST', `${made.id}/rotate-secret/`, { overlap_hours: 2 });
  expect(rotated.body.secret).toMatch(/^whsec_/);
  expect(rotated.body.secret).not.toBe(made.secret);
  const until = Date.parse(rotated.body.previous_secret_until);
  expect(Math.abs(until - Date.now() - 2 * 3_600_000)).toBeLessThan(60_000);
  receiver.received.length = 0;
  expect((await ask('POST', `${made.id}/test/`)).body).toMatchObject({ sent: true, status_code: 200 });
  const [got] = receiver.received;
  const time = Number(/t=(\d+)/.exec(String(got?.headers['x-leopard-signature']))?.[1]);
  expect(got?.headers['x-leopard-signature']).toBe(
    signatureHeader([rotated.body.secret, made.secret], got?.body ?? '', time),
  );
  expect((await ask('POST', `${made.id}/rotate-secret/`, { overlap_hours: 9999 })).body).toEqual({
    overlap_hours: ['Ensure this value is less than or equal to 720.'],
  });
  const ended = await ask('POST', `${made.id}/rotate-secret/`, { overlap_hours: 0 });
  expect(ended.body.previous_secret_until).toBeNull();
});

test('a trial tells what the endpoint answered, and what went wrong', async () => {
  const { id } = await create();
  receiver.answering = 503;
  expect((await ask('POST', `${id}/test/`)).body).toMatchObject({
    sent: false,
    status_code: 503,
    answer: 'noted',
  });
  receiver.answering = 200;
  const nobody = await create({ url: 'https://127.0.0.1:9/' });
  expect((await ask('POST', `${nobody.id}/test/`)).body).toMatchObject({ sent: false, status_code: null });
  const received = receiver.received.at(-1);
  expect(JSON.parse(received?.body ?? '')).toMatchObject({ type: 'Leopard.TEST', tenant: 'main' });
});

test('an agency has two trials under way at most', async () => {
  const { id } = await create();
  const waiting: (() => void)[] = [];
  receiver.answering = (_request, response) => void waiting.push(() => response.writeHead(200).end());
  const trials = [1, 2].map(() => ask('POST', `${id}/test/`));
  while (waiting.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  const third = await ask('POST', `${id}/test/`);
  expect([third.status, third.headers['retry-after']]).toEqual([429, '10']);
  for (const answer of waiting) answer();
  expect((await Promise.all(trials)).map(({ body }) => body.sent)).toEqual([true, true]);
  receiver.answering = 200;
  expect((await ask('POST', `${id}/test/`)).body.sent).toBe(true);
});

test('there are fifty at most, however many are added at the same moment', async () => {
  await rows('DELETE FROM webhook_endpoint');
  await rows(
    `INSERT INTO webhook_endpoint (url, secret) SELECT 'https://hooks.acme.example/' || n, 'x'
     FROM generate_series(1, ${MOST_ENDPOINTS - 1}) n`,
  );
  const answers = await Promise.all([1, 2, 3].map(() => ask('POST', '', { url })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 400, 400]);
  expect(answers.find(({ status }) => status === 400)?.body.detail).toMatch(
    /^There are 50 webhook endpoints/,
  );
  await rows('DELETE FROM webhook_endpoint');
});

test('only a SUPER_ADMIN may, and each agency has its own', async () => {
  const { id } = await create();
  for (const name of ['manager1', 'branch1', 'consultant1', 'groupless']) {
    const other = await app.logIn(name);
    for (const [method, path] of [
      ['GET', ''],
      ['POST', ''],
      ['GET', `${id}/`],
      ['PATCH', `${id}/`],
      ['DELETE', `${id}/`],
      ['POST', `${id}/rotate-secret/`],
      ['POST', `${id}/test/`],
    ] as const) {
      expect((await app.ask(method, PATH + path, { token: other, body: {} })).status).toBe(403);
    }
  }
  await seedStaff(app, 'tenant_demo');
  const demo = { host: 'demo', token: await app.logIn('admin', 'demo') };
  expect((await app.ask('GET', PATH, demo)).body).toEqual([]);
  expect((await app.ask('GET', `${PATH}${id}/`, demo)).status).toBe(404);
});

test('the audit log tells who did what, and no secret', async () => {
  await rows('DELETE FROM webhook_endpoint');
  const { id, secret } = await create();
  await ask('PATCH', `${id}/`, { url: 'https://new.acme.example/' });
  const rotated = await ask('POST', `${id}/rotate-secret/`, { overlap_hours: 0 });
  await ask('DELETE', `${id}/`);
  const log = await app.ask('GET', `/api/v1/audit/?entity=webhook&record_id=${id}`, { token });
  const [deleted, turned, changed, made] = log.body.results;
  expect([made.operation, made.user, made.after.url]).toEqual(['create', idOf('admin'), url]);
  expect([changed.before, changed.after]).toEqual([{ url }, { url: 'https://new.acme.example/' }]);
  expect(Object.keys(turned.after)).toEqual(['secret_set_at']);
  expect(deleted.operation).toBe('delete');
  for (const each of [secret, rotated.body.secret]) expect(log.raw.toString()).not.toContain(each);
});
