import { type Sql, sql } from '../../database/sql.js';

/** Maximum number of recipients of a notification; no agency has as many admins. */
const MOST = 50;

/** SQL for some active users, a column `id`, with their rank; only users of the lowest rank are notified. */
export interface RankedUsers {
  readonly users: Sql;
  /** An expression for a whole number. */
  readonly rank: Sql;
}

/** SQL for the agency's SUPER_ADMINs, and its superusers without a group, who may do the same. */
const SUPER_ADMINS = sql`
  SELECT u.id FROM immigration_user u
  WHERE u.is_active AND (
    EXISTS (SELECT FROM immigration_user_groups ug JOIN auth_group g ON g.id = ug.group_id
            WHERE ug.user_id = u.id AND g.name = 'SUPER_ADMIN')
    OR u.is_superuser AND NOT EXISTS (SELECT FROM immigration_user_groups ug WHERE ug.user_id = u.id))`;

/** Returns SQL for the BRANCH_ADMINs of branches. @param branches a subquery, or an expression, for branches' ids */
export function branchAdmins(branches: Sql): Sql {
  return sql`
    SELECT u.id FROM immigration_user u
    WHERE u.is_active AND EXISTS (
      SELECT FROM immigration_user_branches m
      JOIN immigration_branch b ON b.id = m.branch_id AND b.deleted_at IS NULL
      JOIN immigration_user_groups ug ON ug.user_id = m.user_id
      JOIN auth_group g ON g.id = ug.group_id AND g.name = 'BRANCH_ADMIN'
      WHERE m.user_id = u.id AND m.branch_id IN (${branches}))`;
}

/**
 * Returns SQL for the users responsible for a record (a column `id`): those of the lowest rank or, if there are none, the
 * SUPER_ADMINs. So nothing falls due unseen because somebody has left.
 */
export function nearestUsers(ranked: readonly RankedUsers[]): Sql {
  const all = [...ranked, { users: SUPER_ADMINS, rank: sql`'infinity'::float8` }];
  const queries = all.map(({ users, rank }) => sql`SELECT near.id, ${rank} AS rank FROM (${users}) near`);
  return sql`(
    SELECT DISTINCT nearest.id FROM (
      ${sql.join(queries, sql` UNION ALL `)} ORDER BY rank FETCH FIRST ROW WITH TIES
    ) nearest ORDER BY nearest.id LIMIT ${sql.lit(MOST)})`;
}

/**
 * Returns SQL for the users responsible for a record: the first candidate who is not disabled, or else the BRANCH_ADMINs
 * of some branches, or else the SUPER_ADMINs.
 * @param candidates expressions for users' ids, which may be null
 * @param branches a subquery, or an expression, for branches' ids
 */
export function answerableUsers(candidates: readonly Sql[], branches: Sql): Sql {
  const named = candidates.map((candidate, rank) => ({
    users: sql`SELECT u.id FROM immigration_user u WHERE u.is_active AND u.id = ${candidate}`,
    rank: sql`${rank}::integer`,
  }));
  return nearestUsers([
    ...named,
    { users: branchAdmins(branches), rank: sql`${candidates.length}::integer` },
  ]);
}
