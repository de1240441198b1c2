import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { deadlinesJob } from '../../src/immigration/deadlines/deadlines-job.js';
import { type JobTest, jobTest } from '../helpers/jobs.js';
import { collegeChoice, visaType } from '../helpers/samples/applications.js';
import { insert } from '../helpers/samples/insert.js';
import { idOf } from '../helpers/staff.js';

const EXPIRY = '2026-06-30';
const [PASSPORT, COLLEGE_APPLICATION, VISA_APPLICATION] = [
  'passport',
  'collegeapplication',
  'visaapplication',
];
let test: JobTest;

beforeAll(async () => {
  test = await jobTest();
  await test.sql(`
    SELECT setval('tenant_main.immigration_client_id_seq', 10000);
    INSERT INTO tenant_main.immigration_user (id, username, is_active) VALUES (501, 'branch2', true), (502, 'past', false);
    INSERT INTO tenant_main.immigration_user_branches (user_id, branch_id) VALUES (501, 2), (502, 1);
    INSERT INTO tenant_main.immigration_user_groups (user_id, group_id)
      SELECT u, id FROM tenant_main.auth_group, unnest(ARRAY[501, 502]) u WHERE name = 'BRANCH_ADMIN'`);
});
afterAll(() => test.close());

beforeEach(async () => {
  await test.sql(`
    TRUNCATE tenant_main.immigration_client, tenant_main.deadline_alert, tenant_main.immigration_notification CASCADE;
    DELETE FROM public.job_tenant; DELETE FROM public.job_change;
    UPDATE tenant_main.immigration_branch SET deleted_at = NULL;
    UPDATE public.tenants_tenant SET settings = '{}', subscription_status = 'ACTIVE', is_active = true`);
  await client(1);
});

/** Returns a client of branch 1, or another. */
const client = (id: number, { branch = 1, assignee = 'consultant1' as string | null } = {}) =>
  test.sql(
    `INSERT INTO tenant_main.immigration_client (id, first_name, last_name, branch_id, assigned_to_id)
     VALUES ($1, 'Ada', 'Client', $2, $3)`,
    [id, branch, assignee && idOf(assignee)],
  );
const passport = (id = 1, expiry = EXPIRY) =>
  test.sql('INSERT INTO tenant_main.immigration_passport (id, date_of_expiry) VALUES ($1, $2)', [id, expiry]);
const main = <T>(work: Parameters<typeof test.database.tenantTransaction<T>>[1]) =>
  test.database.tenantTransaction({ schema: 'tenant_main', userId: null }, work);
const visa = (more: object = {}) =>
  main(async (transaction) =>
    insert(transaction, 'immigration_visaapplication', {
      ...{ client_id: 1, visa_type_id: await visaType(transaction), expiry_date: EXPIRY },
      ...{ status: 'GRANTED', immigration_fee: '1.00', service_fee: '1.00', ...more },
    }),
  );

const settings = (value: object) =>
  test.sql("UPDATE public.tenants_tenant SET settings = $1 WHERE schema_name = 'tenant_main'", [value]);

/** Runs at noon of that day in UTC, or at a moment. @returns the notified users' ids, in order */
async function toldAt(day: string): Promise<number[]> {
  await test.sql('TRUNCATE tenant_main.immigration_notification');
  const moment = day.includes('T') ? day : `${day}T12:00:00Z`;
  const { failures } = await test.run(deadlinesJob, { everywhere: true, moment });
  expect(failures).toEqual([]);
  return (await test.notifications()).map(({ user }) => user as number).sort((a, b) => a - b);
}
const [assignee, admin] = [[idOf('consultant1')], [idOf('branch1'), idOf('consultant1')]];
const typeId = async (model: string) =>
  (await test.sql('SELECT id::integer FROM tenant_main.django_content_type WHERE model = $1', [model]))[0]
    ?.id;

