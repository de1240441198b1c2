import { hashPassword } from '../../src/auth/passwords.js';
import type { Database } from '../../src/database/database.js';
import { queries } from '../../src/database/queries.js';
import { PASSWORD, type TestApp } from './app.js';

export interface Person {
  readonly username: string;
  /** One of the four groups; null: none. */
  readonly group: string | null;
  readonly branches?: readonly number[];
  readonly regions?: readonly number[];
  readonly isSuperuser?: boolean;
  readonly isActive?: boolean;
}

/**
 * An agency as most tests want it: regions 1 (branches 1, 2) and 2 (branch 3); of each role somebody; a consultant
 * without branch; somebody without group; a disabled consultant.
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

/** Puts STAFF, regions and branches into a tenant. */
export async function seedStaff(app: Pick<TestApp, 'database'>, schema = 'tenant_main'): Promise<void> {
  password ??= hashPassword(PASSWORD);
  const hash = await password;
  await app.database.tenantTransaction({ schema, userId: null }, async (transaction) => {
    const named = (names: string[]) => names.map((name) => ({ name, description: '' }));
    await transaction.query(queries.insertInto('immigration_region').values(named(['North', 'South'])));
    await transaction.query(
      queries.insertInto('immigration_branch').values([
        { name: 'One', region_id: 1 },
        { name: 'Two', region_id: 1 },
        { name: 'Three', region_id: 2 },
      ]),
    );
    for (const [index, person] of STAFF.entries()) await addPerson(transaction, person, index + 1, hash);
    await transaction.query(
      queries.insertInto('immigration_visacategory').values([{ name: 'Student' }, { name: 'Skilled' }]),
    );
    await transaction.query(queries.insertInto('immigration_agent').values([{ agent_name: 'Agent A' }]));
  });
}

type Transaction = Parameters<Parameters<Database['tenantTransaction']>[1]>[0];

async function addPerson(transaction: Transaction, person: Person, id: number, hash: string) {
  const { username, group, branches = [], regions = [], isSuperuser = false, isActive = true } = person;
  await transaction.query(
    queries.insertInto('immigration_user').values({
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
    await transaction.query(
      queries
        .insertInto('immigration_user_groups')
        .columns(['user_id', 'group_id'])
        .expression(
          queries
            .selectFrom('auth_group')
            .select(({ lit }) => [lit(id).as('user_id'), 'id as group_id'])
            .where('name', '=', group),
        ),
    );
  }
  for (const branch_id of branches) {
    await transaction.query(
      queries.insertInto('immigration_user_branches').values({ user_id: id, branch_id }),
    );
  }
  for (const region_id of regions) {
    await transaction.query(
      queries.insertInto('immigration_user_regions').values({ user_id: id, region_id }),
    );
  }
}

/** The id of one of STAFF. */
export function idOf(username: string): number {
  const index = STAFF.findIndex((person) => person.username === username);
  if (index < 0) throw new Error(`nobody is called ${username}`);
  return index + 1;
}
