import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { remindersJob } from '../../src/immigration/reminders/reminders-job.js';
import { type JobTest, jobTest } from '../helpers/jobs.js';
import { idOf } from '../helpers/staff.js';

const CLIENT = 10;
let test: JobTest;

beforeAll(async () => {
  test = await jobTest();
});
afterAll(() => test.close());

beforeEach(async () => {
  await test.sql(`
    DELETE FROM tenant_main.immigration_reminder; DELETE FROM tenant_main.immigration_notification;
    DELETE FROM public.job_tenant; DELETE FROM public.job_change;
    UPDATE public.tenants_tenant SET settings = '{}', subscription_status = 'ACTIVE', is_active = true`);
});

interface Reminder {
  readonly date: string;
  readonly time?: string | null;
  readonly creator?: string | null;
  readonly about?: readonly [type: number, id: number];
  readonly schema?: string;
}

async function remind({
  date,
  time = null,
  creator = 'consultant1',
  about = [CLIENT, 1],
  schema = 'tenant_main',
}: Reminder) {
  const [row] = await test.sql(
    `INSERT INTO ${schema}.immigration_reminder
       (title, reminder_date, reminder_time, created_by_id, content_type_id, object_id)
     VALUES ('Call back', $1, $2, $3, $4, $5) RETURNING id::integer`,
    [date, time, creator && idOf(creator), ...about],
  );
  return row!.id as number;
}

const count = async (schema?: string) => (await test.notifications(schema)).length;

/** Returns how many notifications the reminder has made by then. */
async function countAt(moment: string): Promise<number> {
  await test.run(remindersJob, { everywhere: true, moment });
  return count();
}

describe('a reminder that is due', () => {
  it('is told to the admins of the branch where its creator is disabled', async () => {
    await remind({ date: '2026-03-02', creator: 'gone' });
    expect(await countAt('2026-03-02T10:00:00Z')).toBe(1);
    expect((await test.notifications())[0]?.user).toBe(idOf('branch1'));
  });

  it('makes one notification for its creator, and is marked', async () => {
    const id = await remind({ date: '2026-03-02', time: '09:30' });
    expect(await countAt('2026-03-02T09:29:59Z')).toBe(0);
    expect(await countAt('2026-03-02T09:30:00Z')).toBe(1);
    expect(await test.notifications()).toEqual([
      {
        type: 'REMINDER_DUE',
        title: 'Reminder due',
        message: 'Call back',
        due: '2026-03-02 09:30:00+00',
        user: idOf('consultant1'),
        meta: {
          reminder_id: id,
          reminder_title: 'Call back',
          reminder_date: '2026-03-02',
          reminder_time: '09:30:00',
          content_type: CLIENT,
          object_id: 1,
        },
      },
    ]);
    expect(await test.sql('SELECT notification_created FROM tenant_main.immigration_reminder')).toEqual([
      { notification_created: true },
    ]);
    expect(await countAt('2026-03-03T00:00:00Z')).toBe(1);
  });

  it('without a time is due at the start of its day', async () => {
    await remind({ date: '2026-03-02' });
    expect(await countAt('2026-03-01T23:59:59Z')).toBe(0);
    expect(await countAt('2026-03-02T00:00:00Z')).toBe(1);
  });

  it('goes to the client’s assignee when it has no creator, as soon as there is one', async () => {
    const [client] = await test.sql(
      "INSERT INTO tenant_main.immigration_client (first_name) VALUES ('Ada') RETURNING id::integer",
    );
    await remind({ date: '2026-01-01', creator: null, about: [CLIENT, client!.id as number] });
    await remind({ date: '2026-01-01', creator: null, about: [1, client!.id as number] }); // not a client
    expect(await countAt('2026-03-02T00:00:00Z')).toBe(0);
    await test.sql('UPDATE tenant_main.immigration_client SET assigned_to_id = $1', [idOf('branch1')]);
    expect(await countAt('2026-03-02T00:00:00Z')).toBe(1);
    expect(await test.notifications()).toMatchObject([{ user: idOf('branch1') }]);
  });

  it('makes none when it is completed, has no date, or was notified before', async () => {
    await remind({ date: '2026-01-01' });
    await test.sql('UPDATE tenant_main.immigration_reminder SET is_completed = true');
    await remind({ date: '2026-01-01' });
    await test.sql(
      'UPDATE tenant_main.immigration_reminder SET notification_created = true WHERE NOT is_completed',
    );
    await remind({ date: null as unknown as string });
    expect(await countAt('2026-03-02T00:00:00Z')).toBe(0);
  });

  it('makes none at a suspended tenant, and one when that is active again', async () => {
    await remind({ date: '2026-01-01' });
    await test.sql("UPDATE public.tenants_tenant SET subscription_status = 'SUSPENDED'");
    await test.run(remindersJob);
    expect(await count()).toBe(0);
    await test.sql("UPDATE public.tenants_tenant SET subscription_status = 'ACTIVE', is_active = false");
    await test.run(remindersJob);
    expect(await count()).toBe(0);
    await test.sql('UPDATE public.tenants_tenant SET is_active = true');
    await test.run(remindersJob);
    expect(await count()).toBe(1);
  });

  it('is only counted in a dry run', async () => {
    await remind({ date: '2026-01-01' });
    const rehearsed = await test.run(remindersJob, { dryRun: true });
    expect(rehearsed).toEqual({ done: 1, tenants: [{ schema: 'tenant_main', done: 1 }], failures: [] });
    expect(await count()).toBe(0);
    expect(await test.run(remindersJob)).toEqual(rehearsed);
    expect(await count()).toBe(1);
  });
});

