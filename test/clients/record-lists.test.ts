import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CurrentUser } from '../../src/auth/current-user.js';
import { withOwner } from '../../src/database/owner.js';
import { statement } from '../../src/database/statement.js';
import type { TenantTransaction } from '../../src/database/tenant-transaction.js';
import { QueryParameters } from '../../src/http/query-parameters.js';
import { employments } from '../../src/immigration/employments/selectors.js';
import { listProficiencies } from '../../src/immigration/language-proficiencies/selectors.js';
import { listPassports } from '../../src/immigration/passports/selectors.js';
import { qualifications } from '../../src/immigration/qualifications/selectors.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { planOf } from '../helpers/plan-of.js';
import { idOf, seedStaff } from '../helpers/staff.js';

// How PostgreSQL finds what the lists of client records show, among 10,000 of each kind and as many clients.

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  await app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, async (transaction) => {
    for (const text of [
      `INSERT INTO immigration_branch (name) SELECT 'b' || n FROM generate_series(4, 20) n`,
      `INSERT INTO immigration_client (first_name, branch_id) SELECT 'x', 1 + n % 20 FROM generate_series(1, 10000) n`,
      `INSERT INTO immigration_lpe (name) SELECT 'Exam ' || n FROM generate_series(1, 10) n`,
      `INSERT INTO immigration_proficiency (client_id, test_name_id, test_date)
       SELECT n, 1 + n % 10, date '2000-01-01' + n FROM generate_series(1, 10000) n`,
      `INSERT INTO immigration_qualification (client_id, completion_date)
       SELECT n, date '2000-01-01' + n FROM generate_series(1, 10000) n`,
      `INSERT INTO immigration_employment (client_id, start_date, end_date)
       SELECT n, date '2000-01-01' + n, date '2000-01-01' + n FROM generate_series(1, 10000) n`,
      'INSERT INTO immigration_passport (id) SELECT n FROM generate_series(1, 10000) n',
    ]) {
      await transaction.query(statement(text));
    }
  });
  await withOwner(app.databases.admin, (client) => client.query('ANALYZE'));
});
afterAll(() => app?.close());

const user = (username: string, group: string): CurrentUser => ({
  id: idOf(username),
  username,
  email: '',
  isActive: true,
  isSuperuser: false,
  groups: [group],
  permissions: new Set(),
  branchIds: [1],
  regionIds: [],
  regionBranchIds: [],
  tokensFrom: 0,
});
const page = { page: 1, size: 25 } as const;

type List = (transaction: TenantTransaction, user: CurrentUser, query: QueryParameters) => Promise<unknown>;
const LISTS: [table: string, List][] = [
  ['immigration_proficiency', (t, who, query) => listProficiencies(t, who, query, page)],
  ['immigration_qualification', (t, who, query) => qualifications.list(t, who, query, page)],
  ['immigration_employment', (t, who, query) => employments.list(t, who, query, page)],
];

describe.each(LISTS)('of %s', (table, list) => {
  test.each([
    ['all', user('admin', 'SUPER_ADMIN'), {}],
    ['those of a branch', user('consultant1', 'CONSULTANT'), {}],
    ['those of a client', user('consultant1', 'CONSULTANT'), { client_id: '40' }],
  ])('%s are found without reading the whole table', async (_what, who, query) => {
    const plan = await planOf(app, (transaction) => list(transaction, who, new QueryParameters(query)));
    expect(plan).toContain(`on ${table}`);
    expect(plan).not.toContain(`Seq Scan on ${table}`);
    expect(plan).not.toContain('Seq Scan on immigration_client');
  });
});

test('a client’s passport is found by its id', async () => {
  const plan = await planOf(app, (transaction) =>
    listPassports(transaction, user('consultant1', 'CONSULTANT'), new QueryParameters({ client_id: '40' })),
  );
  expect(plan).not.toContain('Seq Scan');
});
