import { afterAll, describe, expect, test, vi } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { AnswerMemory, type KeptAnswer } from '../../src/routing/answer-memory.js';
import { startTestApp } from '../helpers/app.js';
import { recordSentBatches } from '../helpers/sent-batches.js';
import { seedStaff } from '../helpers/staff.js';

const app = await startTestApp();
const sent = recordSentBatches();
afterAll(async () => {
  sent.stop();
  await app.close();
});
await seedStaff(app);
const token = await app.logIn('admin');

await app.ask('POST', '/api/v1/clients/', {
  token,
  body: { first_name: 'A', gender: 'FEMALE', country: 'NP', branch_id: 1 },
});

const asOwner = (sql: string) => withOwner(app.databases.admin, (client) => client.query(sql));
const get = (path: string, headers: Record<string, string> = {}, as = token) =>
  app.ask('GET', path, { token: as, headers });

/** Returns the texts of the statements that were sent since, without those that open and end transactions. */
function statementsSince(from: number): string[] {
  const texts = sent.batches.slice(from).flatMap(({ statements }) => statements.map(({ sql }) => sql));
  return texts.filter(
    (text) => !/^(BEGIN|COMMIT)|set_config|pg_notify|pg_backend_pid|user_session/.test(text),
  );
}

test('an answer that nobody changed is given again after one statement, and 304 to who has it', async () => {
  const path = '/api/v1/clients/';
  const first = await get(path);
  await get(path);
  const before = sent.batches.length;
  const again = await get(path);
  expect(statementsSince(before)).toEqual([expect.stringContaining('FROM table_change')]);
  expect(again.raw.equals(first.raw)).toBe(true);
  const { date: _, 'x-request-id': __, ...headers } = first.headers;
  expect(again.headers).toMatchObject(headers);

  const etag = String(again.headers.etag);
  expect(etag).toMatch(/^"[\w-]{27}"$/);
  for (const given of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const unchanged = await get(path, { 'if-none-match': given });
    expect([unchanged.status, unchanged.raw.length, unchanged.headers.etag]).toEqual([304, 0, etag]);
  }
  expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200);

  await asOwner("UPDATE tenant_main.immigration_client SET first_name = 'Changed'");
  const changed = await get(path, { 'if-none-match': etag });
  expect(changed.status).toBe(200);
  expect(changed.headers.etag).not.toBe(etag);
});

