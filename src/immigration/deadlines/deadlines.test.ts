import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { collegeChoice, visaType } from '../../../test/helpers/samples/applications.js';
import { insert } from '../../../test/helpers/samples/insert.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { tenantSql } from '../../../test/helpers/tenant-sql.js';

const ZONE = 'Australia/Sydney';
const DAY = 86_400_000;
const [CLIENT, VISA_APPLICATION] = [10, 19];
let app: TestApp;
const tokens = new Map<string, string>();

const sql = (text: string, parameters?: unknown[]) => tenantSql(app.databases.admin, text, parameters);
const main = <T>(work: Parameters<typeof app.database.tenantTransaction<T>>[1]) =>
  app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, work);

/** Returns the tenant's date in this many days. */
const inDays = (days: number) =>
  new Date(Date.parse(new Intl.DateTimeFormat('en-CA', { timeZone: ZONE }).format(Date.now())) + days * DAY)
    .toISOString()
    .slice(0, 10);

beforeAll(async () => {
  app = await startTestApp({ deaf: true }); // so that a tenant's settings take effect at once
  await seedStaff(app);
  await sql(`UPDATE public.tenants_tenant SET settings = '{"time_zone": "${ZONE}"}'`);
  for (const name of ['admin', 'branch1', 'branch3', 'consultant1', 'groupless', 'homeless']) {
    tokens.set(name, await app.logIn(name));
  }
});
afterAll(() => app?.close());
beforeEach(async () => {
  await sql(`TRUNCATE immigration_client, immigration_task, immigration_reminder RESTART IDENTITY CASCADE`);
  await sql(`INSERT INTO immigration_client (first_name, last_name, branch_id, assigned_to_id, deleted_at) VALUES
    ('One', 'Client', 1, ${idOf('consultant1')}, NULL), ('Two', 'Client', 2, NULL, NULL),
    ('Three', 'Client', 3, ${idOf('consultant3')}, NULL), ('Gone', 'Client', 1, NULL, now())`);
});

const ask = (query = '', name = 'admin') =>
  app.ask('GET', `/api/v1/deadlines/${query}`, { token: tokens.get(name) });

/** Returns the listed deadlines, as `KIND record`. */
async function listed(query = '', name = 'admin'): Promise<string[]> {
  const { status, body } = await ask(query, name);
  expect([status, body.count]).toEqual([200, body.results.length]);
  return body.results.map((one: { kind: string; record_id: number }) => `${one.kind} ${one.record_id}`);
}

const passport = (client: number, days: number) =>
  sql('INSERT INTO immigration_passport (id, date_of_expiry) VALUES ($1, $2)', [client, inDays(days)]);

const visa = (client: number, days: number, more: object = {}) =>
  main(async (transaction) =>
    insert(transaction, 'immigration_visaapplication', {
      client_id: client,
      visa_type_id: await visaType(transaction),
      immigration_fee: '1.00',
      service_fee: '1.00',
      status: 'GRANTED',
      expiry_date: inDays(days),
      ...more,
    }),
  );

/** Creates an application for an intake in this many days, in the first of this many stages of its type. */
const intake = (client: number, days: number, stages = 2) =>
  main(async (transaction) => {
    const choice = await collegeChoice(transaction);
    for (let position = 2; position <= stages; position++) {
      const { application_type_id } = choice;
      const stage_name = `Stage ${position}`;
      await insert(transaction, 'immigration_stage', { stage_name, position, application_type_id });
    }
    const start_date_id = await insert(transaction, 'immigration_institute_intake', {
      intake_date: inDays(days),
      institute_id: choice.institute_id,
    });
    return await insert(transaction, 'immigration_collegeapplication', {
      ...choice,
      client_id: client,
      start_date_id,
      total_tuition_fee: '1.00',
    });
  });

async function task(due: string, more: Record<string, unknown> = {}): Promise<number> {
  const values = { title: 'Lodge it', due_date: due, ...more };
  return main((transaction) => insert(transaction, 'immigration_task', values as never));
}

async function reminder(date: string | null, more: Record<string, unknown> = {}): Promise<number> {
  const about = { content_type_id: CLIENT, object_id: 1, created_by_id: idOf('consultant1') };
  const values = { title: 'Call back', reminder_date: date, ...about, ...more };
  return main((transaction) => insert(transaction, 'immigration_reminder', values as never));
}

const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

