import { afterAll, describe, expect, test } from 'vitest';
import { collegeChoice, visaType } from '../helpers/samples/applications.js';
import { insert } from '../helpers/samples/insert.js';
import { countOf as count, DAY, dealClients, localDate, startSetting } from '../reports/setting.js';
import { pick } from './agency.js';

// Compares the dashboards with a slow and obvious count over the same random applications, in a time zone whose clocks
// change.

const STATUSES = ['TO_BE_APPLIED', 'VISA_APPLIED', 'CASE_OPENED', 'GRANTED', 'REJECTED', 'WITHDRAWN'];
const [CLIENTS, APPLICATIONS] = [30, 400];

const setting = await startSetting();
const { app, sql } = setting;
afterAll(() => app.close());
const tokens: Record<string, string> = {};
for (const name of ['admin', 'manager1', 'branch3', 'homeless']) tokens[name] = await app.logIn(name);

interface Application {
  readonly id: number;
  readonly branch: number | null;
  readonly isArchived: boolean;
  readonly type: number;
  readonly status: string;
  readonly createdOn: string;
  readonly created: number;
  readonly grantedOn: string | null;
  readonly assigned: boolean;
}

const asDay = (date: string) => Date.parse(date) / DAY;

/** Returns whether a calendar date lies in the span that includes today; weeks begin on Monday. */
function isIn(span: string, date: string | null, today: string): boolean {
  if (date === null) return false;
  if (span === 'today') return date === today;
  if (span === 'this_month') return date.slice(0, 7) === today.slice(0, 7);
  const week = (day: string) => Math.floor((asDay(day) + 3) / 7); // 1970-01-01 was a Thursday
  return week(date) === week(today);
}

const spans = (test: (span: string) => number) => ({
  today: test('today'),
  this_week: test('this_week'),
  this_month: test('this_month'),
});

const VIEWS: readonly [name: string, branches: readonly number[] | null][] = [
  ['admin', null],
  ['manager1', [1, 2]],
  ['branch3', [3]],
  ['homeless', []],
];

describe('visa applications', () => {
  test('the dashboard and the counts are those of the applications in scope', async () => {
    const types = await app.database.tenantTransaction(
      { schema: 'tenant_main', userId: null },
      (transaction) => Promise.all([1, 2, 3, 4, 5, 6, 7].map(() => visaType(transaction))),
    );
    const clients = await dealClients(setting, CLIENTS, () => ({}));
    const now = Date.now();
    // Close to now, around the last change of the clocks, and around the beginnings of days, weeks and months.
    const moments = () => now - Math.floor(Math.random() * pick([1, 3, 8, 40, 60]) * DAY);
    const applications = Array.from(
      { length: APPLICATIONS },
      (_, index): Application & { client: number } => {
        const client = pick(clients);
        const created = moments();
        return {
          id: index + 1,
          client: client.id,
          branch: client.branch,
          isArchived: client.isArchived,
          type: pick(types),
          status: pick(STATUSES),
          created,
          createdOn: localDate(created),
          grantedOn: Math.random() < 0.5 ? localDate(moments()) : null,
          assigned: Math.random() < 0.5,
        };
      },
    );
    await sql(
      `INSERT INTO immigration_visaapplication
         (id, client_id, visa_type_id, status, created_at, date_granted, assigned_to_id, immigration_fee, service_fee)
       SELECT (e ->> 'id')::bigint, (e ->> 'client')::bigint, (e ->> 'type')::bigint, e ->> 'status',
              to_timestamp((e ->> 'created')::float8 / 1000), (e ->> 'grantedOn')::date,
              CASE WHEN (e ->> 'assigned')::boolean THEN 1 END, 1, 1
       FROM jsonb_array_elements($1::jsonb) e`,
      [JSON.stringify(applications)],
    );
    const names = new Map(
      (await sql('SELECT id, name FROM immigration_visatype')).map((row) => [Number(row.id), row.name]),
    );

    for (const [name, branches] of VIEWS) {
      const seen = applications.filter(
        ({ isArchived, branch }) =>
          !isArchived && (branches === null || (branch !== null && branches.includes(branch))),
      );
      const { body, status } = await app.ask('GET', '/api/v1/visa-applications/dashboard-statistics/', {
        token: tokens[name],
      });
      expect(status).toBe(200);
      const today = localDate(Date.now());
      const perStatus = Object.fromEntries(
        STATUSES.map((code) => [code, count(seen, (one) => one.status === code)]),
      );
      const perType = types
        .map((id) => ({
          visa_type__name: names.get(id),
          visa_type__id: id,
          count: count(seen, ({ type }) => type === id),
        }))
        .filter((type) => type.count > 0)
        .sort(
          (a, b) => b.count - a.count || (String(a.visa_type__name) < String(b.visa_type__name) ? -1 : 1),
        );
      expect(body).toMatchObject({
        total_applications: seen.length,
        status_breakdown: perStatus,
        time_based_counts: spans((span) => count(seen, (one) => isIn(span, one.createdOn, today))),
        granted_counts: spans((span) =>
          count(seen, (one) => one.status === 'GRANTED' && isIn(span, one.grantedOn, today)),
        ),
        pending_assignments: count(seen, ({ assigned }) => !assigned),
      });
      expect(body.visa_type_breakdown.map((type: { count: number }) => type.count)).toEqual(
        perType.slice(0, 5).map((type) => type.count),
      );
      const newest = [...seen].sort((a, b) => b.created - a.created || b.id - a.id).slice(0, 5);
      expect(body.recent_applications.map(({ id }: { id: number }) => id)).toEqual(
        newest.map(({ id }) => id),
      );
      const counts = await app.ask('GET', '/api/v1/visa-applications/status-counts/', {
        token: tokens[name],
      });
      expect(counts.body).toEqual({ ...perStatus, TOTAL: seen.length });
      const list = await app.ask('GET', '/api/v1/visa-applications/', { token: tokens[name] });
      expect(list.body.count).toBe(seen.length);
    }
  });
});