describe('the tenant’s time zone', () => {
  it.each([
    ['Asia/Kathmandu', '2026-03-02', '09:30', '2026-03-02T03:45:00Z'],
    ['Asia/Kathmandu', '2026-03-02', null, '2026-03-01T18:15:00Z'],
    ['Australia/Sydney', '2026-07-01', '09:00', '2026-06-30T23:00:00Z'],
    ['Australia/Sydney', '2026-12-01', '09:00', '2026-11-30T22:00:00Z'],
    // The day on which clocks go forward, at two: before, in the skipped hour, and after.
    ['Australia/Sydney', '2026-10-04', null, '2026-10-03T14:00:00Z'],
    ['Australia/Sydney', '2026-10-04', '01:59', '2026-10-03T15:59:00Z'],
    ['Australia/Sydney', '2026-10-04', '02:30', '2026-10-03T16:30:00Z'],
    ['Australia/Sydney', '2026-10-04', '03:30', '2026-10-03T16:30:00Z'],
    // The day on which clocks go back, at three: before, in the repeated hour, and after.
    ['Australia/Sydney', '2026-04-05', '01:30', '2026-04-04T14:30:00Z'],
    ['Australia/Sydney', '2026-04-05', '02:30', '2026-04-04T16:30:00Z'],
    ['Australia/Sydney', '2026-04-05', '03:30', '2026-04-04T17:30:00Z'],
    ['America/New_York', '2026-03-02', '23:59', '2026-03-03T04:59:00Z'],
    ['no such zone', '2026-03-02', '09:30', '2026-03-02T09:30:00Z'],
  ])('%s: %s at %s is %s', async (zone, date, time, due) => {
    await test.timeZone('tenant_main', zone);
    await remind({ date, time });
    const before = new Date(Date.parse(due) - 1_000).toISOString();
    expect(await countAt(before)).toBe(0);
    expect(await countAt(due)).toBe(1);
  });

  it('is taken anew when it changes', async () => {
    const [{ date, time }] = (await test.sql(
      `SELECT (l)::date::text AS date, (l)::time::text AS time
       FROM (SELECT now() AT TIME ZONE 'UTC' + interval '2 hours' AS l) at`,
    )) as [{ date: string; time: string }];
    await remind({ date, time });
    await test.run(remindersJob);
    expect(await count()).toBe(0);
    await test.timeZone('tenant_main', 'Asia/Kathmandu');
    await test.run(remindersJob);
    expect(await count()).toBe(1);
  });
});

