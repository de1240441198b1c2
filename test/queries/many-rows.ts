import { withOwner } from '../../src/database/owner.js';
import type { TestApp } from '../helpers/app.js';
import { seedStaff } from '../helpers/staff.js';

/** Rows in each of the tables. */
const ROWS = 10_000;

const CLIENT = '1 + n % 10000';
const BRANCH = '1 + n % 20';
const PERSON = '1 + n % 200';
const INSTITUTE = '1 + n % 500';
const AT = "now() - n * interval '1 minute'";
/** From weeks ago to years ahead. */
const DAY = 'current_date - 50 + n % 4000';
const SOON = "now() + (n - 500) * interval '1 hour'";

/** The large tables of an agency after years: the columns, and their values in row `n`. */
const BIG_TABLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  immigration_client: {
    first_name: 'md5(n::text)',
    last_name: "md5('l' || n)",
    country: "'NP'",
    gender: "'FEMALE'",
    branch_id: BRANCH,
    stage: "(ARRAY['LEAD', 'FOLLOW_UP', 'CLIENT', 'CLOSE'])[1 + n % 4]",
    active: 'n % 2 = 0',
    visa_category_id: 'CASE WHEN n % 10 = 0 THEN 1 ELSE 2 END',
    assigned_to_id: PERSON,
    created_at: AT,
  },
  immigration_clientactivity: { client_id: CLIENT, activity_type: "'NOTE_ADDED'", created_at: AT },
  immigration_note: { client_id: CLIENT, author_id: PERSON, content: "'x'", created_at: AT },
  immigration_proficiency: { client_id: CLIENT, test_name_id: '1 + n % 10', test_date: DAY },
  immigration_qualification: { client_id: CLIENT, course: "'x'", completion_date: DAY },
  immigration_employment: { client_id: CLIENT, start_date: DAY, end_date: DAY, country: "'NP'" },
  immigration_passport: { id: 'n', date_of_expiry: DAY },
  immigration_visaapplication: {
    client_id: CLIENT,
    visa_type_id: '1 + n % 50',
    status: "(ARRAY['TO_BE_APPLIED', 'VISA_APPLIED', 'GRANTED', 'REJECTED'])[1 + n % 4]",
    assigned_to_id: PERSON,
    date_applied: DAY,
    created_at: AT,
  },
  immigration_collegeapplication: {
    client_id: CLIENT,
    application_type_id: '1 + n % 5',
    stage_id: '1 + n % 25',
    institute_id: INSTITUTE,
    course_id: '1 + n % 500',
    location_id: '1 + n % 500',
    start_date_id: '1 + n % 500',
    assigned_to_id: PERSON,
    created_at: AT,
  },
  immigration_institute: { name: 'md5(n::text)', short_name: "'x'" },
  immigration_institute_location: { institute_id: INSTITUTE, country: "'AU'", state: "'NSW'" },
  immigration_institute_intake: { institute_id: INSTITUTE, intake_date: DAY },
  immigration_institute_contact_person: { institute_id: INSTITUTE, name: 'md5(n::text)' },
  immigration_institute_requirement: { institute_id: INSTITUTE, title: 'md5(n::text)' },
  immigration_course: {
    name: 'md5(n::text)',
    institute_id: INSTITUTE,
    level_id: '1 + n % 10',
    broad_field_id: '1 + n % 20',
    narrow_field_id: '1 + n % 100',
  },
  immigration_agent: {
    agent_name: 'md5(n::text)',
    agent_type: "(ARRAY['SUPER_AGENT', 'SUB_AGENT'])[1 + n % 2]",
    country: "'NP'",
  },
  immigration_user: {
    username: "'u' || n",
    email: "'u' || n || '@example.net'",
    first_name: "'x'",
    last_name: "'y'",
    is_active: 'n % 10 > 0',
  },
  immigration_notification: {
    title: "'x'",
    notification_type: "'TASK_ASSIGNED'",
    assigned_to_id: PERSON,
    read: 'n % 3 > 0',
    due_date: AT,
    created_at: AT,
  },
  immigration_task: {
    title: "'x'",
    detail: "'x'",
    due_date: SOON,
    priority: "'MEDIUM'",
    status: "(ARRAY['PENDING', 'COMPLETED'])[1 + n % 2]",
    assigned_to_id: `CASE WHEN n % 2 = 0 THEN ${PERSON} END`,
    branch_id: `CASE WHEN n % 2 = 1 THEN ${BRANCH} END`,
    created_by_id: PERSON,
    created_at: AT,
  },
  immigration_calendar_event: {
    title: "'x'",
    start: SOON,
    '"end"': `${SOON} + interval '1 hour'`,
    created_by_id: PERSON,
    assigned_to_id: '1 + n * 7 % 200',
  },
  immigration_reminder: {
    title: "'x'",
    reminder_date: DAY,
    content_type_id: '10',
    object_id: CLIENT,
    created_by_id: PERSON,
  },
  delivery: {
    kind: "'webhook'",
    endpoint_id: '1 + n % 20',
    destination: "'endpoint'",
    event_id: 'n',
    body: "'{}'",
    status: "CASE WHEN n % 50 = 0 THEN 'FAILED' ELSE 'SENT' END",
  },
  audit_entry: {
    operation: "'change'",
    entity: "(ARRAY['client', 'task', 'note', 'visaapplication'])[1 + n % 4]",
    record_id: CLIENT,
    user_id: PERSON,
    before: "'{}'",
    after: "'{}'",
    at: AT,
  },
  security_event: {
    kind: "(ARRAY['login', 'logout', 'login_failed', 'password_changed'])[1 + n % 4]",
    user_id: PERSON,
    address: "'192.0.2.' || n % 250",
    at: AT,
  },
};