describe('college applications', () => {
  test('the dashboard counts what reached its last stage by intake, and the rest by scope', async () => {
    const [choices, lastStages] = await app.database.tenantTransaction(
      { schema: 'tenant_main', userId: null },
      async (transaction) => {
        const made = [await collegeChoice(transaction), await collegeChoice(transaction)];
        const last: number[] = [];
        for (const { application_type_id } of made) {
          last.push(
            await insert(transaction, 'immigration_stage', {
              stage_name: 'Last',
              position: 2,
              application_type_id,
            }),
          );
        }
        return [made, last] as const;
      },
    );
    const intakes = await Promise.all(
      choices.map(async ({ institute_id }) =>
        Promise.all(
          [-40, -8, -1, 0, 3, 50].map(async (days) => {
            const date = localDate(Date.now() + days * DAY);
            const [row] = await sql(
              'INSERT INTO immigration_institute_intake (institute_id, intake_date) VALUES ($1, $2) RETURNING id',
              [institute_id, date],
            );
            return { id: Number(row?.id), date };
          }),
        ),
      ),
    );
    const clients = await dealClients(setting, CLIENTS, () => ({}));
    const applications = Array.from({ length: APPLICATIONS }, (_, index) => {
      const client = pick(clients);
      const which = pick([0, 1]);
      const { stage_id, ...choice } = choices[which] as (typeof choices)[number];
      const intake = pick(intakes[which] as { id: number; date: string }[]);
      const isLast = Math.random() < 0.5;
      return {
        ...choice,
        id: 10_000 + index,
        client_id: client.id,
        branch: client.branch,
        gone: client.isArchived || Math.random() < 0.1,
        isArchived: client.isArchived,
        stage_id: isLast ? (lastStages[which] as number) : stage_id,
        isLast,
        start_date_id: intake.id,
        intake: intake.date,
        assigned: Math.random() < 0.5,
      };
    });
    await sql(
      `INSERT INTO immigration_collegeapplication
         (id, client_id, application_type_id, stage_id, institute_id, course_id, start_date_id, location_id,
          total_tuition_fee, assigned_to_id, deleted_at)
       SELECT (e ->> 'id')::bigint, (e ->> 'client_id')::bigint, (e ->> 'application_type_id')::bigint,
              (e ->> 'stage_id')::bigint, (e ->> 'institute_id')::bigint, (e ->> 'course_id')::bigint,
              (e ->> 'start_date_id')::bigint, (e ->> 'location_id')::bigint, 1,
              CASE WHEN (e ->> 'assigned')::boolean THEN 1 END,
              CASE WHEN (e ->> 'gone')::boolean AND NOT (e ->> 'isArchived')::boolean THEN now() END
       FROM jsonb_array_elements($1::jsonb) e`,
      [JSON.stringify(applications)],
    );
    // Only admins have the permission by default.
    for (const [name, branches] of VIEWS.filter(([who]) => ['admin', 'branch3'].includes(who))) {
      const seen = applications.filter(
        ({ gone, branch }) => !gone && (branches === null || (branch !== null && branches.includes(branch))),
      );
      for (const filter of ['all', 'today', 'this_week', 'this_month', 'nonsense', '']) {
        const { body } = await app.ask(
          'GET',
          `/api/v1/college-applications/dashboard-statistics/?time_filter=${filter}`,
          { token: tokens[name] },
        );
        const today = localDate(Date.now());
        const monday = asDay(today) - ((asDay(today) + 3) % 7);
        const since: Record<string, number> = {
          today: asDay(today),
          this_week: monday,
          this_month: asDay(`${today.slice(0, 7)}-01`),
        };
        const from = since[filter] ?? Number.NEGATIVE_INFINITY;
        const reached = seen.filter(({ isLast, intake }) => isLast && asDay(intake) >= from);
        const dates = [...new Set(reached.map(({ intake }) => intake))].sort();
        expect(body).toMatchObject({
          total_applications: seen.length,
          final_stage_count: reached.length,
          time_filter: filter in since ? filter : 'all',
          intake_breakdown: dates.map((date) => ({
            start_date__intake_date: date,
            count: count(reached, ({ intake }) => intake === date),
          })),
          pending_assignments: count(seen, ({ assigned }) => !assigned),
        });
        expect(
          body.institute_breakdown.reduce((total: number, one: { count: number }) => total + one.count, 0),
        ).toBe(seen.length);
        expect(body.recent_applications.map(({ id }: { id: number }) => id)).toEqual(
          [...seen]
            .sort((a, b) => b.id - a.id)
            .slice(0, 10)
            .map(({ id }) => id),
        );
      }
    }
  });
});