describe('an alert', () => {
  it('is made at each interval once', async () => {
    await passport();
    const told: string[] = [];
    for (const days of [-91, -90, -89, -31, -30, -15, -14, -8, -7, -6, -2, -1, 0, 1, 2, 6, 7, 8, 37]) {
      const day = new Date(Date.parse(EXPIRY) + days * 86_400_000).toISOString().slice(0, 10);
      const users = await toldAt(day);
      if (users.length > 0) told.push(`${days}: ${users}`);
    }
    const before = [-90, -30, -14, -7, -1].map((days) => `${days}: ${assignee}`);
    expect(told).toEqual([...before, `1: ${admin}`, `7: ${admin}`]);
    expect(await toldAt('2026-07-10')).toEqual([]);
  });

  it('tells what expires when, and where it is found', async () => {
    await passport();
    const granted = await visa({ assigned_to_id: idOf('branch1') });
    const type = await test.sql('SELECT name FROM tenant_main.immigration_visatype ORDER BY id DESC LIMIT 1');
    const title = `Visa: ${type[0]?.name}`;
    await toldAt('2026-06-01');
    const common = { type: 'REMINDER_DUE', due: '2026-06-30 00:00:00+00' };
    const meta = {
      reminder_id: null,
      reminder_date: EXPIRY,
      reminder_time: null,
      client_id: 1,
      days_left: 29,
    };
    expect(await test.notifications()).toEqual([
      {
        ...common,
        title: 'Passport expires',
        message: 'Passport of Ada Client expires on 2026-06-30, in 29 days',
        user: idOf('consultant1'),
        meta: {
          ...{ ...meta, reminder_title: 'Passport', content_type: await typeId(PASSPORT), object_id: 1 },
          deadline_kind: 'PASSPORT',
        },
      },
      {
        ...common,
        title: 'Visa expires',
        message: `${title} of Ada Client expires on 2026-06-30, in 29 days`,
        user: idOf('branch1'),
        meta: {
          ...{
            ...meta,
            reminder_title: title,
            content_type: await typeId(VISA_APPLICATION),
            object_id: granted,
          },
          deadline_kind: 'VISA',
        },
      },
    ]);
    await toldAt('2026-06-29');
    expect((await test.notifications())[0]?.message).toMatch(/ expires on 2026-06-30, in 1 day$/);
    await toldAt('2026-07-01');
    expect(await test.notifications()).toMatchObject([
      { title: 'Passport expired', message: 'Passport of Ada Client expired on 2026-06-30, 1 day ago' },
      { title: 'Passport expired' },
      { title: 'Visa expired' },
    ]);
  });

  it('is made for intakes of applications that are not in the last stage of their type', async () => {
    const made = await main(async (transaction) => {
      const choice = { ...(await collegeChoice(transaction)), client_id: 1, total_tuition_fee: '1.00' };
      const { application_type_id } = choice;
      await insert(transaction, 'immigration_stage', { stage_name: 'End', position: 2, application_type_id });
      return await insert(transaction, 'immigration_collegeapplication', choice);
    });
    expect(await toldAt('2026-06-30')).toEqual(assignee);
    const [told] = await test.notifications();
    expect(told).toMatchObject({
      title: 'Intake begins',
      message: expect.stringMatching(/^Intake: .+, .+ of Ada Client begins on 2026-07-01, in 1 day$/),
      meta: { content_type: await typeId(COLLEGE_APPLICATION), object_id: made, deadline_kind: 'INTAKE' },
    });
    await test.sql(
      `UPDATE tenant_main.immigration_collegeapplication
       SET stage_id = (SELECT id FROM tenant_main.immigration_stage WHERE stage_name = 'End')`,
    );
    expect(await toldAt('2026-07-02')).toEqual([]);
  });

  it('is not made for archived clients, nor for visas refused or withdrawn', async () => {
    await passport();
    await visa({ status: 'REJECTED' });
    await visa({ status: 'WITHDRAWN' });
    expect(await toldAt('2026-06-29')).toEqual(assignee);
    await test.sql('UPDATE tenant_main.immigration_client SET deleted_at = now()');
    expect(await toldAt('2026-07-01')).toEqual([]);
  });
});

describe('what was missed', () => {
  it('is made up for by the latest interval alone', async () => {
    await passport();
    expect(await toldAt('2026-06-20')).toEqual(assignee);
    expect(await test.sql('SELECT days FROM tenant_main.deadline_alert')).toEqual([{ days: -14 }]);
    expect(await toldAt('2026-06-23')).toEqual(assignee);
  });

  it('is told of a month after the last interval, and no later', async () => {
    await passport();
    expect(await toldAt('2026-08-07')).toEqual([]);
    expect(await toldAt('2026-08-06')).toEqual(admin);
    expect(await toldAt('2026-08-06')).toEqual([]);
  });

  it('before the deadline counts until then', async () => {
    await settings({ deadline_alert_days: { before: [10], after: [] } });
    await passport();
    expect(await toldAt('2026-07-01')).toEqual([]);
    expect(await toldAt('2026-06-30')).toEqual(assignee);
    const [told] = await test.notifications();
    expect(told?.message).toBe('Passport of Ada Client expires on 2026-06-30, today');
  });

  it('is told of anew for another date, and not again when the date is as before', async () => {
    await passport();
    expect(await toldAt('2026-06-20')).toEqual(assignee);
    await test.sql("UPDATE tenant_main.immigration_passport SET date_of_expiry = '2026-06-29'");
    expect(await toldAt('2026-06-20')).toEqual(assignee);
    await test.sql('UPDATE tenant_main.immigration_passport SET date_of_expiry = $1', [EXPIRY]);
    expect(await toldAt('2026-06-20')).toEqual([]);
  });
});

