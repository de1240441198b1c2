import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REPORTS } from '../../src/immigration/reports/reports.js';
import { visaType } from '../helpers/samples/applications.js';
import { type Setting, startSetting } from './setting.js';

// What all reports have in common: parameters, files, days that are not 24 hours long, visibility.

let setting: Setting;
let type: number;
beforeAll(async () => {
  setting = await startSetting();
  type = await setting.app.database.tenantTransaction(
    { schema: 'tenant_main', userId: null },
    async (transaction) => await visaType(transaction),
  );
});
afterAll(() => setting?.app.close());

const CSV = 'text/csv; charset=utf-8';

/** Inserts clients and their applications, created at these moments. */
async function enter(moments: readonly string[]) {
  await setting.sql('DELETE FROM immigration_client');
  await setting.sql(
    `WITH entered AS (
       INSERT INTO immigration_client (first_name, branch_id, created_at, referred_by)
       SELECT 'x', 1, moment, '=1+1' FROM unnest($1::timestamptz[]) moment RETURNING id, created_at)
     INSERT INTO immigration_visaapplication (client_id, visa_type_id, created_at) SELECT id, $2, created_at FROM entered`,
    [moments, type],
  );
}

describe('days of the agency', () => {
  test.each([
    // In Sydney, clocks went back on 5 April 2026, and forward on 4 October.
    ['of 25 hours', '2026-04-05', '2026-04-04T13:00:00Z', '2026-04-05T13:59:59.999Z'],
    ['of 23 hours', '2026-10-04', '2026-10-03T14:00:00Z', '2026-10-04T12:59:59.999Z'],
    ['of 24 hours', '2026-01-31', '2026-01-30T13:00:00Z', '2026-01-31T12:59:59.999Z'],
  ])(
    '%s: the first and the last moment belong to it, those around do not',
    async (_what, day, first, last) => {
      const around = [new Date(Date.parse(first) - 1), new Date(Date.parse(last) + 1)];
      await enter([first, last, ...around.map((moment) => moment.toISOString())]);
      const applications = async (from: string, to: string) => {
        const { body } = await setting.ask('visa-applications', 'admin', { from, to });
        return body.totals.applications;
      };
      expect(await applications(day, day)).toBe(2);
      const before = new Date(Date.parse(day) - 1).toISOString().slice(0, 10);
      expect(await applications(before, before)).toBe(1);
      expect(await applications(before, day)).toBe(3);
      expect((await setting.ask('lead-sources', 'admin', { from: day, to: day })).body.totals.clients).toBe(
        2,
      );
    },
  );

  test('years before and after all records are no fault', async () => {
    await enter(['2026-01-01T00:00:00Z']);
    for (const [from, to, count] of [
      ['0001-01-01', '9999-12-31', 1],
      ['9999-12-31', '9999-12-31', 0],
      ['0001-01-01', '0001-01-01', 0],
    ] as const) {
      for (const { name } of REPORTS) {
        const { status, body } = await setting.ask(name, 'admin', { from, to });
        expect(status).toBe(200);
        if (name === 'visa-applications') expect(body.totals.applications).toBe(count);
      }
    }
  });
});

describe('as a CSV file', () => {
  test('it has the columns of the rows, with formulas made harmless', async () => {
    await enter(['2026-03-01T00:00:00Z', '2026-03-02T00:00:00Z']);
    const { status, headers, body } = await setting.ask('lead-sources', 'admin', {
      from: '2026-03-01',
      to: '2026-03-31',
      format: 'csv',
    });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe(CSV);
    expect(headers['content-disposition']).toBe(
      'attachment; filename="lead-sources_2026-03-01_2026-03-31.csv"',
    );
    expect(body).toBe(
      "source,agent,name,lead,follow_up,client,close,clients,became_client,became_client_percent\r\nREFERRAL,,'=1+1,2,0,0,0,2,0,0\r\n",
    );
  });

  test.each(REPORTS.map(({ name }) => name))('%s says the same as JSON', async (name) => {
    const { body } = await setting.ask(name, 'admin');
    const { raw, headers } = await setting.ask(name, 'admin', { format: 'CSV', bom: 'true' });
    expect(headers['content-disposition']).toBe(`attachment; filename="${name}.csv"`);
    const [mark, ...lines] = [raw.toString()[0], ...raw.toString().slice(1).trimEnd().split('\r\n')];
    expect(mark).toBe('\ufeff');
    expect(lines).toHaveLength(body.rows.length + 1);
    const names = (lines[0] as string).split(',');
    for (const [index, row] of body.rows.entries()) {
      expect(Object.keys(row)).toEqual(names);
      const cells = names.map((column) => String(row[column] ?? '').replace(/^(?==)/, "'"));
      expect(lines[index + 1]).toBe(cells.join(','));
    }
  });

  test('without a row it has its columns, and HEAD only the headers', async () => {
    const asked = { from: '1999-01-01', to: '1999-01-01', format: 'csv' };
    expect((await setting.ask('visa-decisions', 'admin', asked)).body).toBe(
      'visa_type,visa_type_name,visa_category,visa_category_name,granted,rejected,withdrawn,undated,granted_percent\r\n',
    );
    const token = await setting.app.logIn('admin');
    const { status, headers, raw } = await setting.app.ask(
      'HEAD',
      '/api/v1/reports/visa-decisions/?format=csv',
      { token },
    );
    expect([status, headers['content-type'], raw.length]).toEqual([200, CSV, 0]);
  });
});

describe('what is wrong is told', () => {
  test.each([
    [{ from: '2026-02-30' }, 'from'],
    [{ to: 'yesterday' }, 'to'],
    [{ from: '2026-02-02', to: '2026-02-01' }, 'to'],
    [{ branch: 'One' }, 'branch'],
    [{ format: 'xlsx' }, 'format'],
  ])('%o', async (asked, field) => {
    const { status, body } = await setting.ask('visa-applications', 'admin', asked as never);
    expect([status, Object.keys(body)]).toEqual([400, [field]]);
  });

  test('a branch that there is not, or out of scope, has no figures', async () => {
    await enter(['2026-03-01T00:00:00Z']);
    const total = async (view: string, branch: number) =>
      (await setting.ask('visa-applications', view, { branch })).body.totals.applications;
    expect(await total('branch1', 1)).toBe(1);
    expect(await total('branch3', 1)).toBe(0);
    expect(await total('admin', 99)).toBe(0);
    expect(await total('admin', -1)).toBe(0);
    expect(await total('admin', Number.MAX_SAFE_INTEGER)).toBe(0);
  });

  test('there is no other report', async () => {
    expect((await setting.ask('profits', 'admin')).status).toBe(404);
  });
});

test('everybody is shown the reports that they may see', async () => {
  const names = async (view: string) => {
    const { status, body } = await setting.app.ask('GET', '/api/v1/reports/', {
      token: await setting.app.logIn(view),
    });
    expect(status).toBe(200);
    return body.map(({ name, path }: { name: string; path: string }) => {
      expect(path).toBe(`/api/v1/reports/${name}/`);
      return name;
    });
  };
  const all = REPORTS.map(({ name }) => name);
  expect(await names('admin')).toEqual(all);
  expect(await names('branch1')).toEqual(all);
  const withoutColleges = all.filter((name) => name !== 'college-applications');
  expect(await names('manager1')).toEqual(withoutColleges);
  expect(await names('consultant1')).toEqual(withoutColleges);
});
