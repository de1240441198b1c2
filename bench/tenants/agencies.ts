import { DatabaseSilentError } from '../../src/database/client.js';
import { Database } from '../../src/database/database.js';
import { sql } from '../../src/database/sql.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { forgetEvents } from '../../src/seed/forget-events.js';
import { rowsOf, type Scene } from './scene.js';
import { clientsOf } from './sizes.js';

/** The user that each agency has. */
export const USER = { id: '1', username: 'admin', email: 'admin@example.com', groups: ['SUPER_ADMIN'] };

/** Returns the name of an agency, counted from 0; its schema is `tenant_` and this. */
export const nameOf = (number: number) => `b${number}`;
export const schemaOf = (number: number) => `tenant_${nameOf(number)}`;
export const hostOf = (number: number) => `${nameOf(number)}.localhost`;

/** Creates an agency without records. */
export async function createAgency({ handle }: Scene, number: number): Promise<void> {
  await createTenantSchema(handle.owner, handle.app.user, {
    schema: schemaOf(number),
    name: `Agency ${number}`,
    domains: [{ domain: hostOf(number), isPrimary: true }],
    status: 'ACTIVE',
  });
}

/** Returns the numbers of the agencies that are still to be created. */
export async function missingAgencies(scene: Scene): Promise<number[]> {
  const found = await rowsOf<{ schema: string }>(
    scene,
    'SELECT schema_name AS schema FROM public.tenants_tenant',
  );
  const known = new Set(found.map(({ schema }) => schema));
  return Array.from({ length: scene.tenants }, (_, number) => number).filter(
    (number) => !known.has(schemaOf(number)),
  );
}

/** Gives agencies their user and as many clients and tasks as they have by the spread of sizes, where they have none. */
export async function fillAgencies(scene: Scene): Promise<void> {
  const { handle, tenants, say } = scene;
  const sizes = clientsOf(tenants);
  const database = new Database(handle.app, { size: 2 });
  try {
    for (const [number, clients] of sizes.entries()) {
      scene.workshop.ensureOpen();
      const schema = schemaOf(number);
      await again(() => fill(database, schema, clients));
      if ((number + 1) % 100 === 0) say(`  ${number + 1} are filled`);
    }
  } finally {
    await database.close();
  }
}

/** Number of attempts to fill an agency: a checkpoint of many new files holds a commit up for longer than the program waits. */
const ATTEMPTS = 4;
const STATEMENT_TIMEOUT = '57014';

/** Runs a transaction, again where the database did not answer in time. @throws the error of the last attempt */
async function again(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isSlow =
        error instanceof DatabaseSilentError || (error as { code?: string }).code === STATEMENT_TIMEOUT;
      if (!isSlow || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Number of records of one statement: fewer than a busy machine inserts within the statement timeout. */
const AT_ONCE = 500;

async function fill(database: Database, schema: string, clients: number): Promise<void> {
  await database.tenantTransaction({ schema, userId: null }, async (transaction) => {
    const there = await transaction.query(sql`SELECT FROM immigration_user`);
    if (there.length > 0) return;
    await transaction.query(sql`INSERT INTO immigration_region (id, name) VALUES (1, 'North')`);
    await transaction.query(
      sql`INSERT INTO immigration_branch (id, name, region_id, phone, country) VALUES (1, 'Main', 1, '', 'AU')`,
    );
    await transaction.query(sql`
      INSERT INTO immigration_user (id, username, email, first_name, last_name, password, is_staff, is_superuser)
      VALUES (1, ${USER.username}, ${USER.email}, 'Ada', 'Admin', '!', true, true)`);
    await transaction.query(sql`
      INSERT INTO immigration_user_groups (user_id, group_id)
      SELECT 1, id FROM auth_group WHERE name = ${USER.groups[0]}`);
    await transaction.query(sql`INSERT INTO immigration_user_branches (user_id, branch_id) VALUES (1, 1)`);
    for (let from = 1; from <= clients; from += AT_ONCE) {
      const to = Math.min(from + AT_ONCE - 1, clients);
      await transaction.query(sql`
        INSERT INTO immigration_client (first_name, last_name, email, phone_number, gender, country, stage, branch_id,
          assigned_to_id, created_by_id)
        SELECT 'Given' || n, 'Family' || n, 'c' || n || '@example.com', '04' || lpad(n::text, 8, '0'), 'FEMALE', 'NP',
          (ARRAY['LEAD', 'FOLLOW_UP', 'CLIENT', 'CLOSE'])[1 + n % 4], 1, 1, 1
        FROM generate_series(${from}::integer, ${to}::integer) n`);
      await transaction.query(sql`
        INSERT INTO immigration_task (title, priority, status, due_date, assigned_to_id, created_by_id)
        SELECT 'Task ' || n, 'HIGH', 'PENDING', now() + n * interval '1 hour', 1, 1
        FROM generate_series(${from}::integer, ${to}::integer) n`);
    }
    await forgetEvents(transaction);
  });
}