describe('who is told', () => {
  it('is the branch’s admins too when it is overdue, and in place of who is not there', async () => {
    await client(2, { branch: 2 });
    await client(3, { branch: 2, assignee: null });
    await client(4, { branch: 2, assignee: 'gone' });
    await client(5, { assignee: 'branch1' });
    for (const id of [2, 3, 4, 5]) await passport(id);
    expect(await toldAt('2026-06-29')).toEqual([idOf('branch1'), idOf('consultant1'), 501, 501]);
    const overdue = [idOf('branch1'), idOf('consultant1'), 501, 501, 501];
    expect(await toldAt('2026-07-01')).toEqual(overdue);
  });

  it('is the application’s assignee, or the client’s if that one is gone', async () => {
    await visa({ assigned_to_id: idOf('consultant12') });
    expect(await toldAt('2026-06-01')).toEqual([idOf('consultant12')]);
    await test.sql('UPDATE tenant_main.immigration_visaapplication SET assigned_to_id = $1', [idOf('gone')]);
    expect(await toldAt('2026-06-17')).toEqual(assignee);
  });

  it('is the agency’s admins where there is nobody nearer, and awaited where there is nobody at all', async () => {
    await test.sql('UPDATE tenant_main.immigration_client SET assigned_to_id = NULL, branch_id = 3');
    await test.sql('UPDATE tenant_main.immigration_branch SET deleted_at = now() WHERE id = 3');
    await passport();
    const admins = [idOf('admin'), idOf('root')];
    const disable = (yes: boolean) =>
      test.sql('UPDATE tenant_main.immigration_user SET is_active = NOT $1 WHERE id = ANY ($2)', [
        yes,
        admins,
      ]);
    await disable(true);
    expect(await toldAt('2026-06-20')).toEqual([]);
    await disable(false);
    expect(await toldAt('2026-06-20')).toEqual(admins);
    await test.sql('UPDATE tenant_main.immigration_branch SET deleted_at = NULL');
    expect(await toldAt('2026-06-29')).toEqual([idOf('branch3')]);
  });
});

describe('the tenant’s settings', () => {
  it.each([
    ['Asia/Kathmandu', '2026-06-28T18:15:00Z'],
    ['America/New_York', '2026-06-29T04:00:00Z'],
    ['no such zone', '2026-06-29T00:00:00Z'],
  ])('%s: the day before begins at %s', async (time_zone, begins) => {
    await settings({ time_zone, deadline_alert_days: { before: [1], after: [] } });
    await passport();
    expect(await toldAt(new Date(Date.parse(begins) - 1_000).toISOString())).toEqual([]);
    expect(await toldAt(begins)).toEqual(assignee);
  });

  it.each([
    // Days of 23 and of 25 hours, one whose midnight is skipped, one whose midnight comes twice.
    ['Australia/Sydney', '2026-10-05', '2026-10-03T14:00:00Z'],
    ['Australia/Sydney', '2026-10-06', '2026-10-04T13:00:00Z'],
    ['Australia/Sydney', '2026-04-06', '2026-04-04T13:00:00Z'],
    ['Australia/Sydney', '2026-04-07', '2026-04-05T14:00:00Z'],
    ['Africa/Cairo', '2026-04-25', '2026-04-23T22:00:00Z'],
    ['America/Havana', '2026-11-02', '2026-11-01T04:00:00Z'],
  ])('%s: the day before %s begins at %s', async (time_zone, expiry, begins) => {
    await settings({ time_zone, deadline_alert_days: { before: [1], after: [] } });
    await passport(1, expiry);
    expect(await toldAt(new Date(Date.parse(begins) - 1_000).toISOString())).toEqual([]);
    expect(await toldAt(begins)).toEqual(assignee);
  });

  it('give the intervals; what is none counts as the usual ones', async () => {
    await passport();
    await settings({ deadline_alert_days: { before: [60], after: [3] } });
    expect(await toldAt('2026-04-30')).toEqual([]);
    expect(await toldAt('2026-05-01')).toEqual(assignee);
    await settings({ deadline_alert_days: { before: ['x'], after: 7 } });
    expect(await toldAt('2026-05-02')).toEqual(assignee); // 90 days before
    expect(await toldAt('2026-05-31')).toEqual(assignee);
    await settings({ deadline_alert_days: { before: [], after: [] } });
    expect(await toldAt('2026-06-29')).toEqual([]);
  });

  it('count at once when they change', async () => {
    await test.sql(
      "INSERT INTO tenant_main.immigration_passport (id, date_of_expiry) VALUES (1, (now() AT TIME ZONE 'UTC')::date + 95)",
    );
    await test.run(deadlinesJob);
    expect(await test.notifications()).toEqual([]);
    await settings({ deadline_alert_days: { before: [100] } });
    await test.run(deadlinesJob);
    expect(await test.notifications()).toHaveLength(1);
  });
});

