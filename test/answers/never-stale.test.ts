import { afterAll, beforeAll, expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { type Answer, startTestApp, type TestApp } from '../helpers/app.js';
import { collegeChoice } from '../helpers/samples/applications.js';
import { idOf, seedStaff } from '../helpers/staff.js';

// Two processes that keep answers and one that keeps none, over one database. Whoever writes, and in whatever way: what
// the first two answer is what the third does.

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const STEPS = Number(process.env.STEPS ?? 40);
const random = generator(SEED);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

const plain = await startTestApp({ environment: { ANSWER_CACHE_MB: '0' } });
const keeping: TestApp[] = [];
const tokens = new Map<string, string>();
afterAll(async () => {
  for (const app of keeping) await app.close();
  await plain.close();
});

const READERS = ['admin', 'branch1', 'branch3', 'consultant12', 'homeless'] as const;
const PATHS = [
  '/api/v1/clients/',
  '/api/v1/clients/?stage=LEAD&page_size=5',
  '/api/v1/clients/?page=last&page_size=3',
  '/api/v1/clients/1/',
  '/api/v1/clients/stage-counts/',
  '/api/v1/tasks/',
  '/api/v1/tasks/overdue/',
  '/api/v1/notifications/unread_count/',
  '/api/v1/visa-applications/',
  '/api/v1/visa-applications/dashboard-statistics/',
  '/api/v1/college-applications/',
  '/api/v1/college-applications/dashboard-statistics/',
  '/api/v1/notes/',
  '/api/v1/branches/',
  '/api/v1/users/',
  '/api/v1/stages/',
  '/api/v1/reports/workload/',
];

beforeAll(async () => {
  await seedStaff(plain);
  await plain.database.tenantTransaction({ schema: 'tenant_main', userId: null }, collegeChoice);
  for (let i = 0; i < 2; i++) keeping.push(await startTestApp({ sharing: plain }));
  for (const name of READERS) tokens.set(name, await plain.logIn(name));
});

const ask = (app: TestApp, path: string, as: string, etag?: string): Promise<Answer> =>
  app.ask('GET', path, { token: tokens.get(as), ...(etag && { headers: { 'if-none-match': etag } }) });

const change = (method: string, path: string, body?: object) =>
  pick([...keeping, plain]).ask(method, path, { token: tokens.get('admin'), ...(body && { body }) });

let count = 0;
const PERSON = `INSERT INTO immigration_client (first_name, gender, country, branch_id, stage)`;

/** Changes through the interface. */
const CHANGES: readonly (() => Promise<unknown>)[] = [
  () => change('PATCH', '/api/v1/clients/1/', { first_name: `A${++count}` }),
  () => change('PATCH', '/api/v1/branches/1/', { name: `Branch ${++count}` }),
  () => change('POST', '/api/v1/tasks/', { title: `T${++count}`, due_date: '2026-01-01T00:00:00Z' }),
  () => change('POST', '/api/v1/clients/', newPerson()),
  () => change('DELETE', `/api/v1/clients/${2 + Math.floor(random() * 5)}/`),
  () => change('POST', '/api/v1/notes/', { client: 1, content: `N${++count}` }),
];

const newPerson = () => ({
  first_name: `C${++count}`,
  gender: 'FEMALE',
  country: 'NP',
  branch_id: pick([1, 2, 3]),
});

/** Changes with SQL, as the tenant's owner. */
const STATEMENTS: readonly (() => string)[] = [
  () => `${PERSON} VALUES ('S${++count}', 'MALE', 'NP', ${pick([1, 2, 3])}, 'LEAD')`,
  () => `${PERSON} SELECT 'M' || n, 'MALE', 'NP', 1 + n % 3, 'LEAD' FROM generate_series(1, 20) n`,
  () =>
    `UPDATE immigration_client SET stage = '${pick(['LEAD', 'CLIENT'])}' WHERE id % 3 = ${pick([0, 1, 2])}`,
  () => `UPDATE immigration_client SET deleted_at = now() WHERE id = ${2 + Math.floor(random() * 30)}`,
  () => `UPDATE immigration_user SET last_name = 'L${++count}' WHERE username = 'admin'`,
  () => `UPDATE immigration_stage SET stage_name = 'G${++count}'`,
  () =>
    `INSERT INTO immigration_notification (title, message, assigned_to_id) SELECT 'a', 'b', id FROM immigration_user`,
  () => 'UPDATE immigration_notification SET read = true WHERE id % 2 = 0',
  () => 'DELETE FROM immigration_notification WHERE id % 5 = 0',
  () => 'TRUNCATE immigration_note CASCADE',
  () => `DELETE FROM immigration_user_branches WHERE user_id = ${idOf('consultant12')} AND branch_id = 2`,
  () =>
    `INSERT INTO immigration_user_branches (user_id, branch_id) VALUES (${idOf('consultant12')}, 2) ON CONFLICT DO NOTHING`,
];

const etags = new Map<string, string>();

/** Compares what all three answer. */
async function compare(path: string, as: string): Promise<void> {
  const expected = await ask(plain, path, as);
  expect(expected.headers.etag).toBeUndefined();
  for (const app of keeping) {
    const place = `${path} ${as}`;
    const etag = random() < 0.5 ? etags.get(place) : undefined;
    const answer = await ask(app, path, as, etag);
    const told = `seed ${SEED}: ${path} as ${as}`;
    if (answer.status === 304) expect(answer.headers.etag, told).toBe(etag);
    else
      expect([answer.status, answer.raw.toString()], told).toEqual([expected.status, local(expected, app)]);
    if (answer.status === 200 && expected.headers.etag === undefined)
      etags.set(place, String(answer.headers.etag));
    if (answer.status !== 304) continue;
    // What the client has under this ETag is what the others would send.
    const whole = await ask(app, path, as);
    expect([whole.raw.toString(), whole.headers.etag], told).toEqual([local(expected, app), etag]);
  }
}

/** Returns an answer's text with its links to this application's own address. */
const local = (answer: Answer, app: TestApp) =>
  answer.raw.toString().replaceAll(new URL(plain.base).host, new URL(app.base).host);

test('after any change, by whomever, kept answers are what a process without them gives', {
  timeout: 120_000,
}, async () => {
  await withOwner(plain.databases.admin, async (owner) => {
    await owner.query('SET search_path TO tenant_main, pg_temp');
    for (let step = 0; step < STEPS; step++) {
      const dice = random();
      if (dice < 0.2) await pick(CHANGES)();
      else if (dice < 0.5) await owner.query(pick(STATEMENTS)());
      else if (dice < 0.6) await owner.query(`BEGIN; ${pick(STATEMENTS)()}; ROLLBACK`);
      const path = pick(PATHS);
      const as = pick(READERS);
      for (let i = 0; i < 3; i++) await compare(path, as);
    }
  });
});

test('a transaction that commits long after it wrote is seen with its commit, and not before', async () => {
  const [first] = keeping as [TestApp];
  await withOwner(plain.databases.admin, async (slow) => {
    await withOwner(plain.databases.admin, async (quick) => {
      for (const client of [slow, quick]) await client.query('SET search_path TO tenant_main, pg_temp');
      await slow.query(`BEGIN; UPDATE immigration_client SET first_name = 'Slow' WHERE id = 1`);
      await quick.query(
        `UPDATE immigration_task SET title = title; ${PERSON} VALUES ('Q', 'MALE', 'NP', 1, 'LEAD')`,
      );
      for (let i = 0; i < 4; i++) await compare('/api/v1/clients/', 'admin');
      const before = await ask(first, '/api/v1/clients/1/', 'admin');
      await ask(first, '/api/v1/clients/1/', 'admin');
      expect((await ask(first, '/api/v1/clients/1/', 'admin')).body).toEqual(before.body);
      await slow.query('COMMIT');
      expect((await ask(first, '/api/v1/clients/1/', 'admin')).body.first_name).toBe('Slow');
      for (let i = 0; i < 4; i++) await compare('/api/v1/clients/', 'admin');
    });
  });
});

test('under load, no answer is older than the last change that was committed before the request', async () => {
  let committed = 0;
  let isOver = false;
  const path = '/api/v1/clients/1/';
  const writing = withOwner(plain.databases.admin, async (owner) => {
    for (let n = 1; n <= 60; n++) {
      await owner.query(`UPDATE tenant_main.immigration_client SET first_name = '${n}' WHERE id = 1`);
      committed = n;
      await new Promise((resolve) => setTimeout(resolve, n % 3 === 0 ? 15 : 1));
    }
    isOver = true;
  });
  await firstName();
  let again = 0;
  const reading = keeping.flatMap((app) =>
    Array.from({ length: 4 }, async () => {
      let etag: string | undefined;
      let had = 0;
      while (!isOver) {
        const known = committed;
        const answer = await ask(app, path, 'admin', etag);
        const shown = answer.status === 304 ? had : Number(answer.body.first_name);
        if (answer.status === 304) again++;
        expect(shown).toBeGreaterThanOrEqual(known);
        had = shown;
        etag = answer.headers.etag as string;
      }
    }),
  );
  await Promise.all([writing, ...reading]);
  expect(again).toBeGreaterThan(0);
});

/** Waits until the first of the numbered names is there. */
async function firstName(): Promise<void> {
  await expect
    .poll(async () => Number((await ask(plain, '/api/v1/clients/1/', 'admin')).body.first_name))
    .toBeGreaterThan(0);
}

/** Returns a repeatable source of numbers from 0 to 1 (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
