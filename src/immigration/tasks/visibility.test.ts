import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/helpers/database.js';
import type { CurrentUser } from '../../auth/current-user.js';
import { Database } from '../../database/database.js';
import { sql } from '../../database/sql.js';
import { statement } from '../../database/statement.js';
import type { MaybePending, TenantTransaction } from '../../database/tenant-transaction.js';
import { HttpError } from '../../http/errors.js';
import { QueryParameters } from '../../http/fields/query-parameters.js';
import { linkedInScope } from '../shared/linked-record.js';
import { taskVisible } from '../shared/task-visibility.js';
import { cancelTask, claimTask, completeTask } from './actions.js';
import { listTasks, readTaskFilters } from './list.js';
import { readTask } from './selectors.js';
import { deleteTask } from './services.js';

// Compares random agencies, as seen by each of their people, with the rules in plain words.

const ROLES = ['SUPER_ADMIN', 'REGION_MANAGER', 'BRANCH_ADMIN', 'CONSULTANT', null] as const;
const BRANCHES = [1, 2, 3, 4] as const;
/** Returns the region of a branch: branches 1 and 2 belong to region 1, branches 3 and 4 to region 2. */
const regionOf = (branch: number) => (branch < 3 ? 1 : 2);
const PEOPLE = 6;

interface Person {
  readonly role: (typeof ROLES)[number];
  readonly branches: readonly number[];
  readonly regions: readonly number[];
}
interface Client {
  readonly branch: number | null;
  readonly deleted: boolean;
}
interface Task {
  /** A person, a branch or nobody. */
  readonly to: { readonly person?: number; readonly branch?: number };
  readonly by: number | null;
  readonly creator: number | null;
  /** One of CLIENTS. */
  readonly client: number | null;
  readonly status: string;
  readonly priority: string;
  readonly due: number;
}
interface Agency {
  readonly people: readonly Person[];
  readonly clients: readonly Client[];
  readonly tasks: readonly Task[];
}

const person = fc.integer({ min: 1, max: PEOPLE });
const agencies: fc.Arbitrary<Agency> = fc.record({
  people: fc.array(
    fc.record({
      role: fc.constantFrom(...ROLES),
      branches: fc.subarray([...BRANCHES]),
      regions: fc.subarray([1, 2]),
    }),
    { minLength: PEOPLE, maxLength: PEOPLE },
  ),
  clients: fc.array(fc.record({ branch: fc.option(fc.constantFrom(...BRANCHES)), deleted: fc.boolean() }), {
    minLength: 4,
    maxLength: 4,
  }),
  tasks: fc.array(
    fc.record({
      to: fc.oneof(
        fc.record({ person }),
        fc.record({ branch: fc.constantFrom(...BRANCHES) }),
        fc.constant({}),
      ),
      by: fc.option(person),
      creator: fc.option(person),
      client: fc.option(fc.integer({ min: 1, max: 4 })),
      status: fc.constantFrom('PENDING', 'COMPLETED'),
      priority: fc.constantFrom('LOW', 'HIGH'),
      due: fc.integer({ min: -3, max: 3 }),
    }),
    { minLength: 1, maxLength: 12 },
  ),
});

/** Returns the branches of somebody's scope; null: the whole tenant. */
function scope({ role, branches, regions }: Person): readonly number[] | null {
  if (role === 'SUPER_ADMIN') return null;
  if (role === null) return [];
  return role === 'REGION_MANAGER'
    ? BRANCHES.filter((branch) => regions.includes(regionOf(branch)))
    : branches;
}

/** Implements the contract's sentence on who sees a task. */
function sees(agency: Agency, id: number, task: Task): boolean {
  const one = agency.people[id - 1] as Person;
  const inScope = scope(one);
  if (inScope === null) return true;
  const own = one.role === null ? [] : [...inScope, ...one.branches];
  const assignee = task.to.person === undefined ? undefined : agency.people[task.to.person - 1];
  const client = task.client === null ? undefined : agency.clients[task.client - 1];
  return (
    [task.to.person, task.by, task.creator].includes(id) ||
    (task.to.branch !== undefined && own.includes(task.to.branch)) ||
    (client !== undefined && !client.deleted && client.branch !== null && inScope.includes(client.branch)) ||
    (one.role === 'REGION_MANAGER' && (assignee?.branches ?? []).some((branch) => inScope.includes(branch)))
  );
}