describe('looking for what is due', () => {
  const looks = async () => (await test.sql('SELECT schema_name FROM public.job_tenant ORDER BY 1')).length;
  const nextAt = async () =>
    (
      await test.sql(
        "SELECT extract(epoch FROM next_at - now())::float8 AS s FROM public.job_tenant WHERE schema_name = 'tenant_main'",
      )
    )[0]?.s as number;

  it('leaves tenants alone that have nothing due', async () => {
    await test.run(remindersJob);
    expect(await looks()).toBe(2);
    expect(await nextAt()).toBeGreaterThan(2_600);
    expect(await nextAt()).toBeLessThan(4_600);
    await test.sql(
      'DROP TABLE IF EXISTS looked; CREATE TABLE looked AS SELECT xmin::text AS x FROM public.job_tenant',
    );
    await test.run(remindersJob);
    expect(await test.sql('SELECT x FROM looked EXCEPT SELECT xmin::text FROM public.job_tenant')).toEqual(
      [],
    );
    await test.sql('DROP TABLE looked');
  });

  it('is done at the time of the next reminder, or at once when one is added that is due', async () => {
    const at = (seconds: number) =>
      test.sql(
        `INSERT INTO tenant_main.immigration_reminder (title, reminder_date, reminder_time, created_by_id, content_type_id, object_id)
         SELECT 'x', l::date, l::time, 1, 10, 1
         FROM (SELECT now() AT TIME ZONE 'UTC' + make_interval(secs => $1) AS l) at`,
        [seconds],
      );
    await at(300);
    await test.run(remindersJob);
    expect(await nextAt()).toBeGreaterThan(290);
    expect(await nextAt()).toBeLessThan(301);
    await at(-1);
    await test.run(remindersJob);
    expect(await count()).toBe(1);
    expect(await test.sql('SELECT * FROM public.job_change')).toEqual([]);
  });

  it('misses nothing that was written by a transaction still open at the last look', async () => {
    await test.run(remindersJob);
    await test.database.tenantTransaction({ schema: 'tenant_main', userId: null }, async (transaction) => {
      await transaction.query({
        sql: `INSERT INTO immigration_reminder (title, reminder_date, created_by_id, content_type_id, object_id)
              VALUES ('late', '2026-01-01', 1, 10, 1)`,
        parameters: [],
      });
      await test.run(remindersJob, { everywhere: true });
      expect(await count()).toBe(0);
    });
    await test.run(remindersJob);
    expect(await count()).toBe(1);
  });

  it('passes over a reminder that is just being changed, and finds it soon after', async () => {
    await remind({ date: '2026-01-01' });
    await test.database.tenantTransaction({ schema: 'tenant_main', userId: null }, async (transaction) => {
      await transaction.query({ sql: "UPDATE immigration_reminder SET title = 'Other'", parameters: [] });
      await test.run(remindersJob);
    });
    expect(await count()).toBe(0);
    expect(await nextAt()).toBeLessThan(6);
    await test.run(remindersJob, { everywhere: true });
    expect(await test.notifications()).toMatchObject([{ message: 'Other' }]);
  });

  it('goes on at the other tenants when it fails at one, and tries that one later', async () => {
    await test.sql('ALTER TABLE tenant_demo.immigration_reminder RENAME TO hidden');
    await remind({ date: '2026-01-01' });
    const { done, failures } = await test.run(remindersJob);
    expect(done).toBe(1);
    expect(failures).toMatchObject([
      { schema: 'tenant_demo', error: expect.stringContaining('does not exist') },
    ]);
    expect((await test.run(remindersJob)).failures).toEqual([]);
    await test.sql('ALTER TABLE tenant_demo.hidden RENAME TO immigration_reminder');
  });

  it('takes many at once, in batches, and several processes at once make each one notification', async () => {
    await test.sql(
      `INSERT INTO tenant_main.immigration_reminder (title, reminder_date, created_by_id, content_type_id, object_id)
       SELECT n::text, '2026-01-01', 1 + n % 3, 10, 1 FROM generate_series(1, 5000) n`,
    );
    const runs = Array.from({ length: 4 }, () => test.run(remindersJob, { everywhere: true }));
    const done = (await Promise.all(runs)).map((result) => result.done);
    await test.run(remindersJob, { everywhere: true });
    const [row] = await test.sql(
      `SELECT count(*)::integer AS all, count(DISTINCT meta_info ->> 'reminder_id')::integer AS different
       FROM tenant_main.immigration_notification`,
    );
    expect(row).toEqual({ all: 5000, different: 5000 });
    expect(done.reduce((sum, n) => sum + n, 0)).toBeGreaterThan(4_000);
  });
});
