import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { runJob } from '../../../test/helpers/jobs.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { tenantSql } from '../../../test/helpers/tenant-sql.js';
import { remindersJob } from './reminders-job.js';

const PATH = '/api/v1/reminders/';
const PEOPLE = [
  'admin',
  'manager1',
  'branch1',
  'branch3',
  'consultant1',
  'consultant3',
  'groupless',
] as const;
const [AGENT, CLIENT, VISA_APPLICATION] = [2, 10, 19];
let app: TestApp;
const tokens = new Map<string, string>();

const sql = (text: string, parameters?: unknown[]) => tenantSql(app.databases.admin, text, parameters);

beforeAll(async () => {
  app = await startTestApp({ deaf: true }); // so that a tenant's settings take effect at once
  await seedStaff(app);
  // Clients 1 to 3 belong to the branches 1 to 3, 4 is deleted.
  await sql(`INSERT INTO immigration_client (first_name, last_name, branch_id, deleted_at) VALUES
    ('One', 'Client', 1, NULL), ('Two', 'Client', 2, NULL), ('Three', 'Client', 3, NULL), ('Gone', 'Client', 1, now())`);
  for (const name of PEOPLE) tokens.set(name, await app.logIn(name));
});
afterAll(() => app?.close());
beforeEach(async () => {
  await sql('TRUNCATE immigration_reminder, immigration_notification RESTART IDENTITY CASCADE');
});

const as = (name: string) => (method: string, path: string, body?: unknown) =>
  app.ask(method, PATH + path, { token: tokens.get(name), ...(body !== undefined && { body }) });
const ask = as('consultant1');
const call = (more: object = {}) => ({ title: 'Call back', content_type: CLIENT, object_id: 1, ...more });

describe('writing', () => {
  it('creates a reminder with what is given, and shows it', async () => {
    const given = call({
      reminder_date: '2026-03-02',
      reminder_time: '09:30:00',
      meta_info: { colour: 'red', list: [1, null] },
      read: true,
      is_completed: true,
    });
    const { status, body } = await ask('POST', '', given);
    expect([status, body]).toEqual([
      201,
      {
        ...given,
        id: 1,
        created_by: idOf('consultant1'),
        created_by_name: 'First consultant1 Last consultant1',
        created_at: expect.any(String),
        notification_created: false,
      },
    ]);
    expect((await ask('GET', '1/')).body).toEqual(body);
  });

  it('a reminder has neither date nor time where none is given', async () => {
    const { body } = await ask('POST', '', call());
    expect(body).toMatchObject({ reminder_date: null, reminder_time: null, meta_info: {} });
    expect([body.read, body.is_completed]).toEqual([false, false]);
  });

  it('changes only what is given; null clears', async () => {
    await ask('POST', '', call({ reminder_date: '2026-03-02', reminder_time: '09:30' }));
    const { body } = await ask('PATCH', '1/', { reminder_time: null, read: true });
    expect(body).toMatchObject({
      title: 'Call back',
      reminder_date: '2026-03-02',
      reminder_time: null,
      read: true,
    });
    expect(await ask('PATCH', '1/', {})).toMatchObject({ status: 200, body });
    const { body: precise } = await ask('PATCH', '1/', { reminder_time: '23:59:59.5', meta_info: { a: {} } });
    expect(precise).toMatchObject({ reminder_time: '23:59:59.500000', meta_info: { a: {} } });
  });

  it('is completed by an action, whatever the body', async () => {
    await ask('POST', '', call());
    expect((await ask('POST', '1/completed/')).body).toMatchObject({ id: 1, is_completed: true });
    expect((await ask('POST', '1/completed/', '{')).status).toBe(200);
    expect((await ask('PATCH', '1/', { is_completed: false })).body.is_completed).toBe(false);
  });

  it('deletes for good', async () => {
    await ask('POST', '', call());
    expect((await ask('DELETE', '1/')).status).toBe(204);
    expect(await ask('GET', '1/')).toMatchObject({ status: 404, body: { detail: 'Reminder not found' } });
    expect(await sql('SELECT FROM immigration_reminder')).toEqual([]);
  });

  it('tells what is wrong by field', async () => {
    const { status, body } = await ask('POST', '', {
      title: '',
      reminder_date: '2026-02-30',
      reminder_time: '25:00',
      meta_info: [],
      object_id: 2 ** 31,
    });
    expect([status, body]).toEqual([
      400,
      {
        reminder_date: [expect.stringMatching(/^Date has wrong format/)],
        reminder_time: [expect.stringMatching(/^Time has wrong format/)],
        title: ['This field may not be blank.'],
        meta_info: ['Expected a dictionary of items but got type "list".'],
        content_type: ['This field is required.'],
        object_id: ['Ensure this value is less than or equal to 2147483647.'],
      },
    ]);
  });
});