describe('the work', () => {
  it('is only counted in a dry run, and not done for suspended tenants', async () => {
    await passport();
    const moment = '2026-06-29T00:00:00Z';
    expect((await test.run(deadlinesJob, { dryRun: true, everywhere: true, moment })).done).toBe(1);
    await test.sql("UPDATE public.tenants_tenant SET subscription_status = 'SUSPENDED'");
    expect(await toldAt(moment)).toEqual([]);
    await test.sql("UPDATE public.tenants_tenant SET subscription_status = 'ACTIVE'");
    expect(await toldAt(moment)).toEqual(assignee);
  });

  it('looks again when the tenant’s next day begins, or an hour later', async () => {
    await settings({ time_zone: 'Asia/Kathmandu' });
    await test.run(deadlinesJob);
    const [row] = await test.sql(`
      SELECT next_at <= (((now() AT TIME ZONE 'Asia/Kathmandu')::date + 1)::timestamp AT TIME ZONE 'Asia/Kathmandu') AS by_then,
             next_at BETWEEN now() AND now() + interval '75 minutes' AS soon
      FROM public.job_tenant WHERE schema_name = 'tenant_main' AND job = 'deadlines'`);
    expect(row).toEqual({ by_then: true, soon: true });
  });

  it('is done once for each deadline, in batches, however many processes look at once', async () => {
    await test.sql(`
      INSERT INTO tenant_main.immigration_client (id, first_name, branch_id, assigned_to_id)
        SELECT 100 + n, 'x', 1 + n % 3, CASE n % 4 WHEN 0 THEN NULL ELSE n % 4 END FROM generate_series(1, 3000) n;
      INSERT INTO tenant_main.immigration_passport (id, date_of_expiry)
        SELECT 100 + n, date '2026-06-01' + n % 29 FROM generate_series(1, 3000) n`);
    const moment = '2026-06-01T12:00:00Z';
    await Promise.all(Array.from({ length: 4 }, () => test.run(deadlinesJob, { everywhere: true, moment })));
    await test.run(deadlinesJob, { everywhere: true, moment });
    const [row] = await test.sql(
      `SELECT count(*)::integer AS all, count(DISTINCT meta_info ->> 'object_id')::integer AS different
       FROM tenant_main.immigration_notification`,
    );
    expect(row).toEqual({ all: 3000, different: 3000 });
  });

  it('forgets what can no longer be due, and nothing else', async () => {
    await test.sql(`
      INSERT INTO tenant_main.deadline_alert (kind, record_id, due_date, days) VALUES
        ('PASSPORT', 8, '2026-03-02', 1), ('PASSPORT', 8, '2026-03-02', -90), ('PASSPORT', 8, '2026-03-02', 90),
        ('PASSPORT', 9, '2026-05-01', 7)`);
    await toldAt('2026-05-02');
    const kept = () =>
      test.sql('SELECT record_id::integer AS id, days FROM tenant_main.deadline_alert ORDER BY 1, 2');
    const others = [
      { id: 8, days: 90 },
      { id: 9, days: 7 },
    ];
    expect(await kept()).toEqual([{ id: 8, days: 1 }, ...others]);
    await toldAt('2026-05-03');
    expect(await kept()).toEqual(others);
  });
});
