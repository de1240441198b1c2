import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CurrentUser } from '../../src/auth/current-user.js';
import { withOwner } from '../../src/database/owner.js';
import { compiled, statement } from '../../src/database/statement.js';
import type { TenantTransaction } from '../../src/database/tenant-transaction.js';
import { QueryParameters } from '../../src/http/query-parameters.js';
import type { UserRequest } from '../../src/http/route.js';
import { listEvents, todaysEvents, upcomingEvents } from '../../src/immigration/calendar-events/selectors.js';
import { listReminders } from '../../src/immigration/reminders/selectors.js';
import { startTestApp, type TestApp } from '../helpers/app.js';
import { idOf, seedStaff } from '../helpers/staff.js';

// How PostgreSQL finds what the calendar's and the reminders' lists show, among 10,000 rows of each.

let app: TestApp;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  await app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, async (transaction) => {
    for (const text of [
      `INSERT INTO immigration_user (username, is_active) SELECT 'u' || n, true FROM generate_series(1, 200) n`,
      `INSERT INTO immigration_calendar_event (title, start, "end", created_by_id, assigned_to_id)
       SELECT 'x', at, at + interval '1 hour', 1 + n % 200, 1 + n * 7 % 200
       FROM generate_series(1, 10000) n, LATERAL (SELECT now() + (n - 9000) * interval '1 hour' AS at) t`,
      `INSERT INTO immigration_reminder (title, reminder_date, content_type_id, object_id, created_by_id)
       SELECT 'x', current_date + n % 600, 10, n, 1 + n % 200 FROM generate_series(1, 10000) n`,
    ]) {
      await transaction.query(statement(text));
    }
  });
  await withOwner(app.databases.admin, (client) => client.query('ANALYZE'));
});
afterAll(() => app?.close());

const user = (username: string, group: string, ...permissions: string[]): CurrentUser => ({
  id: idOf(username),
  username,
  email: '',
  isActive: true,
  isSuperuser: false,
  groups: [group],
  permissions: new Set(permissions.map((codename) => `immigration.${codename}`)),
  branchIds: [1],
  regionIds: [],
  regionBranchIds: [],
  tokensFrom: 0,
});
const admin = user('admin', 'SUPER_ADMIN', 'view_team_events');
const consultant = user('consultant1', 'CONSULTANT');
const page = { page: 1, size: 25 } as const;
const request = (query: Record<string, string> = {}) =>
  ({ query: new QueryParameters(query), tenant: { timeZone: 'UTC' } }) as UserRequest;

/** The plan of the statement that shows the rows of a list, and not of the one that counts them. */
async function planOf(list: (transaction: TenantTransaction) => Promise<unknown>): Promise<string> {
  let plan = '';
  await app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, async (transaction) => {
    await transaction.query(statement("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"));
    await list({
      query: (asked) => transaction.query(asked),
      async last(asked) {
        const { sql, parameters } = compiled(asked);
        const lines = await transaction.query(
          statement<Record<string, string>>(`EXPLAIN ${sql}`, parameters),
        );
        plan = lines.map((line) => line['QUERY PLAN']).join('\n');
        return [];
      },
    });
  });
  return plan;
}

test.each<[string, string, (transaction: TenantTransaction) => Promise<unknown>]>([
  ['all events', 'immigration_calendar_event', (t) => listEvents(t, admin, page, request())],
  ['own events', 'immigration_calendar_event', (t) => listEvents(t, consultant, page, request())],
  ['own events of today', 'immigration_calendar_event', (t) => todaysEvents(t, consultant, page, request())],
  ['all events to come', 'immigration_calendar_event', (t) => upcomingEvents(t, admin, page, request())],
  [
    'all events from a day on',
    'immigration_calendar_event',
    (t) => listEvents(t, admin, page, request({ start_date: '2026-01-01', end_date: '2026-01-02' })),
  ],
  ['all reminders', 'immigration_reminder', (t) => listReminders(t, admin, new QueryParameters({}), page)],
  [
    'the reminders of a record',
    'immigration_reminder',
    (t) => listReminders(t, consultant, new QueryParameters({ content_type: '10', object_id: '7' }), page),
  ],
])('%s are found without reading the whole table', async (_what, table, list) => {
  const plan = await planOf(list);
  expect(plan).toContain(`on ${table}`);
  expect(plan).not.toContain(`Seq Scan on ${table}`);
});
