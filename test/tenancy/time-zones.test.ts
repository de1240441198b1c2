import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { deadlinesJob } from '../../src/immigration/deadlines/deadlines-job.js';
import { remindersJob } from '../../src/immigration/reminders/reminders-job.js';
import { TenantTime } from '../../src/immigration/shared/tenant-time.js';
import { Tenants } from '../../src/tenancy/tenants.js';
import { isTimeZone, timeZoneNamed, usableTimeZone } from '../../src/tenancy/time-zone.js';
import { TIME_ZONE_NAMES } from '../../src/tenancy/time-zone-names.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { runCommand, settingsFor } from '../helpers/cli.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.close());

const sql = (text: string, values: unknown[] = []) =>
  withOwner(app.databases.admin, async (client) => (await client.query(text, values)).rows);
const setRaw = (settings: unknown) =>
  sql(`UPDATE public.tenants_tenant SET settings = $1 WHERE schema_name = 'tenant_main'`, [
    JSON.stringify(settings),
  ]);

const MOMENTS = [1990, 1994, 1998, 2002, 2006, 2010, 2014, 2018, 2021, 2023].flatMap((year) =>
  ['01', '04', '07', '10'].map((month) => `${year}-${month}-15T00:00:00.000Z`),
);

describe('the names of time zones', () => {
  it('are read alike by PostgreSQL and Node.js at any time', async () => {
    const names = TIME_ZONE_NAMES.trim().split(/\s+/);
    expect(names.length).toBeGreaterThan(550);
    const rows = await sql(
      `SELECT z.name, to_char(m.moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS moment,
              to_char(m.moment AT TIME ZONE z.name, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "there"
       FROM unnest($1::text[]) AS z (name), unnest($2::timestamptz[]) AS m (moment)`,
      [names, MOMENTS],
    );
    expect(rows).toHaveLength(names.length * MOMENTS.length);
    const formats = new Map(names.map((name) => [name, clock(name)]));
    const different = rows.filter(({ name, moment, there }) => formats.get(name)?.(moment) !== there);
    expect(different.slice(0, 10)).toEqual([]);
  });

  it('hold all that Node.js offers, whatever the case', () => {
    const missing = Intl.supportedValuesOf('timeZone').filter((name) => timeZoneNamed(name) !== name);
    expect(missing).toEqual([]);
    expect(timeZoneNamed('asia/KATHMANDU')).toBe('Asia/Kathmandu');
    expect(timeZoneNamed('utc')).toBe('UTC');
  });

  it.each([
    ...[
      'IST',
      'AET',
      'ACT',
      'PST',
      'ECT',
      'CNT',
      'CET',
      'Factory',
      'localtime',
      'posixrules',
      'posix/Asia/Kathmandu',
    ],
    ...['right/UTC', '+05:30', '-05', 'UTC+5', 'GMT+5', '<+0545>-5:45', 'Asia/Nowhere', '', ' UTC', 'UTC\0'],
    ...[5, null, ['UTC'], { name: 'UTC' }],
  ])('do not hold %j, for which UTC counts', (name) => {
    expect([isTimeZone(name), usableTimeZone(name)]).toEqual([false, 'UTC']);
  });
});

/** Returns a function that returns the local time there, according to Node.js. */
function clock(timeZone: string): (moment: string) => string {
  const time = new TenantTime({ timeZone });
  expect(time.zone).toBe(timeZone);
  const numeric = 'numeric' as const;
  const parts = {
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  };
  const format = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', { timeZone, hourCycle: 'h23', ...parts });
  return (moment) => {
    const found = Object.fromEntries(
      format.formatToParts(new Date(moment)).map(({ type, value }) => [type, value]),
    );
    const { year, month, day, hour, minute, second } = found as Record<string, string>;
    return new Date(
      Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)),
    ).toISOString();
  };
}

