import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Ask, startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { notify } from '../../../test/helpers/notifications.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { statement } from '../../database/statement.js';

const PATH = '/api/v1/notifications/';
const UNKNOWN = { error: 'Notification not found or access denied' };
const context = { schema: 'tenant_main', userId: null };

let app: TestApp;
const tokens: Record<string, string> = {};

beforeAll(async () => {
  app = await startTestApp();
  for (const schema of ['tenant_main', 'tenant_demo']) await seedStaff(app, schema);
  for (const name of ['admin', 'consultant1', 'groupless', 'homeless']) tokens[name] = await app.logIn(name);
  tokens.elsewhere = await app.logIn('consultant1', 'demo');
});
afterAll(() => app?.close());
beforeEach(() => app.database.tenantQuery(context, statement('DELETE FROM immigration_notification')));

const ask = (method: string, path: string, by = 'consultant1', asked: Ask = {}) =>
  app.ask(method, PATH + path, { token: tokens[by], ...asked });
const ACTIONS: [string, string, unknown][] = [
  ['POST', 'mark_read/', undefined],
  ['PUT', 'update_notification/', { read: true }],
  ['PATCH', 'update_notification/', { read: true }],
];

describe('who may', () => {
  test('nobody without a token or with another tenant’s: 401', async () => {
    const [id] = await notify(app, 'consultant1');
    for (const [method, path] of [
      ['GET', ''],
      ['GET', `${id}/`],
      ['GET', 'overdue/'],
      ['GET', 'unread_count/'],
      ['POST', 'bulk_mark_read/'],
      ['POST', `${id}/mark_read/`],
      ['PATCH', `${id}/update_notification/`],
    ] as const) {
      expect((await app.ask(method, PATH + path)).status).toBe(401);
      expect((await ask(method, path, 'elsewhere')).status).toBe(401);
    }
  });

  test('a role is not needed', async () => {
    const [id] = await notify(app, 'groupless');
    expect((await ask('GET', '', 'groupless')).body.count).toBe(1);
    expect((await ask('POST', `${id}/mark_read/`, 'groupless')).status).toBe(200);
  });

  test('another user’s is answered like one that never was, to an admin too', async () => {
    const [id] = await notify(app, 'consultant1');
    for (const there of [id, 999_999, 0, 'x', '9'.repeat(30)]) {
      const detail = await ask('GET', `${there}/`, 'admin');
      expect([detail.status, detail.body]).toEqual([404, { detail: 'Not found.' }]);
      for (const [method, action, body] of ACTIONS) {
        const answer = await ask(method, `${there}/${action}`, 'admin', { body });
        expect([answer.status, answer.body]).toEqual([404, UNKNOWN]);
      }
    }
    const bulk = await ask('POST', 'bulk_mark_read/', 'admin', { body: { notification_ids: [id] } });
    expect([bulk.status, bulk.body]).toEqual([200, { marked_read_count: 0 }]);
    expect((await ask('GET', '', 'admin')).body.count).toBe(0);
    expect((await ask('GET', `${id}/`)).body.read).toBe(false);
  });

  test('the record is looked for before the fields are', async () => {
    const answer = await ask('PATCH', '999999/update_notification/', 'admin', { body: { read: 'maybe' } });
    expect(answer.status).toBe(404);
  });
});

describe('reading', () => {
  test('shows a notification as the contract says', async () => {
    const [id] = await notify(app, 'consultant1', [
      {
        notification_type: 'TASK_DUE_SOON',
        title: 'Call',
        message: 'Call Maya',
        due_date: '2020-01-31T09:00:00Z',
      },
    ]);
    const { body } = await ask('GET', `${id}/`);
    expect(body).toEqual({
      id,
      notification_type: 'TASK_DUE_SOON',
      notification_type_display: 'Task Due Soon',
      assigned_to: idOf('consultant1'),
      assigned_to_name: 'First consultant1 Last consultant1',
      title: 'Call',
      message: 'Call Maya',
      due_date: '2020-01-31T09:00:00Z',
      meta_info: {},
      read: false,
      read_at: null,
      is_completed: false,
      is_overdue: true,
      created_at: expect.stringMatching(/Z$/),
      updated_at: expect.stringMatching(/Z$/),
    });
    expect((await ask('GET', '')).body.results).toEqual([body]);
  });

  test('lists the newest first, in pages, by type, with or without those read', async () => {
    const day = (n: number) => `2026-01-0${n}T00:00:00Z`;
    const [first, second, third] = await notify(app, 'consultant1', [
      { created_at: day(2), notification_type: 'TASK_ASSIGNED' },
      { created_at: day(3), notification_type: 'REMINDER_DUE' },
      { created_at: day(2), notification_type: 'SYSTEM_ALERT' },
    ]);
    await ask('POST', `${second}/mark_read/`);
    const listed = async (search: string) => {
      const { body } = await ask('GET', search);
      return [body.count, body.results.map(({ id }: { id: number }) => id)];
    };
    expect(await listed('')).toEqual([3, [second, third, first]]);
    expect(await listed('?include_read=false')).toEqual([2, [third, first]]);
    expect(await listed('?include_read=true')).toEqual([3, [second, third, first]]);
    expect(await listed('?type=TASK_ASSIGNED&type[]=SYSTEM_ALERT')).toEqual([2, [third, first]]);
    expect(await listed('?type=NOTHING')).toEqual([0, []]);
    expect(await listed('?page_size=2&page=2')).toEqual([3, [first]]);
    expect(await listed('?page_size=2&page=last')).toEqual([3, [first]]);
  });

  test('what lists hold of those read is a setting', async () => {
    const environment = { NOTIFICATIONS_INCLUDE_READ_DEFAULT: 'false' };
    const other = await startTestApp({ sharing: app, environment });
    try {
      const [read] = await notify(app, 'consultant1', [{}, {}]);
      await ask('POST', `${read}/mark_read/`);
      const count = async (search: string) =>
        (await other.ask('GET', PATH + search, { token: tokens.consultant1 })).body.count;
      expect([await count(''), await count('?include_read=true')]).toEqual([1, 2]);
    } finally {
      await other.close();
    }
  });

  test('counts the unread, and lists what is overdue, the earliest due first', async () => {
    const ids = await notify(app, 'consultant1', [
      { due_date: '2021-01-01T00:00:00Z' },
      { due_date: '2020-01-01T00:00:00Z' },
      { due_date: '2020-01-01T00:00:00Z', is_completed: true },
      { due_date: '2999-01-01T00:00:00Z' },
      {},
    ]);
    expect((await ask('GET', 'unread_count/')).body).toEqual({ unread_count: 5 });
    expect((await ask('GET', 'unread_count/', 'admin')).body).toEqual({ unread_count: 0 });
    const { body } = await ask('GET', 'overdue/');
    expect(body.map(({ id }: { id: number }) => id)).toEqual([ids[1], ids[0]]);
  });
});