test('metrics count what is made, given again and unchanged, and the bytes that are kept', async () => {
  const metrics = new Metrics(app.database);
  const measured = await startTestApp({ sharing: app, metrics });
  const path = '/api/v1/clients/';
  const asked = (headers = {}) => measured.ask('GET', path, { token, headers });
  await asked();
  const { headers } = await asked();
  for (let n = 0; n < 3; n++) await asked();
  await asked({ 'if-none-match': headers.etag });
  const text = await metrics.text();
  await measured.close();
  const counts = [...text.matchAll(/^leopard_answers_total\{outcome="(\w+)"\} (\d+)$/gm)];
  expect(counts.map(([, outcome, count]) => [outcome, Number(count)])).toEqual([
    ['kept', 3],
    ['unchanged', 1],
    ['made', 2],
  ]);
  expect(Number(/^leopard_answers_kept_bytes (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(headers.etag!.length);
});

/** Asks until the answer is kept, and returns it. */
async function kept(path: string, as = token, host = 'main') {
  let answer = await app.ask('GET', path, { token: as, host });
  for (let i = 0; i < 3; i++) answer = await app.ask('GET', path, { token: as, host });
  return answer;
}

describe('whose answer it is', () => {
  test('agencies and users with other branches get their own, at the same path', async () => {
    await seedStaff(app, 'tenant_demo');
    const path = '/api/v1/clients/';
    expect((await kept(path)).body.count).toBe(1);
    expect((await kept(path, await app.logIn('admin', 'demo'), 'demo')).body.count).toBe(0);
    expect((await kept(path, await app.logIn('branch1'))).body.count).toBe(1);
    expect((await kept(path, await app.logIn('branch3'))).body.count).toBe(0);
    expect((await kept(path)).body.count).toBe(1);
  });

  test('whoever loses a branch, the permission, or the right to log in has no answer from before', async () => {
    const path = '/api/v1/clients/';
    const theirs = await app.logIn('consultant1');
    const user = "(SELECT id FROM tenant_main.immigration_user WHERE username = 'consultant1')";
    expect((await kept(path, theirs)).body.count).toBe(1);
    const status = async () => (await get(path, {}, theirs)).status;
    await asOwner(`DELETE FROM tenant_main.immigration_user_branches WHERE user_id = ${user}`);
    await expect.poll(async () => (await get(path, {}, theirs)).body.count).toBe(0);
    await kept(path, theirs);
    await asOwner(`DELETE FROM tenant_main.immigration_user_groups WHERE user_id = ${user}`);
    await expect.poll(status).toBe(403);
    await asOwner(`UPDATE tenant_main.immigration_user SET is_active = false WHERE id = ${user}`);
    await expect.poll(status).toBe(401);
  });

  test('a session that has ended is 401, whatever is kept', async () => {
    const theirs = await app.logIn('manager1');
    const path = '/api/v1/tasks/';
    const etag = String((await kept(path, theirs)).headers.etag);
    expect((await get(path, { 'if-none-match': etag }, theirs)).status).toBe(304);
    expect((await app.ask('POST', '/api/v1/sessions/end-all/', { token: theirs })).status).toBeLessThan(300);
    expect((await get(path, { 'if-none-match': etag }, theirs)).status).toBe(401);
  });
});

test('an answer that changes each time is soon made without asking for the version first', async () => {
  const path = '/api/v1/clients/?page_size=7';
  let looks = 0;
  for (let i = 0; i < 40; i++) {
    await asOwner(`UPDATE tenant_main.immigration_client SET first_name = 'N${i}'`);
    const before = sent.batches.length;
    expect((await get(path)).body.results[0].first_name).toBe(`N${i}`);
    looks += Number(statementsSince(before).some((text) => text.includes('FROM table_change')));
  }
  expect(looks).toBeLessThan(10);
  await kept(path);
  for (let i = 0; i < 70; i++) await get(path);
  const before = sent.batches.length;
  await get(path);
  expect(statementsSince(before)).toEqual([expect.stringContaining('FROM table_change')]);
});

test.each([
  '/api/v1/tasks/',
  '/api/v1/notifications/unread_count/',
  '/api/v1/visa-applications/dashboard-statistics/',
  '/api/v1/reports/visa-decisions/',
])('%s is given again', async (path) => {
  await kept(path);
  const before = sent.batches.length;
  await get(path);
  expect(statementsSince(before)).toEqual([expect.stringContaining('FROM table_change')]);
});

test('what counts days is not given again on the next day', async () => {
  const path = '/api/v1/college-applications/dashboard-statistics/?time_filter=today';
  await kept(path);
  const before = sent.batches.length;
  await get(path);
  expect(statementsSince(before)).toHaveLength(1);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 86_400_000 });
  try {
    const later = await app.logIn('admin');
    await get(path, {}, later);
    await get(path, {}, later);
    const next = sent.batches.length;
    await get(path, {}, later);
    expect(statementsSince(next)).toHaveLength(1);
  } finally {
    vi.useRealTimers();
  }
  const today = sent.batches.length;
  await get(path);
  expect(statementsSince(today).length).toBeGreaterThan(1);
});

test('the memory is bounded, and one agency has no more than its share', () => {
  const memory = new AnswerMemory({ most: 100_000, mostOfTenant: 30_000 });
  const answer = (bytes: number): KeptAnswer => ({
    body: Buffer.alloc(bytes),
    etag: '',
    basis: { tables: [], version: '', text: '', day: undefined },
    isTrusted: true,
    changes: 0,
    skips: 0,
  });
  memory.set('quiet', 'quiet\n', answer(1_000));
  for (let i = 0; i < 100; i++) memory.set('busy', `busy\n${i}`, answer(5_000));
  memory.set('busy', 'busy\nhuge', answer(50_000));
  expect(memory.sizeOf('busy')).toBeLessThanOrEqual(30_000);
  expect(memory.get('quiet', 'quiet\n')).toBeDefined();
  expect(memory.get('busy', 'busy\n99')).toBeDefined();
  expect(memory.get('busy', 'busy\n0')).toBeUndefined();
  for (let i = 0; i < 100; i++) memory.set(`t${i}`, `t${i}\n`, answer(5_000));
  expect(memory.size).toBeLessThanOrEqual(100_000);
  expect(memory.sizeOf('busy')).toBe(0);
});
