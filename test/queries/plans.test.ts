import { afterAll, describe, expect, test } from 'vitest';
import { statement } from '../../src/database/statement.js';
import type { RouteDefinition } from '../../src/routing/route.js';
import { startTestApp } from '../helpers/app.js';
import { isList, pathOf, resourceOf } from '../helpers/routes.js';
import { recordSentBatches } from '../helpers/sent-batches.js';
import { fillWithMany } from './many-rows.js';

// How PostgreSQL finds a page of 25 among 10,000: every list over HTTP, the plans of what it sends.

const app = await startTestApp();
const sent = recordSentBatches();
afterAll(async () => {
  sent.stop();
  await app.close();
});
await fillWithMany(app);
const tokens = new Map<string, string>();
for (const name of ['admin', 'branch1', 'consultant1']) tokens.set(name, await app.logIn(name));

interface Large {
  /** The table that must not be scanned to its end. */
  readonly table: string;
  /** The queries; '' is everything. */
  readonly queries: readonly string[];
  /** Users with the whole tenant in scope, where no index can tell what others see. */
  readonly asking?: readonly string[];
}

const large = (table: string, ...filters: string[]): Large => ({ table, queries: ['', ...filters] });
const OF_CLIENT = 'client_id=40';
const OF_INSTITUTE = 'institute=40';

/** Large lists by path, without ids. */
const LARGE: Readonly<Record<string, Large>> = {
  clients: large(
    'immigration_client',
    ...[
      'stage=CLOSE',
      'active=true',
      'visa_category=1',
      'search=f2e1',
      'email=f2e1',
      'branch=3',
      'assigned_to=6',
    ],
    ...['agent=1', 'branch=3&created_after=2999-01-01'],
  ),
  'clients/timeline': large('immigration_clientactivity'),
  'visa-applications': large(
    'immigration_visaapplication',
    ...[OF_CLIENT, 'status=GRANTED', 'visa_type_id=7', 'assigned_to_id=6', 'client_name=f2e1'],
  ),
  'college-applications': large(
    'immigration_collegeapplication',
    ...[OF_CLIENT, 'institute_id=40', 'stage_id=7', 'assigned_to_id=6', 'client_name=f2e1'],
  ),
  notes: large('immigration_note', 'client=40', 'author=6'),
  'language-proficiencies': large('immigration_proficiency', OF_CLIENT),
  qualifications: large('immigration_qualification', OF_CLIENT),
  employments: large('immigration_employment', OF_CLIENT),
  passports: { table: 'immigration_passport', queries: [OF_CLIENT] }, // comes whole
  institutes: large('immigration_institute'),
  'institute-locations': large('immigration_institute_location', OF_INSTITUTE),
  'institute-intakes': large('immigration_institute_intake', OF_INSTITUTE),
  'institute-contact-persons': large('immigration_institute_contact_person', OF_INSTITUTE),
  'institute-requirements': large('immigration_institute_requirement', OF_INSTITUTE),
  courses: large('immigration_course', OF_INSTITUTE, 'level=1', 'broad_field=1', 'narrow_field=1'),
  agents: large('immigration_agent', 'agent_type=SUB_AGENT', 'country=NP'),
  users: large('immigration_user', 'is_active=true', 'group=CONSULTANT', 'branch_id=3'),
  'users/second-factor': large('immigration_user', 'is_active=true'),
  'users/assignable': large('immigration_user'),
  notifications: large('immigration_notification', 'include_read=false', 'type=TASK_ASSIGNED'),
  'notifications/overdue': large('immigration_notification'),
  tasks: large('immigration_task', 'status=PENDING', 'assigned_to_me=true', 'client=40'),
  'tasks/due_soon': large('immigration_task'),
  'tasks/overdue': large('immigration_task'),
  events: large('immigration_calendar_event', 'start_date=2026-01-01&end_date=2026-01-02'),
  'events/today': large('immigration_calendar_event'),
  'events/upcoming': large('immigration_calendar_event'),
  // Users with a narrower scope see reminders on any of a dozen kinds of records in scope, which are scanned once.
  reminders: { ...large('immigration_reminder', 'content_type=10&object_id=7'), asking: ['admin'] },
  deliveries: large('delivery', 'status=FAILED', 'endpoint=3', 'event=7'),
  audit: large('audit_entry', 'entity=client', 'user=6'),
  'security-log': large('security_event', 'kind=login', 'user=6', 'address=192.0.2.7'),
};

/** Lists of which no agency has thousands, or that combine several tables and have plan tests of their own. */
const OTHERS = [
  ...['regions', 'branches', 'branches/options', 'groups', 'groups/options', 'permissions', 'sessions'],
  ...['second-factor/passkeys', 'users/sessions'],
  ...['visa-types', 'visa-categories', 'application-types', 'stages', 'language-exams', 'course-levels'],
  ...[
    'broad-fields',
    'broad-fields/narrow-fields',
    'narrow-fields',
    'client-imports',
    'search',
    'deadlines',
    'reports',
    'starter-catalogues',
    'webhooks',
    'webhooks/event-types',
  ],
];

const lists = new Map(app.app.routes.filter(isList).map((list) => [resourceOf(list), list]));

/** Returns the plans of all statements of a request on a table, except counts. */
async function plansOf(path: string, token: string | undefined, table: string): Promise<string> {
  sent.batches.length = 0;
  const { status, raw } = await app.ask('GET', path, { token });
  if (status === 403) return '';
  expect(status, raw.toString()).toBe(200);
  const asked = sent.batches
    .flatMap(({ statements, parameters }) =>
      statements.map(({ sql }, index) => ({ sql, values: JSON.parse(parameters[index] as string) })),
    )
    .filter(({ sql }) => sql.includes(table) && !/^\s*SELECT count\(\*\)/.test(sql));
  return await app.database.tenantTransaction(
    { schema: 'tenant_main', userId: null },
    async (transaction) => {
      await transaction.query(statement("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"));
      const lines: string[] = [];
      for (const { sql, values } of asked) {
        const plan = await transaction.query(statement<Record<string, string>>(`EXPLAIN ${sql}`, values));
        lines.push(...plan.map((line) => String(line['QUERY PLAN'])));
      }
      return lines.join('\n');
    },
  );
}

test('every list is either large or named among the others', () => {
  const named = [...Object.keys(LARGE), ...OTHERS];
  expect([...lists.keys()].filter((name) => !named.includes(name))).toEqual([]);
  expect(named.filter((name) => !lists.has(name))).toEqual([]);
});

describe.each(Object.entries(LARGE))('%s', (name, { table, queries, asking = [...tokens.keys()] }) => {
  test.each(queries)('?%s is found without reading the whole table', async (query) => {
    for (const who of asking) {
      const path = `${pathOf(lists.get(name) as RouteDefinition, 40)}?${query}`;
      const plan = await plansOf(path, tokens.get(who), table);
      for (const whole of [table, 'immigration_client', 'client_search']) {
        expect(plan, who).not.toContain(`Seq Scan on ${whole} `);
      }
      if (who === 'admin') expect(plan).toContain(`on ${table} `);
    }
  });
});
