/** The number of users of an agency: an admin of all, and one for each of its four branches, then consultants. */
const USERS = 13;
/** The user of the agency's first branch. */
export const BRANCH_USER = 2;

/** SQL for what an agency of any size has, in the schema of a new tenant. */
export const OFFICES: readonly string[] = [
  "INSERT INTO immigration_region (name) VALUES ('North')",
  `INSERT INTO immigration_branch (name, region_id, phone, country)
   SELECT 'Branch ' || n, 1, '0200000000', 'AU' FROM generate_series(1, 4) n`,
  `INSERT INTO immigration_user (username, email, first_name, last_name, password, is_staff, is_superuser)
   SELECT 'user' || n, 'user' || n || '@example.com', 'User', 'Number' || n, '!', n = 1, n = 1
   FROM generate_series(1, ${USERS}) n`,
  `INSERT INTO immigration_user_groups (user_id, group_id)
   SELECT u.id, g.id FROM immigration_user u JOIN auth_group g
     ON g.name = CASE WHEN u.id = 1 THEN 'SUPER_ADMIN' WHEN u.id <= 5 THEN 'BRANCH_ADMIN' ELSE 'CONSULTANT' END`,
  'INSERT INTO immigration_user_branches (user_id, branch_id) SELECT id, 1 + (id + 2) % 4 FROM immigration_user',
  `INSERT INTO immigration_visacategory (name, code)
   SELECT 'Category ' || n, 'CAT' || n FROM generate_series(1, 5) n ON CONFLICT DO NOTHING`,
  `INSERT INTO immigration_visatype (name, code, visa_category_id)
   SELECT 'Visa, subclass ' || (400 + n), 'SC-' || (400 + n), (SELECT min(id) FROM immigration_visacategory) + n % 5 FROM generate_series(1, 40) n`,
];

const GIVEN = `(ARRAY['Ramesh', 'Sita', 'Bikash', 'Anjali', 'Priya', 'Rahul', 'Wei', 'Jun', 'Minh', 'Huong', 'Maria',
  'James', 'Olivia', 'Carlos', 'Fatima', 'Grace'])[1 + n % 16]`;

/** A table with the SQL for its rows in an agency with `$1` clients. */
export interface Rows {
  readonly table: string;
  readonly insert: string;
}

/**
 * The rows that grow with the clients. Every second client's address is on "even.example.com"; eleven of the smallest
 * agency's clients have "family123" in their name, eleven of one ten times as large "family1234".
 */
