import type { CurrentUser } from '../../auth/current-user.js';
import { scopeOf } from '../../auth/scope.js';
import { anyOf } from '../../database/conditions.js';
import { type RawBuilder, sql } from '../../database/queries.js';
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
 * Which calendar events `r` a user sees: those assigned to or created by oneself; who may view the team's also those
 * assigned to users in scope, and, in the whole tenant's scope, all.
 */
export function eventVisible(user: CurrentUser): RawBuilder<boolean> {
  const own = sql`(r.assigned_to_id = ${user.id}::bigint OR r.created_by_id = ${user.id}::bigint)`;
  if (!allows(seesTeam, user)) return sql`${own}`;
  if (scopeOf(user).kind === 'tenant') return sql`true`;
  // An array, which the index on the assignee can be asked for; a subquery would be held against every row.
  const team = sql`r.assigned_to_id = ANY (ARRAY(SELECT r.id FROM immigration_user r WHERE ${userInScope(user)}))`;
  return anyOf([own, team]);
}
