import { afterAll, beforeAll, expect, test } from 'vitest';
import { visaType } from '../helpers/samples/applications.js';
import { pick } from '../visibility/agency.js';
import {
  type Client,
  countOf,
  counts,
  dealClients,
  isIn,
  localDate,
  questions,
  type Setting,
  someMoment,
  startSetting,
  VIEWS,
} from './setting.js';

// Compares the reports on visa applications with a slow and obvious count of the same random ones.

const STATUSES = ['TO_BE_APPLIED', 'VISA_APPLIED', 'CASE_OPENED', 'GRANTED', 'REJECTED', 'WITHDRAWN'];
const APPLICATIONS = 400;

interface Application {
  readonly client: Client;
  readonly type: number;
  readonly status: string;
  readonly created: number;
  readonly granted: string | null;
  readonly rejected: string | null;
  readonly withdrawn: string | null;
}

let setting: Setting;
let applications: readonly Application[];
let types: readonly { id: number; name: string; category: number; category_name: string }[];

beforeAll(async () => {
  setting = await startSetting();
  const ids = await setting.app.database.tenantTransaction(
    { schema: 'tenant_main', userId: null },
    (transaction) => Promise.all([1, 2, 3, 4].map(() => visaType(transaction))),
  );
  types = (await setting.sql(
    `SELECT t.id::integer, t.name, k.id::integer AS category, k.name AS category_name
     FROM immigration_visatype t JOIN immigration_visacategory k ON k.id = t.visa_category_id`,
  )) as never;
  const clients = await dealClients(setting, 40, () => ({}));
  const someDate = () => (Math.random() < 0.8 ? localDate(someMoment()) : null);
  applications = Array.from({ length: APPLICATIONS }, () => ({
    client: pick(clients),
    type: pick(ids),
    status: pick(STATUSES),
    created: someMoment(),
    granted: someDate(),
    rejected: someDate(),
    withdrawn: someDate(),
  }));
  await setting.sql(
    `INSERT INTO immigration_visaapplication
       (client_id, visa_type_id, status, created_at, date_granted, date_rejected, date_withdrawn)
     SELECT (e -> 'client' ->> 'id')::bigint, (e ->> 'type')::bigint, e ->> 'status',
            to_timestamp((e ->> 'created')::float8 / 1000), (e ->> 'granted')::date, (e ->> 'rejected')::date,
            (e ->> 'withdrawn')::date
     FROM jsonb_array_elements($1::jsonb) e`,
    [JSON.stringify(applications)],
  );
});
afterAll(() => setting?.app.close());

const typeOf = (id: number) => types.find((type) => type.id === id) as (typeof types)[number];
const rowOf = (id: number) => {
  const { name, category, category_name } = typeOf(id);
  return { visa_type: id, visa_type_name: name, visa_category: category, visa_category_name: category_name };
};
/** Returns the most frequent first, then by name. */
const sorted = <R extends { visa_type_name: string }>(rows: R[], figure: (row: R) => number) =>
  rows.sort((a, b) => figure(b) - figure(a) || (a.visa_type_name < b.visa_type_name ? -1 : 1));

test('applications by status and type are those that were entered in the period', async () => {
  for (const view of VIEWS) {
    for (const asked of questions()) {
      const seen = applications.filter(
        ({ client, created }) => counts(view, asked, client) && isIn(asked, localDate(created)),
      );
      const figures = (some: readonly Application[]) => ({
        ...Object.fromEntries(
          STATUSES.map((status) => [status.toLowerCase(), countOf(some, (one) => one.status === status)]),
        ),
        applications: some.length,
      });
      const rows = types
        .map(({ id }) => ({ ...rowOf(id), ...figures(seen.filter(({ type }) => type === id)) }))
        .filter((row) => row.applications > 0);
      const { status, body } = await setting.ask('visa-applications', view.name, asked);
      expect(status).toBe(200);
      expect(body).toEqual({
        report: 'visa-applications',
        from: asked.from ?? null,
        to: asked.to ?? null,
        branch: asked.branch ?? null,
        time_zone: 'Australia/Sydney',
        rows: sorted(rows, (row) => row.applications),
        totals: figures(seen),
      });
    }
  }
});

test('decisions are those dated in the period', async () => {
  for (const view of VIEWS) {
    for (const asked of questions()) {
      const seen = applications.filter(({ client }) => counts(view, asked, client));
      const figures = (some: readonly Application[]) => {
        const decided = (status: string, date: 'granted' | 'rejected' | 'withdrawn') =>
          countOf(some, (one) => one.status === status && isIn(asked, one[date]));
        const [granted, rejected] = [decided('GRANTED', 'granted'), decided('REJECTED', 'rejected')];
        const both = granted + rejected;
        return {
          granted,
          rejected,
          withdrawn: decided('WITHDRAWN', 'withdrawn'),
          undated: countOf(
            some,
            (one) =>
              (one.status === 'GRANTED' && one.granted === null) ||
              (one.status === 'REJECTED' && one.rejected === null) ||
              (one.status === 'WITHDRAWN' && one.withdrawn === null),
          ),
          granted_percent: both === 0 ? null : Math.round((granted * 1000) / both) / 10,
        };
      };
      const rows = types
        .map(({ id }) => ({ ...rowOf(id), ...figures(seen.filter(({ type }) => type === id)) }))
        .filter((row) => row.granted + row.rejected + row.withdrawn + row.undated > 0);
      const { body } = await setting.ask('visa-decisions', view.name, asked);
      expect(body.rows).toEqual(sorted(rows, (row) => row.granted + row.rejected));
      expect(body.totals).toEqual(figures(seen));
    }
  }
});