export const GROWING: readonly Rows[] = [
  {
    table: 'immigration_client',
    insert: `INSERT INTO immigration_client (first_name, last_name, email, phone_number, gender, country, stage, active,
        branch_id, assigned_to_id, created_by_id, visa_category_id, created_at)
      SELECT ${GIVEN}, 'Family' || n, 'c' || n || CASE n % 2 WHEN 0 THEN '@even' ELSE '@odd' END || '.example.com',
        '+97798' || lpad(n::text, 8, '0'), 'FEMALE', 'NP', (ARRAY['LEAD', 'FOLLOW_UP', 'CLIENT', 'CLOSE'])[1 + n % 4],
        n % 3 > 0, 1 + n / 4 % 4, 2 + n % 12, 1, 1 + n % 5, now() - ($1 - n) * interval '20 seconds'
      FROM generate_series(1, $1::integer) n`,
  },
  {
    table: 'immigration_clientactivity',
    insert: `INSERT INTO immigration_clientactivity (activity_type, description, metadata, client_id, performed_by_id, created_at)
      SELECT 'STAGE_CHANGED', 'Client converted to FOLLOW_UP from LEAD', '{"stage": "FOLLOW_UP"}', n, 1,
        now() - ($1 - n) * interval '20 seconds'
      FROM generate_series(1, $1::integer) n WHERE n % 4 = 1`,
  },
  {
    table: 'immigration_visaapplication',
    insert: `INSERT INTO immigration_visaapplication (client_id, visa_type_id, transaction_reference_no, status,
        assigned_to_id, date_granted, created_at)
      SELECT n, 1 + n % 40, 'TRN-' || upper(substr(md5(n::text), 1, 8)),
        (ARRAY['TO_BE_APPLIED', 'VISA_APPLIED', 'CASE_OPENED', 'GRANTED', 'REJECTED', 'WITHDRAWN'])[1 + n % 6],
        2 + n % 12, current_date - n % 400, now() - ($1 - n) * interval '20 seconds'
      FROM generate_series(1, $1::integer) n`,
  },
  {
    table: 'immigration_task',
    insert: `INSERT INTO immigration_task (title, priority, status, due_date, assigned_to_id, created_by_id, created_at)
      SELECT 'Task ' || n, (ARRAY['LOW', 'MEDIUM', 'HIGH'])[1 + n % 3],
        CASE WHEN n % 50 = 0 THEN 'PENDING' ELSE 'COMPLETED' END, now() + (n - $1 / 2) * interval '20 seconds',
        2 + n % 12, 1, now() - ($1 - n) * interval '20 seconds'
      FROM generate_series(1, $1::integer) n`,
  },
  {
    table: 'immigration_notification',
    insert: `INSERT INTO immigration_notification (title, message, assigned_to_id, read, created_at)
      SELECT 'Notification ' || n, 'Something happened', 1 + n % 13, n % 10 > 0, now() - ($1 - n) * interval '20 seconds'
      FROM generate_series(1, $1::integer) n`,
  },
  {
    table: 'immigration_event',
    insert: `INSERT INTO immigration_event (event_type, entity_type, entity_id, tenant_schema, action, status, processed_at,
        created_at)
      SELECT 'CLIENT_CREATED', 'client', n, current_schema(), 'CREATED', 'COMPLETED', now(),
        now() - ($1 - n) * interval '20 seconds'
      FROM generate_series(1, $1::integer) n`,
  },
  {
    table: 'audit_entry',
    insert: `INSERT INTO audit_entry (at, user_id, username, operation, entity, record_id, after)
      SELECT now() - ($1 - n) * interval '20 seconds', 1 + n % 13, 'user' || 1 + n % 13, 'create', 'client', n,
        jsonb_build_object('first_name', 'Given', 'last_name', 'Family' || n)
      FROM generate_series(1, $1::integer) n`,
  },
];

/** Statements for the rows that triggers would have kept beside these, each with the table that they belong to. */
export const KEPT: readonly Rows[] = [
  {
    table: 'client_search',
    insert: `INSERT INTO client_search (client_id, branch_id, archived, text, names)
      SELECT id, branch_id, deleted_at IS NOT NULL, made, split_part(made, E'\\x1f', 2)
      FROM immigration_client, LATERAL (
        SELECT search_text_of_client(first_name, middle_name, last_name, email, phone_number) AS made OFFSET 0) t
      WHERE id <= $1::integer`,
  },
  {
    table: 'immigration_client_count',
    insert: `INSERT INTO immigration_client_count (branch_id, stage, active, deleted, n)
      SELECT branch_id, stage, active, deleted_at IS NOT NULL, count(*) FROM immigration_client WHERE id <= $1::integer
      GROUP BY 1, 2, 3, 4`,
  },
  {
    table: 'immigration_task_count',
    insert: `INSERT INTO immigration_task_count (status, priority, n)
      SELECT status, priority, count(*) FROM immigration_task WHERE id <= $1::integer GROUP BY 1, 2`,
  },
  {
    table: 'unread_count',
    insert: `INSERT INTO unread_count (user_id, n)
      SELECT assigned_to_id, count(*) FROM immigration_notification
      WHERE id <= $1::integer AND NOT read AND assigned_to_id IS NOT NULL GROUP BY 1`,
  },
];
