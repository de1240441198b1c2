import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { AnswerTooLargeError } from '../../src/database/answer-bounds.js';
import { withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import { type TaskTest, taskTest } from '../helpers/tasks.js';

const MEGABYTE = 1024 * 1024;

let tasks: TaskTest;
let token: string;
beforeAll(async () => {
  tasks = await taskTest();
  token = await tasks.app.logIn('admin');
});
afterAll(() => tasks?.close());
beforeEach(() => withoutTriggers('DELETE FROM immigration_task'));

const get = (path: string) => tasks.app.ask('GET', `/api/v1/${path}`, { token });

/**
 * Inserts tasks as another program would, without what triggers make of them.
 * @param values SQL for detail, tags and comments
 */
async function insertTasks(count: number, values: { detail?: string; tags?: string; comments?: string }) {
  const { detail = "'x'", tags = "'[]'", comments = "'[]'" } = values;
  const columns =
    'title, detail, priority, status, due_date, tags, comments, created_by_id, created_at, updated_at';
  await withoutTriggers(`
    INSERT INTO immigration_task (${columns})
    SELECT 'Task 1', ${detail}, 'LOW', 'PENDING', now(), ${tags}, ${comments}, 1, now(), now();
    INSERT INTO immigration_task (${columns})
    SELECT 'Task ' || n, detail, priority, status, due_date, tags, comments, created_by_id, created_at, updated_at
    FROM immigration_task, generate_series(2, ${count}) n`);
}

async function withoutTriggers(sql: string) {
  await withOwner(tasks.app.databases.owner, (client) =>
    client.query(`
      SET search_path TO tenant_main;
      ALTER TABLE immigration_task DISABLE TRIGGER USER;
      ${sql};
      ALTER TABLE immigration_task ENABLE TRIGGER USER`),
  );
}
const comments = (count: number, text: string) => `(
  SELECT jsonb_agg(jsonb_build_object('user_id', 1, 'username', 'x', 'full_name', 'x', 'text', ${text},
    'mentions', '[]'::jsonb, 'created_at', '2026-01-01T00:00:00Z')) FROM generate_series(1, ${count}) c)`;

describe('a list', () => {
  test('shows long texts whole up to a megabyte', async () => {
    await insertTasks(25, { detail: "repeat('ä', 15000)" });
    const { body, headers } = await get('tasks/');
    expect(body.results.map(({ detail }: { detail: string }) => detail.length)).toEqual(
      Array(25).fill(15_000),
    );
    expect(headers['x-truncated-fields']).toBeUndefined();
  });

  test('cuts them beyond, and says so', async () => {
    await insertTasks(100, { detail: "repeat('ä', 15000)" });
    const { body, headers, raw } = await get('tasks/?page_size=100');
    expect(body.results[0].detail).toBe(`${'ä'.repeat(2_499)}…`);
    expect(headers['x-truncated-fields']).toBe('detail');
    expect(headers['access-control-expose-headers']).toMatch(/x-request-id, x-truncated-fields/);
    expect(raw.length).toBeLessThan(MEGABYTE);
    // The next page fits.
    expect((await get('tasks/?page_size=50')).headers['x-truncated-fields']).toBeUndefined();
  });

  test('of a hundred tasks of 7.5 MB, by another program, is small and takes little memory', async () => {
    await insertTasks(100, { detail: "repeat('x', 7500000)" });
    global.gc?.();
    const before = process.memoryUsage().rss;
    let highest = before;
    const timer = setInterval(() => {
      highest = Math.max(highest, process.memoryUsage().rss);
    }, 5);
    const answers = await Promise.all(Array.from({ length: 5 }, () => get('tasks/?page_size=100')));
    clearInterval(timer);
    for (const { status, raw, headers, body } of answers) {
      expect([status, body.results.length]).toEqual([200, 100]);
      expect(raw.length).toBeLessThan(MEGABYTE);
      expect(headers['x-truncated-fields']).toBe('detail');
      expect(body.results[0].detail).toBe(`${'x'.repeat(2_500)}…`);
      expect(body.results[0].title).toMatch(/^Task \d+$/);
    }
    expect((highest - before) / MEGABYTE).toBeLessThan(150);
    expect((await get('clients/')).status).toBe(200);
  });

  test('cuts lists within records to their last items that fit', async () => {
    await insertTasks(30, {
      tags: "(SELECT jsonb_agg('tag ' || t) FROM generate_series(1, 5000) t)",
      comments: comments(500, "'comment ' || c || repeat('x', 500)"),
    });
    const { body, headers, raw } = await get('tasks/?page_size=30');
    expect(headers['x-truncated-fields']).toBe('comments, tags');
    expect(raw.length).toBeLessThan(MEGABYTE);
    const [{ comments: shown, tags }] = body.results;
    expect(tags.at(-1)).toBe('tag 5000');
    expect(shown.at(-1).text).toMatch(/^comment 500x/);
    expect(shown.length).toBeLessThan(20);
  });

  test('of timeline, audit log, events and notifications has the same bounds', async () => {
    const body = { first_name: 'Maya', gender: 'FEMALE', country: 'NP', branch_id: 1 };
    const { id } = (await tasks.app.ask('POST', '/api/v1/clients/', { token, body })).body;
    await tasks.sql(`
      INSERT INTO immigration_clientactivity (client_id, activity_type, description, metadata, created_at)
      SELECT ${id}, 'STAGE_CHANGED', 'x', jsonb_build_object('stage', 'LEAD', 'big', repeat('x', 1000000)), now()
      FROM generate_series(1, 25)`);
    const timeline = await get(`clients/${id}/timeline/`);
    expect(timeline.headers['x-truncated-fields']).toBe('metadata');
    expect(timeline.body.results[0].metadata.stage).toBe('LEAD');
    expect(timeline.raw.length).toBeLessThan(MEGABYTE);
    await tasks.sql(`
      INSERT INTO immigration_notification (notification_type, title, message, meta_info, assigned_to_id, created_at, read, is_completed)
      SELECT 'SYSTEM_ALERT', 'x', repeat('x', 3000000), '{}', 1, now(), false, false FROM generate_series(1, 25)`);
    for (const path of ['notifications/', 'notifications/overdue/']) {
      const told = await get(path);
      expect([path, told.status, told.raw.length < MEGABYTE]).toEqual([path, 200, true]);
    }
    await insertTasks(10, { detail: "repeat('x', 3000000)" });
    const audit = await get('audit/?entity=task');
    expect([audit.status, audit.raw.length < MEGABYTE]).toEqual([200, true]);
  });
});

describe('one record', () => {
  test('is shown whole, and cut only if it is huge', async () => {
    await insertTasks(1, { detail: "repeat('x', 3000000)", comments: comments(500, "repeat('y', 5000)") });
    const [{ id = 0 } = {}] = await tasks.sql<{ id: number }>('SELECT id FROM immigration_task');
    const whole = await get(`tasks/${id}/`);
    expect([whole.body.detail.length, whole.body.comments.length]).toEqual([3_000_000, 500]);
    expect(whole.headers['x-truncated-fields']).toBeUndefined();
    await withoutTriggers("UPDATE immigration_task SET detail = repeat('x', 20000000)");
    const cut = await get(`tasks/${id}/`);
    expect([cut.body.detail.length, cut.headers['x-truncated-fields']]).toEqual([
      500_001,
      'comments, detail',
    ]);
    expect(cut.body.comments.length).toBeGreaterThan(300);
  });

  test('beyond any bound is refused, and harms nobody else', async () => {
    const bounded = { schema: 'tenant_main', userId: null, bounds: { most: MEGABYTE } };
    const large = statement("SELECT repeat('x', 30000000)");
    await expect(tasks.app.database.tenantQuery(bounded, large)).rejects.toThrow(AnswerTooLargeError);
    const cut = { ...bounded, bounds: { most: MEGABYTE, longest: 1_000 } };
    const [[row]] = [await tasks.app.database.tenantQuery<{ repeat: string }>(cut, large as never)];
    expect(row).toEqual({ repeat: `${'x'.repeat(250)}…` });
    expect((await get('tasks/')).status).toBe(200);
  });
});
