import { hashPassword } from '../../src/auth/passwords.js';
import type { Database } from '../../src/database/database.js';
import { sql } from '../../src/database/sql.js';
import { insertInto } from '../../src/database/writes.js';
import { PASSWORD, type TestApp } from './app.js';

export interface Person {
  readonly username: string;
  /** One of the four groups; null for none. */
  readonly group: string | null;
  readonly branches?: readonly number[];
  readonly regions?: readonly number[];
  readonly isSuperuser?: boolean;
  readonly isActive?: boolean;
}

/**
 * The staff of most tests: regions 1 (branches 1, 2) and 2 (branch 3); somebody of each role; a consultant without
 * branch; somebody without group; a disabled consultant.
 */
export const STAFF: readonly Person[] = [
  { username: 'admin', group: 'SUPER_ADMIN', branches: [1], isSuperuser: true },
  { username: 'manager1', group: 'REGION_MANAGER', regions: [1], branches: [2] },
  { username: 'manager2', group: 'REGION_MANAGER', regions: [2] },
  { username: 'branch1', group: 'BRANCH_ADMIN', branches: [1] },
  { username: 'branch3', group: 'BRANCH_ADMIN', branches: [3] },
  { username: 'consultant1', group: 'CONSULTANT', branches: [1] },
  { username: 'consultant12', group: 'CONSULTANT', branches: [1, 2] },
  { username: 'consultant3', group: 'CONSULTANT', branches: [3] },
  { username: 'homeless', group: 'CONSULTANT' },
  { username: 'groupless', group: null, branches: [1] },
  { username: 'root', group: null, isSuperuser: true },
  { username: 'gone', group: 'CONSULTANT', branches: [1], isActive: false },
];

let password: Promise<string> | undefined;

/** Inserts STAFF, regions and branches into a tenant. */
export async function seedStaff(app: Pick<TestApp, 'database'>, schema = 'tenant_main'): Promise<void> {
  password ??= hashPassword(PASSWORD);
  const hash = await password;
  await app.database.tenantTransaction({ schema, userId: null }, async (transaction) => {
    await transaction.query(sql`
      INSERT INTO immigration_region (name, description) VALUES ('North', ''), ('South', '')`);
    await transaction.query(sql`
      INSERT INTO immigration_branch (name, region_id) VALUES ('One', 1), ('Two', 1), ('Three', 2)`);
    for (const [index, person] of STAFF.entries()) await addPerson(transaction, person, index + 1, hash);
    await transaction.query(sql`INSERT INTO immigration_visacategory (name) VALUES ('Student'), ('Skilled')`);
    await transaction.query(sql`INSERT INTO immigration_agent (agent_name) VALUES ('Agent A')`);
  });
}

type Transaction = Parameters<Parameters<Database['tenantTransaction']>[1]>[0];

async function addPerson(transaction: Transaction, person: Person, id: number, hash: string) {
  const { username, group, branches = [], regions = [], isSuperuser = false, isActive = true } = person;
  await transaction.query(
    insertInto('immigration_user', {
      username,
      password: hash,
      first_name: `First ${username}`,
      last_name: `Last ${username}`,
      email: `${username}@example.com`,
      is_superuser: isSuperuser,
      is_active: isActive,
    }),
  );
  if (group) {
    await transaction.query(sql`
      INSERT INTO immigration_user_groups (user_id, group_id)
      SELECT ${id}, id FROM auth_group WHERE name = ${group}`);
  }
  for (const branch_id of branches) {
    await transaction.query(insertInto('immigration_user_branches', { user_id: id, branch_id }));
  }
  for (const region_id of regions) {
    await transaction.query(insertInto('immigration_user_regions', { user_id: id, region_id }));
  }
}

/** Returns the id of one of STAFF. */
export function idOf(username: string): number {
  const index = STAFF.findIndex((person) => person.username === username);
  if (index < 0) throw new Error(`nobody is called ${username}`);
  return index + 1;
}