describe('the list', () => {
  it('holds what expires and falls due, of every kind, the earliest first', async () => {
    const reminded = await reminder(inDays(4), { reminder_time: '09:30' });
    const due = `${inDays(3)}T01:00:00Z`;
    const asked = await task(due, { branch_id: 2, content_type_id: CLIENT, object_id: 2 });
    const application = await intake(3, 2);
    const granted = await visa(1, 1, { assigned_to_id: idOf('branch1') });
    await passport(2, -1);
    const { body } = await ask();
    const [kindOf] = await sql(
      `SELECT t.name AS visa, i.name AS institute, o.name AS course
       FROM immigration_visaapplication a JOIN immigration_visatype t ON t.id = a.visa_type_id,
            immigration_collegeapplication c JOIN immigration_institute i ON i.id = c.institute_id
            JOIN immigration_course o ON o.id = c.course_id`,
    );
    const two = { client: 2, client_name: 'Two Client', branch: 2, branch_name: 'Two' };
    const assigned = (name: string) => ({
      assigned_to: idOf(name),
      assigned_to_name: `First ${name} Last ${name}`,
    });
    const nobody = { assigned_to: null, assigned_to_name: null };
    expect(body).toEqual({
      count: 5,
      next: null,
      previous: null,
      results: [
        {
          ...{ kind: 'PASSPORT', record_id: 2, title: 'Passport', due_date: inDays(-1), due_at: null },
          ...{ days_left: -1, is_overdue: true, ...two, ...nobody },
        },
        {
          ...{ kind: 'VISA', record_id: granted, title: `Visa: ${kindOf?.visa}` },
          ...{ due_date: inDays(1), due_at: null, days_left: 1, is_overdue: false, client: 1 },
          ...{ client_name: 'One Client', branch: 1, branch_name: 'One', ...assigned('branch1') },
        },
        {
          ...{ kind: 'INTAKE', record_id: application },
          title: `Intake: ${kindOf?.institute}, ${kindOf?.course}`,
          ...{ due_date: inDays(2), due_at: null, days_left: 2, is_overdue: false, client: 3 },
          ...{ client_name: 'Three Client', branch: 3, branch_name: 'Three', ...assigned('consultant3') },
        },
        {
          ...{ kind: 'TASK', record_id: asked, title: 'Lodge it', due_date: inDays(3), due_at: due },
          ...{ days_left: 3, is_overdue: false, ...two, ...nobody },
        },
        {
          ...{ kind: 'REMINDER', record_id: reminded, title: 'Call back', due_date: inDays(4) },
          due_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT2[23]:30:00(\.0+)?Z$/),
          ...{ days_left: 4, is_overdue: false, client: 1, client_name: 'One Client' },
          ...{ branch: 1, branch_name: 'One', ...assigned('consultant1') },
        },
      ],
    });
  });

  it('leaves out what is done, refused, archived, or has no date', async () => {
    await visa(1, 5, { status: 'REJECTED' });
    await visa(1, 5, { status: 'WITHDRAWN' });
    await visa(1, 5, { expiry_date: null });
    await passport(4, 5); // of an archived client
    await intake(1, 5, 1); // in the last stage of its type
    await sql('UPDATE immigration_collegeapplication SET deleted_at = now() WHERE id = $1', [
      await intake(1, 5),
    ]);
    for (const status of ['COMPLETED', 'CANCELLED']) await task(inHours(5), { status });
    await reminder(inDays(5), { is_completed: true });
    await reminder(null);
    expect(await listed()).toEqual([]);
    const kept = await task(inHours(5), { status: 'OVERDUE' });
    expect(await listed()).toEqual([`TASK ${kept}`]);
  });

  it('sorts what has no time after what has one on the same day, and pages', async () => {
    await passport(1, 3);
    await passport(2, 3);
    const early = await reminder(inDays(3), { reminder_time: '00:30' });
    const whole = await reminder(inDays(3));
    const order = [`REMINDER ${early}`, 'PASSPORT 1', 'PASSPORT 2', `REMINDER ${whole}`];
    expect(await listed()).toEqual(order);
    const { body } = await ask('?page_size=3&page=2');
    expect([body.count, body.next, body.results.length, body.results[0].record_id]).toEqual([
      4,
      null,
      1,
      whole,
    ]);
    expect((await ask('?page_size=3&page=last')).body.results).toEqual(body.results);
    expect((await ask('?page_size=3&page=3')).status).toBe(404);
  });
});

