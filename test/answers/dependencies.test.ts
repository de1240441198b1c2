import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { PURE_FUNCTIONS, tablesRead } from '../../src/database/tables-read.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { startTestApp } from '../helpers/app.js';
import { routeName } from '../helpers/routes.js';

// The program derives from a statement's text which tables it reads. Here PostgreSQL tells the same of every statement
// that test/queries/sql/ records for routes that keep answers.

const app = await startTestApp();
afterAll(() => app.close());

/** Runs statements at the tenant, as the owner. */
const atTenant = <T>(work: (owner: OwnerClient) => Promise<T>): Promise<T> =>
  withOwner(app.databases.admin, async (owner) => {
    await owner.query('SET search_path TO tenant_main, pg_temp');
    return await work(owner);
  });

const FOLDER = join(PACKAGE_ROOT, 'test', 'queries', 'sql');

/** Returns the statements of routes that keep their answers, by route. */
function recorded(): Map<string, string[]> {
  const keeping = new Set(app.app.routes.filter(({ keepsAnswers }) => keepsAnswers).map(routeName));
  const found = new Map<string, string[]>();
  for (const file of readdirSync(FOLDER)) {
    const text = readFileSync(join(FOLDER, file), 'utf8');
    for (const part of text.split(/^-- (?=GET )/m).slice(1)) {
      const [title = '', ...lines] = part.split(/^-- (?=[A-Z]+ \/)/m)[0]?.split('\n') ?? [];
      const name = title.replace(/[:,] .*/, '');
      if (!keeping.has(name)) continue;
      const statements = lines
        .filter((line) => !line.startsWith('--'))
        .join('\n')
        .split(/;\n/)
        .map((statement) => statement.trim())
        .filter((statement) => !/^(BEGIN|COMMIT|)$/.test(statement));
      found.set(name, [...(found.get(name) ?? []), ...statements]);
    }
  }
  return found;
}

test('the tables of each statement are those that PostgreSQL reads for it', () =>
  atTenant(async (owner) => {
    const watched = await owner.query<{ name: string }>('SELECT DISTINCT name FROM table_change');
    const names = new Set(watched.rows.map(({ name }) => name));
    let count = 0;
    for (const [route, statements] of recorded()) {
      for (const statement of new Set(statements)) {
        const tables = tablesRead(statement);
        if (!tables) continue;
        count++;
        const relations = await relationsOf(owner, statement);
        const inStep = relations.map((one) => IN_STEP[one] ?? one).filter((one) => !tables.includes(one));
        expect(inStep, `${route}: ${statement}`).toEqual([]);
        if (KEPT.includes(route))
          expect(
            tables.filter((one) => !names.has(one)),
            route,
          ).toEqual([]);
      }
    }
    expect(count).toBeGreaterThan(60);
  }));

/** The routes of which it would be a loss if their answers were not kept. */
const KEPT = [
  'GET /api/v1/clients/',
  'GET /api/v1/clients/:id/',
  'GET /api/v1/clients/stage-counts/',
  'GET /api/v1/tasks/',
  'GET /api/v1/tasks/:id/',
  'GET /api/v1/notes/',
  'GET /api/v1/notifications/unread_count/',
  'GET /api/v1/visa-applications/',
  'GET /api/v1/visa-applications/dashboard-statistics/',
  'GET /api/v1/visa-applications/status-counts/',
  'GET /api/v1/college-applications/',
  'GET /api/v1/college-applications/dashboard-statistics/',
  'GET /api/v1/branches/',
  'GET /api/v1/users/',
  'GET /api/v1/stages/',
  'GET /api/v1/reports/workload/',
  'GET /api/v1/reports/visa-decisions/',
];

test('everything is known of what lists, dashboards, counts and reports read', () => {
  const routes = recorded();
  const unknown = KEPT.flatMap((name) => {
    const statements = routes.get(name) ?? ['none is recorded'];
    return statements.filter((one) => !tablesRead(one)).map((one) => `${name}: ${one}`);
  });
  expect(unknown).toEqual([]);
});

