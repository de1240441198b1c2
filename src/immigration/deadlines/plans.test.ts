import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/helpers/database.js';
import { collegeChoice, visaType } from '../../../test/helpers/samples/applications.js';
import { insert } from '../../../test/helpers/samples/insert.js';
import { idOf, seedStaff } from '../../../test/helpers/staff.js';
import type { CurrentUser } from '../../auth/current-user.js';
import { Database } from '../../database/database.js';
import { withOwner } from '../../database/owner.js';
import { type Statement, statement } from '../../database/statement.js';
import type { MaybePending } from '../../database/tenant-transaction.js';
import { QueryParameters } from '../../http/fields/query-parameters.js';
import { TenantTime } from '../shared/tenant-time.js';
import { listDeadlines } from './selectors.js';

// PostgreSQL's plans for finding a month's deadlines among 10,000 of each kind, most of them done or far from now.

let databases: TestDatabase;
let database: Database;

beforeAll(async () => {
  databases = await testDatabase();
  database = new Database(databases.app, { size: 2 });
  await seedStaff({ database });
  const { choice, type } = await database.tenantTransaction(
    { schema: 'tenant_main', userId: null },
    async (transaction) => {
      const choice = await collegeChoice(transaction);
      const { application_type_id } = choice;
      await insert(transaction, 'immigration_stage', {
        stage_name: 'Last',
        position: 2,
        application_type_id,
      });
      return { choice, type: await visaType(transaction) };
    },
  );
  await withOwner(databases.owner, async (client) => {
    await client.query(`
      SET search_path TO tenant_main;
      INSERT INTO immigration_client (id, first_name, branch_id) SELECT 100 + n, 'C', 1 + n % 3 FROM generate_series(1, 10000) n;
      INSERT INTO immigration_passport (id, date_of_expiry)
        SELECT 100 + n, current_date + n % 3000 FROM generate_series(1, 10000) n;
      INSERT INTO immigration_visaapplication
          (client_id, visa_type_id, immigration_fee, service_fee, expiry_date, status)
        SELECT 100 + n, ${type}, 1, 1, current_date + n % 3000, 'GRANTED' FROM generate_series(1, 10000) n;
      INSERT INTO immigration_institute_intake (institute_id, intake_date)
        SELECT ${choice.institute_id}, current_date + n * 10 FROM generate_series(1, 300) n;
      INSERT INTO immigration_collegeapplication (client_id, application_type_id, stage_id, institute_id, course_id,
          location_id, start_date_id, total_tuition_fee)
        SELECT 100 + n, ${choice.application_type_id}, ${choice.stage_id}, ${choice.institute_id}, ${choice.course_id},
          ${choice.location_id}, (SELECT max(id) FROM immigration_institute_intake) - n % 300, 1
        FROM generate_series(1, 10000) n;
      INSERT INTO immigration_task (title, due_date, status, content_type_id, object_id)
        SELECT 'T', now() + (n % 3000 - 2900) * interval '1 day', CASE WHEN n % 100 = 0 THEN 'PENDING' ELSE 'COMPLETED' END,
          10, 100 + n
        FROM generate_series(1, 10000) n;
      INSERT INTO immigration_reminder (title, reminder_date, is_completed, content_type_id, object_id)
        SELECT 'R', current_date + n % 3000 - 2900, n % 100 <> 0, 10, 100 + n FROM generate_series(1, 10000) n;
      ANALYZE`);
  });
});
afterAll(async () => {
  await database?.close();
  await databases?.drop();
});

const PERMITTED = ['client', 'visaapplication', 'collegeapplication', 'task'].map(
  (model) => `immigration.view_${model}`,
);

const user = (username: string, group: string): CurrentUser => ({
  ...{ id: idOf(username), username, email: '', isActive: true, isSuperuser: false, groups: [group] },
  ...{
    permissions: new Set(PERMITTED),
    branchIds: [1],
    regionIds: [],
    regionBranchIds: [],
    tokensFrom: 0,
    endedSessions: new Set<string>(),
  },
});

/** Returns PostgreSQL's plan for the one statement of a list, for the given values. */
async function planOf(asking: CurrentUser, filters: Record<string, string | string[]>): Promise<string> {
  let plan = '';
  await database.tenantTransaction({ schema: 'tenant_main', userId: null }, async (transaction) => {
    await transaction.query(statement("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"));
    const query = <Row>(asked: Statement<Row>) => transaction.query(asked);
    const send = (asked: Statement) => {
      const { sql, parameters } = asked;
      const explain = statement<Record<string, string>>(`EXPLAIN ${sql}`, parameters);
      return transaction.send(explain).map((lines) => {
        plan = lines.map((line) => line['QUERY PLAN']).join('\n');
        return [];
      });
    };
    const result = <T>(pending: MaybePending<T>) => transaction.result(pending);
    const afterCommit = () => undefined;
    const explaining = { tenant: transaction.tenant, query, send, result, afterCommit };
    await result(
      listDeadlines(explaining, asking, new QueryParameters(filters), { page: 1, size: 25 }, time),
    );
  });
  return plan;
}
const time = new TenantTime({ timeZone: 'UTC' });

test.each([
  ['all', user('admin', 'SUPER_ADMIN'), {}],
  ['that are to come', user('admin', 'SUPER_ADMIN'), { overdue: 'false' }],
  // Without reminders: their records are looked up in other tables, all those in scope at once.
  ['of a branch', user('branch1', 'BRANCH_ADMIN'), { kind: ['PASSPORT', 'VISA', 'INTAKE', 'TASK'] }],
])('the deadlines of a month, %s, are found by their dates', async (_what, asking, filters) => {
  const plan = await planOf(asking, { days: '30', ...filters });
  for (const table of ['passport', 'visaapplication', 'collegeapplication', 'task', 'reminder']) {
    if (table !== 'reminder' || !('kind' in filters))
      expect(plan).toMatch(new RegExp(`on immigration_${table} `));
    expect(plan).not.toMatch(new RegExp(`Seq Scan on immigration_${table} `));
  }
});