describe('changing', () => {
  test('mark_read sets the time once', async () => {
    const [id] = await notify(app, 'consultant1');
    const before = (await ask('GET', `${id}/`)).body;
    const once = (await ask('POST', `${id}/mark_read/`)).body;
    expect([once.read, once.read_at]).toEqual([true, once.updated_at]);
    expect(once.updated_at > before.updated_at).toBe(true);
    expect((await ask('POST', `${id}/mark_read/`)).body).toEqual(once);
  });

  test('update_notification changes what is given; unread empties the time', async () => {
    const [id] = await notify(app, 'consultant1');
    const path = `${id}/update_notification/`;
    const read = (await ask('PATCH', path, 'consultant1', { body: { read: true } })).body;
    expect([read.read, typeof read.read_at, read.is_completed]).toEqual([true, 'string', false]);
    const completed = (await ask('PUT', path, 'consultant1', { body: { is_completed: true } })).body;
    expect([completed.read, completed.read_at, completed.is_completed]).toEqual([true, read.read_at, true]);
    const unread = (await ask('PUT', path, 'consultant1', { body: { read: false } })).body;
    expect([unread.read, unread.read_at, unread.is_completed]).toEqual([false, null, true]);
    expect((await ask('PATCH', path, 'consultant1', { body: {} })).body).toEqual(unread);
    expect((await ask('PATCH', path)).body).toEqual(unread);
    const wrong = await ask('PATCH', path, 'consultant1', { body: { read: 'maybe' } });
    expect([wrong.status, wrong.body]).toEqual([400, { read: ['Must be a valid boolean.'] }]);
  });

  test('bulk_mark_read counts those that were unread', async () => {
    const ids = await notify(app, 'consultant1', [{}, {}, {}]);
    await ask('POST', `${ids[0]}/mark_read/`);
    const mark = (notification_ids: unknown) =>
      ask('POST', 'bulk_mark_read/', 'consultant1', { body: { notification_ids } });
    expect((await mark([ids[0], ids[1], ids[1], 999_999, -1, 1e300])).body).toEqual({ marked_read_count: 1 });
    expect((await mark([String(ids[2])])).body).toEqual({ marked_read_count: 1 });
    expect((await mark(ids)).body).toEqual({ marked_read_count: 0 });
    expect((await ask('GET', 'unread_count/')).body).toEqual({ unread_count: 0 });
  });

  test('bulk_mark_read by a form, where a list is the field repeated', async () => {
    const ids = await notify(app, 'consultant1', [{}, {}, {}]);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const mark = (body: string) => ask('POST', 'bulk_mark_read/', 'consultant1', { body, headers });
    const two = await mark(`notification_ids=${ids[0]}&notification_ids=${ids[1]}`);
    expect(two.body).toEqual({ marked_read_count: 2 });
    expect((await mark(`notification_ids=${ids[2]}`)).body).toEqual({ marked_read_count: 1 });
    expect((await mark('notification_ids=')).body).toEqual({ error: 'notification_ids is required' });
  });

  test('bulk_mark_read without ids or with what are none: 400', async () => {
    const missing = { error: 'notification_ids is required' };
    for (const [body, answer] of [
      [{}, missing],
      [undefined, missing],
      [{ notification_ids: null }, missing],
      [{ notification_ids: [] }, missing],
      [{ notification_ids: 7 }, { notification_ids: ['Expected a list of items but got type "int".'] }],
      [
        { notification_ids: [1, 'x', null] },
        {
          notification_ids: {
            1: ['A valid integer is required.'],
            2: ['This field may not be null.'],
          },
        },
      ],
    ] as const) {
      const got = await ask('POST', 'bulk_mark_read/', 'consultant1', { body });
      expect([got.status, got.body]).toEqual([400, answer]);
    }
  });
});
