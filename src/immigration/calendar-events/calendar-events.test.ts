import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { tenantSql } from '../../../test/helpers/tenant-sql.js';

const PATH = '/api/v1/events/';
const PEOPLE = [
  'admin',
  'manager1',
  'branch1',
  'branch3',
  'consultant1',
  'consultant3',
  'groupless',
] as const;
let app: TestApp;
const tokens = new Map<string, string>();

const sql = (text: string, parameters?: unknown[]) => tenantSql(app.databases.admin, text, parameters);

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  await sql("INSERT INTO immigration_branch (name, deleted_at) VALUES ('Closed', now())");
  for (const name of PEOPLE) tokens.set(name, await app.logIn(name));
});
afterAll(() => app?.close());
beforeEach(async () => {
  await sql('TRUNCATE immigration_calendar_event RESTART IDENTITY CASCADE');
});

const as = (name: string) => (method: string, path: string, body?: unknown) =>
  app.ask(method, PATH + path, { token: tokens.get(name), ...(body !== undefined && { body }) });
const ask = as('admin');
const meeting = (more: object = {}) => ({
  title: 'Meeting',
  start: '2026-03-02T09:00:00Z',
  end: '2026-03-02T10:30:00Z',
  ...more,
});

describe('writing', () => {
  it('creates an event with what is given, and shows it', async () => {
    const given = meeting({
      description: 'About visas',
      hex_color: 'ff0000',
      location: 'Room 1',
      all_day: true,
      assigned_to_id: idOf('consultant1'),
      branch_id: 1,
    });
    const { status, body } = await ask('POST', '', given);
    expect([status, body]).toEqual([
      201,
      {
        id: 1,
        title: 'Meeting',
        description: 'About visas',
        start: '2026-03-02T09:00:00Z',
        end: '2026-03-02T10:30:00Z',
        duration: '01:30:00',
        duration_minutes: 90,
        assigned_to: idOf('consultant1'),
        assigned_to_name: 'consultant1',
        assigned_to_full_name: 'First consultant1 Last consultant1',
        hex_color: '#ff0000',
        location: 'Room 1',
        all_day: true,
        branch: 1,
        branch_id: 1,
        branch_name: 'One',
        created_by: idOf('admin'),
        created_by_name: 'admin',
        created_at: expect.any(String),
        updated_by: idOf('admin'),
        updated_by_name: 'admin',
        updated_at: body.created_at,
        is_past: expect.any(Boolean),
        is_ongoing: expect.any(Boolean),
        is_upcoming: expect.any(Boolean),
      },
    ]);
    expect((await ask('GET', '1/')).body).toEqual(body);
  });

  it('an event has its defaults where nothing is given', async () => {
    const { body } = await ask('POST', '', meeting());
    expect(body).toMatchObject({ description: '', hex_color: '#3788d8', location: '', all_day: false });
    expect([body.assigned_to, body.assigned_to_name, body.branch, body.branch_name]).toEqual(
      Array(4).fill(null),
    );
  });

  it('changes only what is given, and who changed it', async () => {
    await ask('POST', '', meeting({ assigned_to_id: idOf('branch1') }));
    const { status, body } = await as('branch1')('PATCH', '1/', { title: 'Moved', hex_color: '#0000FF' });
    expect([status, body]).toMatchObject([
      200,
      { title: 'Moved', hex_color: '#0000FF', duration: '01:30:00', updated_by_name: 'branch1' },
    ]);
    expect(body.updated_at > body.created_at).toBe(true);
    expect((await ask('PATCH', '1/', { assigned_to_id: null })).body.assigned_to).toBe(null);
  });

  it('deletes for good', async () => {
    await ask('POST', '', meeting());
    expect((await ask('DELETE', '1/')).status).toBe(204);
    expect(await ask('GET', '1/')).toMatchObject({ status: 404, body: { detail: 'Event not found' } });
    expect(await sql('SELECT FROM immigration_calendar_event')).toEqual([]);
  });

  it('tells what is wrong by field', async () => {
    const answer = await ask('POST', '', {
      title: ' ',
      start: 'today',
      hex_color: 'red',
      assigned_to_id: 'me',
    });
    expect([answer.status, answer.body]).toEqual([
      400,
      {
        title: ['This field may not be blank.'],
        start: [expect.stringMatching(/^Datetime has wrong format/)],
        end: ['This field is required.'],
        hex_color: ['This value does not match the required pattern.'],
        assigned_to_id: ['A valid integer is required.'],
      },
    ]);
  });
});