test.each([
  'SELECT now()',
  'SELECT current_date, id FROM immigration_client',
  "SELECT id FROM immigration_task WHERE due_date < 'now'",
  "SELECT id FROM immigration_task WHERE due_date < date 'tomorrow'",
  'SELECT random() FROM immigration_client',
  'SELECT id FROM public.tenants_tenant',
  'SELECT 1 FROM "pg_stat_activity"',
  'SELECT id FROM immigration_client FOR SHARE',
  'WITH gone AS (DELETE FROM immigration_client RETURNING id) SELECT id FROM gone',
  'UPDATE immigration_client SET id = 1',
  'SELECT unheard_of(id) FROM immigration_client',
  'SELECT "clock_timestamp"()',
  'SELECT ctid FROM immigration_client',
  'SELECT 1 -- FROM immigration_client',
])('is known not to be known: %s', (statement) => {
  expect(tablesRead(statement)).toBeNull();
});

test('functions that count as pure are not volatile, and stable ones depend on fixed settings alone', () =>
  atTenant(async (owner) => {
    const { rows } = await owner.query<{ name: string; kind: string }>(
      `SELECT DISTINCT proname AS name, provolatile AS kind FROM pg_catalog.pg_proc
     WHERE proname = ANY ($1) AND provolatile <> 'i' ORDER BY 1, 2`,
      [[...PURE_FUNCTIONS]],
    );
    expect(rows.filter(({ kind }) => kind !== 's')).toEqual([]);
    expect(rows.map(({ name }) => name)).toEqual(STABLE);
  }));

/** Those that depend on the time zone, the styles of dates, intervals and numbers, or the database's locale. */
const STABLE = [
  'concat',
  'concat_ws',
  'date_part',
  'date_trunc',
  'extract',
  'generate_series',
  'json_agg',
  'json_build_object',
  'jsonb_agg',
  'jsonb_build_object',
  'length',
  'to_char',
  'to_jsonb',
];

test('kept counts belong to the tables whose triggers keep them', () =>
  atTenant(async (owner) => {
    for (const [counts, counted] of Object.entries(IN_STEP)) {
      const { rows } = await owner.query<{ body: string }>(
        `SELECT pg_catalog.pg_get_functiondef(t.tgfoid) AS body FROM pg_catalog.pg_trigger t
       WHERE t.tgrelid = $1::regclass AND t.tgname = 'count_updated'`,
        [counted],
      );
      expect(rows[0]?.body).toContain(`INSERT INTO ${counts} `);
      expect(tablesRead(`SELECT sum(n) FROM ${counts}`)).toEqual([counted]);
    }
  }));

const IN_STEP: Readonly<Record<string, string>> = {
  immigration_client_count: 'immigration_client',
  immigration_task_count: 'immigration_task',
  unread_count: 'immigration_notification',
};

test('the program’s clock is read by TenantTime alone, which notes it', () => {
  const folder = join(PACKAGE_ROOT, 'src', 'immigration');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(?<!\.test)\.ts$/.test(name),
  );
  const reading = files.filter((name) =>
    /new Date\(\)|Date\.now\(|performance\.now\(/.test(readFileSync(join(folder, name), 'utf8')),
  );
  expect(reading.sort()).toEqual([
    'personal-data/export.ts', // no answer that is kept
    'shared/tenant-time.ts',
    'shared/trigram-shares.ts', // when a sample is old: it decides how a text is found, never what is found
  ]);
});

interface Plan {
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly Plan[];
}

/** Returns the names of the tables that PostgreSQL plans to read. */
async function relationsOf(owner: OwnerClient, statement: string): Promise<string[]> {
  const { rows } = await owner.query<{ 'QUERY PLAN': readonly { Plan: Plan }[] }>(
    `EXPLAIN (GENERIC_PLAN, VERBOSE, FORMAT JSON) ${statement}`,
  );
  const names = ({ 'Relation Name': name, Plans = [] }: Plan): string[] => [
    ...(name === undefined ? [] : [name]),
    ...Plans.flatMap(names),
  ];
  return rows.flatMap(({ 'QUERY PLAN': plans }) => plans.flatMap(({ Plan: plan }) => names(plan)));
}
