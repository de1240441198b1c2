import type { CurrentUser } from '../../auth/current-user.js';
import { scopeOf } from '../../auth/scope.js';
import { anyOf } from '../../database/conditions.js';
import { type Sql, sql } from '../../database/sql.js';
import { allows, requires } from '../../routing/policy.js';
import { userInScope } from './user-scope.js';

/** Returns whether a calendar event with this creator and assignee is a user's own. */
export function isOwnEvent(
  user: CurrentUser,
  event: { readonly created_by_id: number | null; readonly assigned_to_id: number | null },
): boolean {
  return event.created_by_id === user.id || event.assigned_to_id === user.id;
}

const seesTeam = requires('view_team_events');

/**
 * Returns the condition that a user sees calendar event `r`: assigned to or created by oneself; with permission for the
 * team's calendar also those assigned to users in scope, and, with the whole tenant in scope, all.
 */
export function eventVisible(user: CurrentUser): Sql<boolean> {
  const own = sql`(r.assigned_to_id = ${user.id}::bigint OR r.created_by_id = ${user.id}::bigint)`;
  if (!allows(seesTeam, user)) return sql`${own}`;
  if (scopeOf(user).kind === 'tenant') return sql`true`;
  // An array, so that the index on the assignee is used; a subquery would be evaluated for every row.
  const team = sql`r.assigned_to_id = ANY (ARRAY(SELECT r.id FROM immigration_user r WHERE ${userInScope(user)}))`;
  return anyOf([own, team]);
}