describe('the end', () => {
  const wrong = { status: 400, body: { end: ['End time must be after start time.'] } };

  it.each(['2026-03-02T09:00:00Z', '2026-03-02T08:59:59.999999Z', '2026-03-02T14:44:59+05:45'])(
    'may not be %s',
    async (end) => {
      expect(await ask('POST', '', meeting({ end }))).toMatchObject(wrong);
    },
  );

  it('lies after the start also when only one of them is changed', async () => {
    await ask('POST', '', meeting());
    expect(await ask('PATCH', '1/', { start: '2026-03-02T10:30:00Z' })).toMatchObject(wrong);
    expect(await ask('PATCH', '1/', { end: '2026-03-02T09:00:00Z' })).toMatchObject(wrong);
    const both = { start: '2026-03-03T09:00:00Z', end: '2026-03-05T09:00:00.5Z' };
    const { body } = await ask('PATCH', '1/', both);
    expect([body.duration, body.duration_minutes]).toEqual(['2 00:00:00.500000', 2880]);
  });

  it('lies after the start when two change one of them each at the same moment', async () => {
    for (let round = 0; round < 5; round++) {
      const { body } = await ask('POST', '', meeting());
      const answers = await Promise.all([
        ask('PATCH', `${body.id}/`, { start: '2026-03-02T10:00:00Z' }),
        ask('PATCH', `${body.id}/`, { end: '2026-03-02T09:30:00Z' }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    }
  });
});

describe('assigning', () => {
  it('to someone else takes a permission, to oneself none', async () => {
    const other = idOf('branch1');
    const refused = {
      status: 403,
      body: { detail: 'User consultant1 does not have permission to assign events to other users' },
    };
    const consultant = as('consultant1');
    expect(await consultant('POST', '', meeting({ assigned_to_id: other }))).toMatchObject(refused);
    expect(await consultant('POST', '', meeting({ assigned_to_id: 999 }))).toMatchObject(refused);
    expect((await consultant('POST', '', meeting({ assigned_to_id: idOf('consultant1') }))).status).toBe(201);
    expect(await consultant('PATCH', '1/', { assigned_to_id: other })).toMatchObject(refused);
    expect((await consultant('PATCH', '1/', { assigned_to_id: null })).status).toBe(200);

    await ask('PATCH', '1/', { assigned_to_id: other });
    // Naming the present assignee assigns nobody.
    expect((await consultant('PATCH', '1/', { assigned_to_id: other, title: 'T' })).status).toBe(200);
  });

  it('to the disabled: 400', async () => {
    const gone = idOf('gone');
    const refused = { status: 400, body: { detail: `Assigned user with id=${gone} is disabled` } };
    expect(await ask('POST', '', meeting({ assigned_to_id: gone }))).toMatchObject(refused);
  });

  it.each([999, 0, -1, 2 ** 53])('to nobody (%s): 400', async (id) => {
    const missing = { status: 400, body: { detail: `Assigned user with id=${id} does not exist` } };
    expect(await ask('POST', '', meeting({ assigned_to_id: id }))).toMatchObject(missing);
    await ask('POST', '', meeting());
    expect(await ask('PATCH', '1/', { assigned_to_id: id })).toMatchObject(missing);
  });
});

test('a branch must be there, and in scope', async () => {
  for (const id of [999, 4, 0]) {
    const missing = { branch_id: [`Invalid pk "${id}" - object does not exist.`] };
    expect(await ask('POST', '', meeting({ branch_id: id }))).toMatchObject({ status: 400, body: missing });
  }
  expect((await as('branch1')('POST', '', meeting({ branch_id: 3 }))).status).toBe(403);
  expect((await as('branch1')('POST', '', meeting({ branch_id: 1 }))).status).toBe(201);
});

describe('who is neither creator nor assignee', () => {
  it('does not reach an event that they do not see', async () => {
    await ask('POST', '', meeting());
    const denied = {
      status: 403,
      body: { detail: 'User consultant1 does not have permission to access event 1' },
    };
    const consultant = as('consultant1');
    for (const [method, body] of [['GET'], ['PATCH', { start: 'x' }], ['DELETE']] as const) {
      expect(await consultant(method, '1/', body)).toMatchObject(denied);
    }
    expect((await consultant('GET', '')).body.count).toBe(0);
  });

  it('changes and deletes what they see, with the permission to', async () => {
    await as('consultant1')('POST', '', meeting({ assigned_to_id: idOf('consultant1') }));
    expect((await as('branch3')('GET', '1/')).status).toBe(403);
    expect((await as('branch1')('PATCH', '1/', { title: 'By the admin of the branch' })).status).toBe(200);
    // A user who may view the team's calendar, without further permissions.
    await sql(`INSERT INTO immigration_user_user_permissions (user_id, permission_id)
      SELECT ${idOf('manager1')}, id FROM auth_permission WHERE codename = 'view_team_events'`);
    const manager = as('manager1');
    await expect.poll(async () => (await manager('GET', '1/')).status).toBe(200);
    const refused = { detail: 'You do not have permission to perform this action.' };
    expect(await manager('PATCH', '1/', {})).toMatchObject({ status: 403, body: refused });
    expect(await manager('DELETE', '1/')).toMatchObject({ status: 403, body: refused });
    await sql('DELETE FROM immigration_user_user_permissions');
    expect((await as('branch1')('DELETE', '1/')).status).toBe(204);
  });
});

describe('the list', () => {
  const titles = async (query: string, name = 'admin') =>
    (await as(name)('GET', query)).body.results.map(({ title }: { title: string }) => title);
  const add = (title: string, start: string, end: string, more: object = {}) =>
    ask('POST', '', { title, start, end, ...more });

  it('has the latest start first, and the later of two at once', async () => {
    await add('b', '2026-03-02T09:00:00Z', '2026-03-02T10:00:00Z');
    await add('c', '2026-03-03T09:00:00Z', '2026-03-03T10:00:00Z');
    await add('a', '2026-03-02T09:00:00Z', '2026-03-02T11:00:00Z');
    expect(await titles('')).toEqual(['c', 'a', 'b']);
  });

  it('begins with what is going on and to come, the earliest first, where no range is asked for', async () => {
    const hours = (n: number) => new Date(Date.now() + n * 3_600_000).toISOString();
    await add('long ago', hours(-99), hours(-98));
    await add('later', hours(30), hours(31));
    await add('just now', hours(-1), hours(1));
    await add('soon', hours(2), hours(3));
    await add('over', hours(-9), hours(-8));
    expect(await titles('')).toEqual(['just now', 'soon', 'later', 'over', 'long ago']);
    expect([...(await titles('?page_size=2')), ...(await titles('?page_size=2&page=2'))]).toEqual([
      'just now',
      'soon',
      'later',
      'over',
    ]);
    expect(await titles(`?start_date=${hours(-100)}`)).toEqual([
      'later',
      'soon',
      'just now',
      'over',
      'long ago',
    ]);
  });

  it('gives the range of a calendar whole', async () => {
    await sql(`INSERT INTO immigration_calendar_event (title, start, "end", created_by_id)
      SELECT n::text, '2026-03-01'::timestamptz + make_interval(mins => n), '2026-03-02T12:00:00Z', ${idOf('admin')}
      FROM generate_series(1, 130) n`);
    const range = 'start_date=2026-03-01&end_date=2026-03-31';
    const { count, results, next } = (await ask('GET', `?${range}`)).body;
    expect([count, results.length, next]).toEqual([130, 130, null]);
    expect((await ask('GET', `?${range}&page_size=50`)).body.results).toHaveLength(50);
    expect((await ask('GET', '?page_size=1000')).body.results).toHaveLength(100);
  });

  it('takes bare dates as whole days of the agency', async () => {
    await add('evening', '2026-03-02T20:00:00Z', '2026-03-02T21:00:00Z');
    expect(await titles('?start_date=2026-03-02&end_date=2026-03-02')).toEqual(['evening']);
    expect(await titles('?start_date=2026-03-03&end_date=2026-03-03')).toEqual([]);
    expect(await titles('?start_date=2026-03-03&end_date=2026-03-01')).toEqual([]);
  });

  it('start_date and end_date keep what overlaps', async () => {
    await add('before', '2026-03-01T09:00:00Z', '2026-03-02T00:00:00Z');
    await add('into', '2026-03-01T09:00:00Z', '2026-03-02T00:00:01Z');
    await add('within', '2026-03-02T09:00:00Z', '2026-03-02T10:00:00Z');
    await add('around', '2026-03-01T00:00:00Z', '2026-03-04T00:00:00Z');
    await add('out of', '2026-03-02T23:59:59Z', '2026-03-03T10:00:00Z');
    await add('after', '2026-03-03T00:00:00Z', '2026-03-03T10:00:00Z');
    const day = 'start_date=2026-03-02T00:00:00Z&end_date=2026-03-03T00:00:00Z';
    expect((await titles(`?${day}`)).sort()).toEqual(['around', 'into', 'out of', 'within']);
    expect((await titles('?start_date=2026-03-03')).sort()).toEqual(['after', 'around', 'out of']);
    expect((await titles('?end_date=2026-03-02T05:45:00%2B05:45')).sort()).toEqual([
      'around',
      'before',
      'into',
    ]);
  });

  it('is filtered by assignee, branch and text', async () => {
    await add('Visa 100%', '2026-03-01T09:00:00Z', '2026-03-02T00:00:00Z', { location: 'Sydney' });
    await add('Other', '2026-03-01T09:00:00Z', '2026-03-02T00:00:00Z', {
      assigned_to_id: idOf('branch1'),
      branch_id: 1,
      description: 'about 1000',
    });
    expect(await titles('?search=100%25')).toEqual(['Visa 100%']);
    expect(await titles('?search=sydney')).toEqual(['Visa 100%']);
    expect(await titles('?search=ABOUT')).toEqual(['Other']);
    expect(await titles(`?assigned_to=${idOf('branch1')}`)).toEqual(['Other']);
    expect(await titles('?branch=1')).toEqual(['Other']);
    expect(await titles('?branch=99999999999999999')).toEqual([]);
  });

  it.each(['start_date=x', 'end_date=2026-13-01T00:00:00Z', 'assigned_to=x', 'branch=1.5'])(
    'refuses %s',
    async (query) => {
      const { status, body } = await ask('GET', `?${query}`);
      expect([status, Object.keys(body)]).toEqual([400, [query.split('=', 1)[0]]]);
    },
  );
});

describe('today and upcoming', () => {
  const ZONE = 'Pacific/Kiritimati'; // 14 hours ahead: its days are not those of UTC
  const titles = async (path: string) =>
    (await ask('GET', path)).body.results.map(({ title }: { title: string }) => title);

  /** Returns events with times relative to the beginning of the tenant's day. */
  const around = (...events: [title: string, start: string, end: string][]) =>
    sql(
      `INSERT INTO immigration_calendar_event (title, start, "end", created_by_id)
       SELECT e ->> 0, (day + (e ->> 1)::interval) AT TIME ZONE $2, (day + (e ->> 2)::interval) AT TIME ZONE $2, 1
       FROM jsonb_array_elements($1) e, date_trunc('day', now() AT TIME ZONE $2) AS day`,
      [JSON.stringify(events), ZONE],
    );

  beforeAll(async () => {
    await sql(
      `UPDATE public.tenants_tenant SET settings = jsonb_build_object('time_zone', $1::text)
       WHERE schema_name = 'tenant_main'`,
      [ZONE],
    );
  });

  it('today is what takes place today at the tenant, the earliest first', async () => {
    await around(
      ['yesterday', '-3 hours', '0 hours'],
      ['tomorrow', '24 hours', '25 hours'],
      ['late', '23 hours 59 minutes', '24 hours'],
      ['early', '0 hours', '1 hour'],
      ['all week', '-2 days', '3 days'],
    );
    await expect.poll(() => titles('today/')).toEqual(['all week', 'early', 'late']);
    expect((await ask('GET', 'today/?page_size=1')).body).toMatchObject({ count: 3, previous: null });
  });

  it('upcoming is what begins within the next days, the earliest first', async () => {
    await sql(
      `INSERT INTO immigration_calendar_event (title, start, "end", created_by_id)
       SELECT e ->> 0, now() + (e ->> 1)::interval, now() + (e ->> 1)::interval + interval '1 hour', 1
       FROM jsonb_array_elements($1) e`,
      [
        JSON.stringify([
          ['begun', '-1 minute'],
          ['in a week', '6 days 23 hours'],
          ['soon', '1 minute'],
          ['later', '7 days 1 hour'],
          ['in a year', '365 days'],
        ]),
      ],
    );
    expect(await titles('upcoming/')).toEqual(['soon', 'in a week']);
    expect(await titles('upcoming/?days=1')).toEqual(['soon']);
    expect(await titles('upcoming/?days=8')).toEqual(['soon', 'in a week', 'later']);
    expect(await titles('upcoming/?days=99999999999999999999')).toHaveLength(4);
    expect(await titles('upcoming/?days=0')).toEqual([]);
    expect(await titles('upcoming/?days=-5')).toEqual([]);
    expect((await ask('GET', 'upcoming/?days=x')).body).toEqual({ days: ['A valid integer is required.'] });
    const flags = (await ask('GET', '?search=begun')).body.results[0];
    expect([flags.is_past, flags.is_ongoing, flags.is_upcoming]).toEqual([false, true, false]);
  });
});