function currentUser(agency: Agency, id: number): CurrentUser {
  const { role, branches, regions } = agency.people[id - 1] as Person;
  return {
    id,
    username: `p${id}`,
    email: '',
    isActive: true,
    isSuperuser: false,
    groups: role ? [role] : [],
    permissions: new Set(),
    branchIds: branches,
    regionIds: regions,
    tokensFrom: 0,
    endedSessions: new Set(),
    regionBranchIds: BRANCHES.filter((branch) => regions.includes(regionOf(branch))),
  };
}

let databases: TestDatabase;
let database: Database;
beforeAll(async () => {
  databases = await testDatabase();
  database = new Database(databases.app, { size: 2 });
  await run(async (transaction) => {
    await transaction.query(statement("INSERT INTO immigration_region (name) VALUES ('R1'), ('R2')"));
    await transaction.query(
      statement(
        "INSERT INTO immigration_branch (name, region_id) SELECT 'B' || i, 1 + (i - 1) / 2 FROM generate_series(1, 4) i",
      ),
    );
    await transaction.query(
      statement("INSERT INTO immigration_user (username) SELECT 'p' || i FROM generate_series(1, 6) i"),
    );
    await transaction.query(
      statement("INSERT INTO immigration_client (first_name) SELECT 'C' || i FROM generate_series(1, 4) i"),
    );
  });
});
afterAll(async () => {
  await database?.close();
  await databases?.drop();
});

const run = <T>(work: (transaction: TenantTransaction) => MaybePending<T>) =>
  database.tenantTransaction({ schema: 'tenant_main', userId: null }, work);

/** Replaces the agency's people, clients and tasks. @returns the tasks' ids */
async function load({ people, clients, tasks }: Agency): Promise<number[]> {
  return await run(async (transaction) => {
    await transaction.query(statement('DELETE FROM immigration_task'));
    await transaction.query(statement('DELETE FROM immigration_user_branches'));
    const memberships = people.flatMap(({ branches }, i) => branches.map((branch) => ({ u: i + 1, branch })));
    await transaction.query(
      statement(
        `INSERT INTO immigration_user_branches (user_id, branch_id)
         SELECT u, branch FROM jsonb_to_recordset($1::jsonb) AS m (u bigint, branch bigint)`,
        [JSON.stringify(memberships)],
      ),
    );
    await transaction.query(
      statement(
        `UPDATE immigration_client c SET branch_id = g.branch, deleted_at = CASE WHEN g.deleted THEN now() END
         FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (branch bigint, deleted boolean))
           WITH ORDINALITY AS g (branch, deleted, id) WHERE c.id = g.id`,
        [JSON.stringify(clients)],
      ),
    );
    const rows = await transaction.query(
      statement<{ id: number }>(
        `INSERT INTO immigration_task
           (title, due_date, assigned_to_id, branch_id, assigned_by_id, created_by_id, content_type_id, object_id, status, priority)
         SELECT 'T', now() + make_interval(days => due), (t.to ->> 'person')::bigint, (t.to ->> 'branch')::bigint, by, creator,
           CASE WHEN client IS NOT NULL THEN 10 END, client, status, priority
         FROM jsonb_to_recordset($1::jsonb)
           AS t ("to" jsonb, by bigint, creator bigint, client integer, status text, priority text, due integer)
         RETURNING id`,
        [JSON.stringify(tasks)],
      ),
    );
    return rows.map(({ id }) => id);
  });
}