describe('the record that a reminder hangs on', () => {
  const missing = (field: string, id: number) => ({
    status: 400,
    body: { [field]: [`Invalid pk "${id}" - object does not exist.`] },
  });

  it.each([
    ['content_type', { content_type: 999 }, 999],
    ['content_type', { content_type: -1 }, -1],
    ['object_id', { object_id: 999 }, 999],
    ['object_id', { object_id: 0 }, 0],
    ['object_id', { object_id: 4 }, 4],
    ['object_id', { content_type: VISA_APPLICATION, object_id: 1 }, 1],
  ])('must exist: %s of %j', async (field, link, id) => {
    expect(await ask('POST', '', call(link))).toMatchObject(missing(field, id));
    await ask('POST', '', call());
    expect(await ask('PATCH', '1/', link)).toMatchObject(missing(field, id));
  });

  it('must be in scope when it is named anew', async () => {
    const denied = { detail: 'User consultant1 does not have permission to access client 3' };
    expect(await ask('POST', '', call({ object_id: 3 }))).toMatchObject({ status: 403, body: denied });
    expect((await ask('POST', '', call({ content_type: AGENT, object_id: 1 }))).status).toBe(201);
    expect(await ask('PATCH', '1/', { content_type: CLIENT, object_id: 3 })).toMatchObject({ status: 403 });
    await sql('UPDATE immigration_reminder SET content_type_id = $1, object_id = 3', [CLIENT]);
    expect((await ask('PATCH', '1/', { title: 'Still my own', object_id: 3 })).status).toBe(200);
  });
});

describe('somebody else’s reminder', () => {
  it('is there for whom its record is in scope, and to be changed with the permission', async () => {
    await ask('POST', '', call());
    const refused = { status: 403, body: { detail: 'You do not have permission to perform this action.' } };
    const outside = as('branch3');
    for (const [method, path, body] of [
      ['GET', '1/'],
      ['PATCH', '1/', { title: '' }],
      ['DELETE', '1/'],
      ['POST', '1/completed/'],
    ] as const) {
      expect((await outside(method, path, body)).status).toBe(404);
    }
    // A region manager of that branch has no permission on reminders.
    const manager = as('manager1');
    expect((await manager('GET', '1/')).status).toBe(200);
    expect(await manager('PATCH', '1/', { title: '' })).toMatchObject(refused);
    expect(await manager('POST', '1/completed/')).toMatchObject(refused);
    expect(await manager('DELETE', '1/')).toMatchObject(refused);
    const branchAdmin = as('branch1');
    expect((await branchAdmin('PATCH', '1/', { title: 'Ours' })).body.title).toBe('Ours');
    expect((await branchAdmin('POST', '1/completed/')).status).toBe(200);
    expect((await branchAdmin('DELETE', '1/')).status).toBe(204);
  });
});

