import type { CurrentUser } from '../../auth/current-user.js';
import { roleOf, scopeBranches, scopeOf } from '../../auth/scope.js';
import { anyOf } from '../../database/conditions.js';
import { foreignKeysTo } from '../../database/foreign-keys.js';
import { type Sql, sql } from '../../database/sql.js';
import { KINDS, type Kind } from '../../kinds/kinds.js';
import { clientInScope, outOfScope } from './client-access.js';
import { eventVisible } from './event-visibility.js';
import { taskVisible } from './task-visibility.js';
import { userInScope } from './user-scope.js';

// The records of each kind that a user reaches.

/** A function that returns the condition that row `r` of the kind's table is in the user's scope. */
type Reach = (user: CurrentUser) => Sql<boolean>;

export interface LinkedKind extends Omit<Kind, 'reach'> {
  /**
   * Null for kinds without a branch. Everybody may link to them, but they are only in the scope of the whole tenant.
   */
  readonly reach: Reach | null;
}

/** Returns a condition for users who do not see the whole tenant. */
const within =
  (condition: (user: CurrentUser, branches: readonly number[]) => Sql<boolean>): Reach =>
  (user) => {
    const branches = scopeBranches(scopeOf(user));
    return branches === null ? sql`true` : condition(user, branches);
  };

/** The conditions by the rule that the registry names. */
const REACHES: Readonly<Record<NonNullable<Kind['reach']>, Reach>> = {
  user: (user) => anyOf([sql`r.id = ${user.id}`, userInScope(user)]),
  client: within((_user, branches) => sql`r.branch_id = ANY (${branches}::bigint[])`),
  branch: within((_user, branches) => sql`r.id = ANY (${branches}::bigint[])`),
  region: within((user, branches) =>
    roleOf(user) === 'REGION_MANAGER'
      ? sql`r.id = ANY (${user.regionIds}::bigint[])`
      : sql`EXISTS (
          SELECT FROM immigration_branch b WHERE b.region_id = r.id AND b.id = ANY (${branches}::bigint[]))`,
  ),
  task: taskVisible,
  calendar: eventVisible,
  creator: within((user) => sql`r.created_by_id = ${user.id}`),
  assignee: (user) => sql`r.assigned_to_id = ${user.id}`,
};

function reachOf({ table, of, reach }: Kind): Reach | null {
  if (reach) return REACHES[reach];
  const key = of === 'client' && foreignKeysTo(KINDS.client.table).find((found) => found.table === table);
  return key ? (user) => clientInScope(scopeOf(user), `r.${key.column}`) : null;
}

/** The kinds of record that can be linked to, by the name of their model. */
export const LINKED_KINDS: ReadonlyMap<string, LinkedKind> = new Map(
  Object.values(KINDS).map((kind) => [kind.model, { ...kind, reach: reachOf(kind) }]),
);

/** Returns the kind with this model's name, in any case. */
export function kindNamed(model: string): LinkedKind | undefined {
  return LINKED_KINDS.get(model.toLowerCase());
}

/** Returns the condition that a row `r` of the kind's table is not deleted. */
export function isThere({ softDelete }: LinkedKind): Sql<boolean> {
  return softDelete ? sql`r.deleted_at IS NULL` : sql`true`;
}

/**
 * Returns 403 for a record of this kind that is out of scope, in the words of its own resource; null where that is not
 * revealed.
 */
export function deniedError({ called, outOfScope: status }: LinkedKind, user: CurrentUser, id: number) {
  return status === 403 ? outOfScope(user, called, id) : null;
}