describe('filters', () => {
  beforeEach(async () => {
    for (const [client, days] of [
      [1, -400],
      [2, 0],
      [3, 90],
    ] as const)
      await passport(client, days);
  });

  it('look 90 days ahead, or as many as asked for, and back without end', async () => {
    await visa(1, 91);
    expect(await listed()).toEqual(['PASSPORT 1', 'PASSPORT 2', 'PASSPORT 3']);
    expect(await listed('?days=91')).toHaveLength(4);
    expect(await listed('?days=89')).toEqual(['PASSPORT 1', 'PASSPORT 2']);
    expect(await listed('?days=0')).toEqual(['PASSPORT 1', 'PASSPORT 2']);
    expect(await listed('?days=999999999')).toHaveLength(4);
    for (const days of ['-1', 'x', '1.5']) {
      const { status, body } = await ask(`?days=${days}`);
      expect([status, Object.keys(body)]).toEqual([400, ['days']]);
    }
  });

  it('part what is overdue from what is not: a date from the next day on, a moment from then on', async () => {
    const [late, soon] = [await task(inHours(-0.1)), await task(inHours(0.1))];
    const [today, yesterday] = [await reminder(inDays(0)), await reminder(inDays(-1))];
    const overdue = await listed('?overdue=true');
    expect(overdue.toSorted()).toEqual(['PASSPORT 1', `REMINDER ${yesterday}`, `TASK ${late}`]);
    const rest = await listed('?overdue=false');
    expect(rest.toSorted()).toEqual(['PASSPORT 2', 'PASSPORT 3', `REMINDER ${today}`, `TASK ${soon}`]);
  });

  it('take several kinds, and find nothing of one that nobody knows', async () => {
    const asked = await task(inHours(1));
    const granted = await visa(2, 30);
    expect(await listed('?kind=TASK&kind=VISA')).toEqual([`TASK ${asked}`, `VISA ${granted}`]);
    expect(await listed('?kind=TASK&kind=PARTY')).toEqual([`TASK ${asked}`]);
    expect(await listed('?kind=PARTY')).toEqual([]);
  });

  it('take an assignee, the record’s or else the client’s, and a branch', async () => {
    const granted = await visa(1, 5, { assigned_to_id: idOf('branch1') });
    expect(await listed(`?assigned_to=${idOf('consultant1')}`)).toEqual(['PASSPORT 1']);
    expect(await listed(`?assigned_to=${idOf('branch1')}`)).toEqual([`VISA ${granted}`]);
    expect(await listed('?branch=1')).toEqual(['PASSPORT 1', `VISA ${granted}`]);
    expect(await listed('?branch=3')).toEqual(['PASSPORT 3']);
    for (const name of ['branch', 'assigned_to']) {
      expect(await listed(`?${name}=99999999999999999999`)).toEqual([]);
      expect((await ask(`?${name}=x`)).status).toBe(400);
    }
  });
});

describe('who sees what', () => {
  it('shows what hangs on clients in scope, the tasks that one sees, and one’s own reminders', async () => {
    for (const client of [1, 2, 3]) await passport(client, client);
    const mine = await task(inHours(1), { assigned_to_id: idOf('branch3') });
    const ours = await task(inHours(2), { branch_id: 1 });
    const theirs = await reminder(inDays(9), { created_by_id: idOf('branch3') });
    const onVisa = await reminder(inDays(10), {
      content_type_id: VISA_APPLICATION,
      object_id: await visa(3, 200),
    });
    expect(await listed('', 'branch1')).toEqual([`TASK ${ours}`, 'PASSPORT 1', `REMINDER ${theirs}`]);
    const three = [`TASK ${mine}`, 'PASSPORT 3', `REMINDER ${theirs}`, `REMINDER ${onVisa}`];
    expect(await listed('', 'branch3')).toEqual(three);
    expect(await listed('', 'homeless')).toEqual([]);
    expect((await ask('', 'groupless')).status).toBe(403);
    expect(await listed()).toHaveLength(7);
  });

  it('does not name a client out of scope', async () => {
    await reminder(inDays(1), { created_by_id: idOf('branch3') });
    const about = { content_type_id: CLIENT, object_id: 1 };
    await task(inHours(1), { ...about, assigned_to_id: idOf('branch3') });
    const { body } = await ask('', 'branch3');
    expect(body.results).toMatchObject([
      { kind: 'TASK', client: null, client_name: null, branch: null },
      { kind: 'REMINDER', client: null, client_name: null, branch: null },
    ]);
    expect((await ask()).body.results).toMatchObject([{ client: 1 }, { client: 1 }]);
  });
});