/** Returns whether an action succeeds, is answered that there is no such task, or is refused for another reason. */
async function attempt(work: (transaction: TenantTransaction) => MaybePending<unknown>): Promise<number> {
  const undo = new Error('undone');
  try {
    await run(async (transaction) => {
      await transaction.result(work(transaction));
      throw undo;
    });
  } catch (error) {
    if (error === undo) return 200;
    if (error instanceof HttpError) return error.status;
    throw error;
  }
  return 0;
}

const FILTERS: Record<string, string>[] = [
  {},
  { status: 'PENDING' },
  { priority: 'LOW', include_overdue: 'false' },
];

describe('who sees which tasks', () => {
  test('lists, counts, details and actions agree with the rules', async () => {
    await fc.assert(
      fc.asyncProperty(agencies, async (agency) => {
        const ids = await load(agency);
        for (let id = 1; id <= PEOPLE; id++) {
          const user = currentUser(agency, id);
          const seen = agency.tasks.map((task) => sees(agency, id, task));
          const expected = (wanted: (task: Task) => boolean) =>
            ids.filter((_, i) => seen[i] && wanted(agency.tasks[i] as Task)).sort((a, b) => a - b);
          for (const raw of FILTERS) {
            const page = { page: 1, size: 100 } as const;
            const listed = await run((transaction) =>
              listTasks(transaction, user, readTaskFilters(new QueryParameters(raw), user, true), page),
            );
            const wanted = (task: Task) =>
              (raw.status === undefined || task.status === raw.status) &&
              (raw.priority === undefined || task.priority === raw.priority) &&
              (raw.include_overdue === undefined || task.due > 0 || task.status === 'COMPLETED');
            expect(listed.items.map((task) => task.id).sort((a, b) => a - b)).toEqual(expected(wanted));
            expect(listed.count).toBe(listed.items.length);
          }
          for (const [i, task] of agency.tasks.entries()) {
            const number = ids[i] as number;
            const party = task.to.person === id || task.by === id;
            const isAdmin = !['CONSULTANT', null].includes((agency.people[id - 1] as Person).role);
            const read = attempt((transaction) => readTask(transaction, user, number));
            expect([i, id, await read]).toEqual([i, id, seen[i] ? 200 : 404]);
            if (i > 2) continue;
            for (const action of [completeTask, cancelTask]) {
              const acted = await attempt((transaction) => action(transaction, user, number));
              expect([i, id, acted]).toEqual([i, id, party ? 200 : 404]);
            }
            const deleted = await attempt((transaction) => deleteTask(transaction, user, number));
            const mayDelete = task.creator === id || isAdmin;
            expect([i, id, deleted]).toEqual([i, id, !seen[i] ? 404 : mayDelete ? 200 : 403]);
            const claimed = await attempt((transaction) => claimTask(transaction, user, number));
            const isMember = task.to.branch !== undefined && user.branchIds.includes(task.to.branch);
            if (isMember && seen[i]) expect(claimed).toBe(200);
            else if (seen[i]) expect(claimed).toBe(400);
            else expect([400, 404]).toContain(claimed);
          }
        }
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  test('a link to a task, or to what tasks are linked to, is reached in the same way', async () => {
    await fc.assert(
      fc.asyncProperty(agencies, async (agency) => {
        const ids = await load(agency);
        for (let id = 1; id <= PEOPLE; id++) {
          const user = currentUser(agency, id);
          const [linked, visible] = await run((transaction) =>
            Promise.all([
              transaction.query(sql<{ id: number }>`
                SELECT t.id FROM immigration_task t
                CROSS JOIN LATERAL (SELECT 20 AS content_type_id, t.id::integer AS object_id) r
                WHERE ${linkedInScope(user)} ORDER BY t.id`),
              transaction.query(
                sql<{
                  id: number;
                }>`SELECT r.id FROM immigration_task r WHERE ${taskVisible(user)} ORDER BY r.id`,
              ),
            ]),
          );
          expect(linked).toEqual(visible);
          expect(visible.map((task) => task.id)).toEqual(
            ids.filter((_, i) => sees(agency, id, agency.tasks[i] as Task)).sort((a, b) => a - b),
          );
        }
      }),
      { numRuns: 10 },
    );
  }, 60_000);
});
