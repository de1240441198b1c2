import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/helpers/database.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import { type CurrentUser, CurrentUsers } from '../../auth/current-user.js';
import { Database } from '../../database/database.js';
import { Listener } from '../../database/listener.js';
import { withOwner } from '../../database/owner.js';
import { type Statement, statement } from '../../database/statement.js';
import type { MaybePending, TenantTransaction } from '../../database/tenant-transaction.js';
import { QueryParameters } from '../../http/fields/query-parameters.js';
import type { PageRequest } from '../../routing/pagination.js';
import { listTasks, overdueTasks, readTaskFilters, tasksDueSoon } from './list.js';

// PostgreSQL's plans for finding 25 of 10,000 tasks. Of these 2 in 100 are consultant1's, or of their branch or its
// clients.

let databases: TestDatabase;
let database: Database;
let users: CurrentUsers;
const context = { schema: 'tenant_main', userId: null };

beforeAll(async () => {
  databases = await testDatabase();
  database = new Database(databases.app, { size: 2 });
  users = new CurrentUsers(database, new Listener(databases.app));
  await seedStaff({ database });
  await withOwner(databases.owner, async (client) => {
    await client.query('SET search_path TO tenant_main');
    await client.query(
      `INSERT INTO immigration_client (first_name, branch_id)
       SELECT 'C', CASE WHEN i % 100 = 0 THEN 1 ELSE 2 + i % 2 END FROM generate_series(1, 10000) i`,
    );
    await client.query(
      `INSERT INTO immigration_task
         (title, due_date, status, priority, assigned_to_id, branch_id, assigned_by_id, created_by_id, content_type_id, object_id)
       SELECT 'T', now() + make_interval(hours => i % 2000 - 50), (ARRAY['PENDING', 'COMPLETED'])[1 + i % 2],
         (ARRAY['LOW', 'HIGH'])[1 + i / 2 % 2],
         CASE WHEN i % 100 < 90 THEN CASE WHEN i % 200 = 7 THEN $1 ELSE 1 END END,
         CASE WHEN i % 100 >= 90 THEN CASE WHEN i % 200 = 190 THEN 1 ELSE 3 END END,
         1, 1, CASE WHEN i % 3 = 0 THEN 10 END, CASE WHEN i % 3 = 0 THEN i END
       FROM generate_series(1, 10000) i`,
      [idOf('consultant1')],
    );
    for (const table of ['immigration_task', 'immigration_client']) await client.query(`ANALYZE ${table}`);
  });
});
afterAll(async () => {
  await database?.close();
  await databases?.drop();
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly Plan[];
}

/** Returns the tables that a plan reads from one end to the other. */
function scanned(plan: Plan): string[] {
  const own = plan['Node Type'] === 'Seq Scan' ? [plan['Relation Name'] as string] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(scanned)];
}

/** Returns the large tables that the statements of `work` are planned to scan, and the number of statements. */
async function explained(
  username: string,
  work: (transaction: TenantTransaction, user: CurrentUser) => MaybePending<unknown>,
): Promise<{ statements: number; scans: string[] }> {
  const user = (await users.byId({ schema: context.schema } as never, idOf(username))) as CurrentUser;
  const plans: Plan[] = [];
  await database.tenantTransaction(context, async (transaction) => {
    const ask = async <Row>(query: Statement<Row>): Promise<Row[]> => {
      const { sql, parameters } = query;
      const explain = statement<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        `EXPLAIN (FORMAT JSON) ${sql}`,
        parameters,
      );
      const [row] = await transaction.query(explain);
      if (row) plans.push(row['QUERY PLAN'][0].Plan);
      return [];
    };
    const { tenant } = transaction;
    const send = <Row>(query: Statement<Row>) =>
      transaction.send(statement<Row>('SELECT')).map(() => ask(query));
    const result = <T>(pending: MaybePending<T>) => transaction.result(pending);
    await result(work({ tenant, query: ask, send, result, afterCommit: () => undefined }, user));
  });
  const big = ['immigration_task', 'immigration_client'];
  return { statements: plans.length, scans: plans.flatMap(scanned).filter((name) => big.includes(name)) };
}

const list =
  (raw: Record<string, string>, page: PageRequest) => (transaction: TenantTransaction, user: CurrentUser) =>
    listTasks(transaction, user, readTaskFilters(new QueryParameters(raw), user, true), page);
const FIRST = { page: 1, size: 25 } as const;

test.each([
  ['admin', {}],
  ['admin', { status: 'PENDING' }],
  ['admin', { priority: 'LOW', status: 'COMPLETED' }],
  ['admin', { status: 'PENDING', include_overdue: 'false' }],
  ['admin', { assigned_to: String(idOf('consultant1')) }],
  ['admin', { client: '300' }],
  ['consultant1', {}],
  ['consultant1', { status: 'PENDING' }],
  ['consultant1', { assigned_to_me: 'true' }],
  ['homeless', {}],
])('the list that %s asks for with %j reads no table as a whole', async (username, raw) => {
  expect(await explained(username, list(raw, FIRST))).toMatchObject({ scans: [] });
});

test('nor do the tasks that are due soon or overdue', async () => {
  const soon = await explained('consultant1', (transaction, user) => tasksDueSoon(transaction, user, 3));
  expect(soon).toEqual({ statements: 1, scans: [] });
  expect(await explained('consultant1', overdueTasks)).toEqual({ statements: 1, scans: [] });
});

test.each([
  ['admin', {}],
  ['manager1', {}],
  ['consultant1', {}],
  ['consultant1', { include_overdue: 'false', client: '300' }],
])('%s asks the database at most twice, whatever the page: %j', async (username, raw) => {
  for (const page of [FIRST, { page: 3, size: 100 }, { page: 'last', size: 10 }] as const) {
    expect((await explained(username, list(raw, page))).statements).toBeLessThanOrEqual(2);
  }
});