describe('a tenant with a bad setting', () => {
  const doctor = async () => {
    const settings = settingsFor(app.databases, app.config.dataDirectory);
    const { stdout } = await runCommand(settings, ['doctor', '--json']);
    const { checks } = JSON.parse(stdout) as { checks: { check: string; status: string; text: string }[] };
    return checks.find(({ check }) => check === 'settings of tenants');
  };

  it.each([
    [{ time_zone: 'IST' }, 'the time zone "IST" is none that can be used, so UTC counts'],
    [{ time_zone: '+05:30' }, 'the time zone "+05:30" is none that can be used, so UTC counts'],
    [{ time_zone: { of: 'many' } }, 'the time zone {"of":"many"} is none that can be used, so UTC counts'],
    [
      { deadline_alert_days: { before: 'soon' } },
      'deadline_alert_days are no lists of days, so the usual ones count',
    ],
    [{ email: true }, 'email is no object, so no e-mail is sent'],
    [
      { second_factor: { policy: 'Required' } },
      'second_factor has values that cannot be used; {"policy":"optional","groups":[]} counts',
    ],
    [
      { second_factor: 'required' },
      'second_factor has values that cannot be used; {"policy":"optional","groups":[]} counts',
    ],
    [
      { sessions: { lifetime_hours: '8', idle_minutes: 30 } },
      'sessions has values that cannot be used; {"lifetime_hours":null,"idle_minutes":30} counts',
    ],
    [
      { front_end: 'crm.acme.example' },
      'front_end is no origin such as https://crm.example, so the usual one counts',
    ],
    [['a', 'list'], 'the settings are no object, so none of them counts'],
    ['text', 'the settings are no object, so none of them counts'],
  ])('%j: jobs and API go on, doctor warns', async (settings, text) => {
    await setRaw(settings);
    const whole = { schema: null, everywhere: true, dryRun: false, moment: null };
    const { signal } = new AbortController();
    for (const job of [remindersJob, deadlinesJob]) {
      const result = await job.run({ database: app.database, settings: app.config, signal, ...whole });
      expect(result.failures).toEqual([]);
    }
    const remarks: string[] = [];
    const listener = { on: () => undefined, healthy: false };
    const tenants = new Tenants(app.database, listener as never, (_, remark) => remarks.push(remark));
    for (let i = 0; i < 2; i++)
      expect(await tenants.byHost('main.localhost')).toMatchObject({
        schema: 'tenant_main',
        timeZone: 'UTC',
      });
    const isZone = typeof settings === 'object' && 'time_zone' in settings;
    expect(remarks).toHaveLength(isZone ? 1 : 0);
    expect((await app.ask('POST', '/api/token/', { body: { username: 'x', password: 'y' } })).status).toBe(
      401,
    );
    expect(await doctor()).toMatchObject({
      status: 'warning',
      text: expect.stringContaining(`tenant_main: ${text}`),
    });
  });

  it('is put right by setting it anew, also where the settings were no object', async () => {
    const leopard = (...args: string[]) =>
      runCommand(settingsFor(app.databases, app.config.dataDirectory), [
        'tenants',
        ...args,
        '--tenant',
        'main',
      ]);
    await setRaw('text');
    expect(await leopard('set-time-zone', '--zone', 'asia/kathmandu')).toMatchObject({
      exitCode: 0,
      stderr: '',
    });
    expect(await leopard('set-deadline-alerts', '--before', '3')).toMatchObject({ exitCode: 0 });
    expect(await doctor()).toMatchObject({ status: 'ok' });
    await setRaw({
      time_zone: 'Asia/Kathmandu',
      deadline_alert_days: { before: [3] },
      second_factor: { policy: 'required', groups: ['ADMIN'] },
      sessions: { lifetime_hours: 8, idle_minutes: null },
      front_end: 'https://crm.acme.example',
    });
    expect(await doctor()).toMatchObject({ status: 'ok' });
    const [row] = await sql(`SELECT settings FROM public.tenants_tenant WHERE schema_name = 'tenant_main'`);
    expect(row.settings).toMatchObject({ time_zone: 'Asia/Kathmandu', deadline_alert_days: { before: [3] } });
    expect(await leopard('set-time-zone', '--zone', 'IST')).toMatchObject({
      exitCode: 1,
      stderr: '"IST" is no time zone; use an IANA name such as Asia/Kathmandu',
    });
  });
});