/** The rows that the many reference, and the workplaces. */
const FEW = [
  "INSERT INTO webhook_endpoint (url, secret) SELECT 'https://h.example/' || n, 'x' FROM generate_series(1, 20) n",
  "INSERT INTO immigration_branch (name) SELECT 'b' || n FROM generate_series(4, 20) n",
  "INSERT INTO immigration_visatype (name, visa_category_id) SELECT 'v' || n, 1 FROM generate_series(1, 50) n",
  "INSERT INTO immigration_applicationtype (title) SELECT 't' || n FROM generate_series(1, 5) n",
  `INSERT INTO immigration_stage (stage_name, position, application_type_id)
   SELECT 's', 1 + n / 5, 1 + n % 5 FROM generate_series(0, 24) n`,
  "INSERT INTO immigration_lpe (name) SELECT 'e' || n FROM generate_series(1, 10) n",
  "INSERT INTO immigration_course_level (name) SELECT 'l' || n FROM generate_series(1, 10) n",
  "INSERT INTO immigration_broad_field (name) SELECT 'f' || n FROM generate_series(1, 20) n",
  `INSERT INTO immigration_narrow_field (name, broad_field_id)
   SELECT 'f' || n, 1 + n % 20 FROM generate_series(1, 100) n`,
  'INSERT INTO immigration_user_branches (user_id, branch_id) SELECT 12 + n, 1 + n % 20 FROM generate_series(1, 10000) n',
  `INSERT INTO immigration_user_groups (user_id, group_id)
   SELECT 12 + n, (SELECT id FROM auth_group WHERE name = 'CONSULTANT') FROM generate_series(1, 10000) n`,
];

/** Inserts the staff, and ROWS into every large table; in seconds, without triggers and foreign keys. */
export async function fillWithMany(app: TestApp): Promise<void> {
  await seedStaff(app);
  await withOwner(app.databases.admin, async (client) => {
    await client.query("SET search_path TO tenant_main; SET session_replication_role = 'replica'");
    for (const [table, columns] of Object.entries(BIG_TABLES)) {
      await client.query(`
        INSERT INTO ${table} (${Object.keys(columns).join(', ')})
        SELECT ${Object.values(columns).join(', ')} FROM generate_series(1, ${ROWS}) n`);
    }
    for (const text of FEW) await client.query(text);
    await client.query(`
      INSERT INTO client_search (client_id, branch_id, archived, text, names)
      SELECT id, branch_id, false, search_text_of_client(first_name, '', last_name, '', ''), first_name || ' ' || last_name
      FROM immigration_client ON CONFLICT DO NOTHING`);
    await client.query('ANALYZE');
  });
}