describe('the list', () => {
  const add = (
    title: string,
    reminder_date: string | null,
    reminder_time: string | null,
    more: object = {},
  ) => ask('POST', '', call({ title, reminder_date, reminder_time, ...more }));
  const titles = async (query = '') =>
    (await ask('GET', query)).body.results.map(({ title }: { title: string }) => title).join(' ');

  it('has the latest first; without time counts as the beginning of the day, without date comes last', async () => {
    await add('a', '2026-03-02', null);
    await add('b', null, null);
    await add('c', '2026-03-02', '09:00');
    await add('d', '2026-03-03', null);
    await add('e', '2026-03-02', '09:00');
    expect(await titles()).toBe('d e c a b');
  });

  it('is sorted by what `ordering` says', async () => {
    await add('b', '2026-03-02', '09:00', { content_type: AGENT });
    await add('a', '2026-03-01', null, { is_completed: true });
    await add('c', null, '08:00');
    expect(await titles('?ordering=title')).toBe('a b c');
    expect(await titles('?ordering=-title')).toBe('c b a');
    expect(await titles('?ordering=reminder_date')).toBe('a b c');
    expect(await titles('?ordering=reminder_time')).toBe('c b a');
    expect(await titles('?ordering=content_type,-title')).toBe('b c a');
    expect(await titles('?ordering=-is_completed,%20id')).toBe('a b c');
    for (const field of Object.keys((await ask('GET', '1/')).body)) {
      expect((await ask('GET', `?ordering=-${field}`)).body.count).toBe(3);
    }
    // Unknown fields are ignored.
    expect(await titles('?ordering=nothing,title')).toBe('a b c');
    for (const other of ['nothing', '--title', ',', "id'", 'toString', '__proto__', 'r.title']) {
      expect(await titles(`?ordering=${other}`)).toBe('b a c');
    }
  });

  it('is filtered', async () => {
    await add('a', null, null, { content_type: AGENT });
    await add('b', null, null, { is_completed: true });
    await add('c', null, null, { read: true });
    expect(await titles(`?content_type=${CLIENT}`)).toBe('c b');
    expect(await titles(`?content_type=${CLIENT}&object_id=1&is_completed=false`)).toBe('c');
    expect(await titles('?object_id=2')).toBe('');
    expect(await titles('?is_completed=true')).toBe('b');
    expect(await titles('?read=1')).toBe('c');
    expect((await ask('GET', '?content_type=x')).body).toEqual({
      content_type: ['A valid integer is required.'],
    });
  });

  it('comes in pages of 10, of 50 at most', async () => {
    await sql(`INSERT INTO immigration_reminder (title, content_type_id, object_id, created_by_id)
      SELECT n::text, 10, 1, ${idOf('consultant1')} FROM generate_series(1, 60) n`);
    const size = async (query: string) => (await ask('GET', query)).body.results.length;
    expect([await size(''), await size('?page_size=x'), await size('?page_size=11')]).toEqual([10, 10, 11]);
    expect([await size('?page_size=51'), await size('?page_size=50&page=last')]).toEqual([50, 10]);
    const { body } = await ask('GET', '?page=2');
    expect(body.next).toBe('http://main.localhost/api/v1/reminders/?page=3');
  });
});

describe('the notification of a reminder', () => {
  const notified = async () => {
    await runJob(app.database, remindersJob, { everywhere: true });
    return (await sql('SELECT message FROM immigration_notification ORDER BY id')).map(
      ({ message }) => message,
    );
  };
  const at = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();
  const when = (hours: number) => ({
    reminder_date: at(hours).slice(0, 10),
    reminder_time: at(hours).slice(11, 19),
  });

  it('is made once, and again when the reminder is put off to a time to come', async () => {
    await ask('POST', '', call(when(-1)));
    expect(await notified()).toEqual(['Call back']);
    expect((await ask('GET', '1/')).body.notification_created).toBe(true);

    // Other changes, and another time in the past, are no reason to notify again.
    await ask('PATCH', '1/', { title: 'Other', read: true });
    expect((await ask('PATCH', '1/', when(-2))).body.notification_created).toBe(true);
    const { body: same } = await ask('GET', '1/');
    await ask('PATCH', '1/', { reminder_date: same.reminder_date, reminder_time: same.reminder_time });
    expect(await notified()).toHaveLength(1);

    expect((await ask('PATCH', '1/', when(1))).body.notification_created).toBe(false);
    expect(await notified()).toHaveLength(1);
    await ask('PATCH', '1/', when(-1)); // its time has come
    expect(await notified()).toEqual(['Call back', 'Other']);
  });

  it('is not made of one that was completed in time, nor of one without date', async () => {
    await ask('POST', '', call(when(-1)));
    await ask('POST', '1/completed/');
    await ask('POST', '', call());
    expect(await notified()).toEqual([]);
    await ask('PATCH', '1/', { is_completed: false });
    expect(await notified()).toEqual(['Call back']);
  });

  test('time zones: due when the clock of the tenant shows its time', async () => {
    await sql(
      `UPDATE public.tenants_tenant SET settings = '{"time_zone": "Asia/Kathmandu"}' WHERE schema_name = 'tenant_main'`,
    );
    await ask('POST', '', call({ ...when(0.5), title: 'hours ago there' })); // 5:45 ahead of UTC
    await ask('POST', '', call({ ...when(6), title: 'in a quarter of an hour there' }));
    expect(await notified()).toEqual(['hours ago there']);
    expect((await ask('PATCH', '1/', when(5.5))).body.notification_created).toBe(true);
    expect((await ask('PATCH', '1/', when(6))).body.notification_created).toBe(false);
  });
});
