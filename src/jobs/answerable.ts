/** More people than any agency has admins; a bound, since each of them gets a notification. */
const MOST = 50;

/** SQL for some active users, a column `id`, and how near to the matter they are: those with the lowest rank count. */
export interface RankedUsers {
  readonly users: string;
  /** An expression for a whole number. */
  readonly rank: number | string;
}

/** SQL for the agency's SUPER_ADMINs, and its superusers without a group, who may do the same. */
const SUPER_ADMINS = `
  SELECT u.id FROM immigration_user u
  WHERE u.is_active AND (
    EXISTS (SELECT FROM immigration_user_groups ug JOIN auth_group g ON g.id = ug.group_id
            WHERE ug.user_id = u.id AND g.name = 'SUPER_ADMIN')
    OR u.is_superuser AND NOT EXISTS (SELECT FROM immigration_user_groups ug WHERE ug.user_id = u.id))`;

/** SQL for the BRANCH_ADMINs of branches. @param branches a subquery, or an expression, for branches' ids */
export function branchAdmins(branches: string): string {
  return `
    SELECT u.id FROM immigration_user u
    WHERE u.is_active AND EXISTS (
      SELECT FROM immigration_user_branches m
      JOIN immigration_branch b ON b.id = m.branch_id AND b.deleted_at IS NULL
      JOIN immigration_user_groups ug ON ug.user_id = m.user_id
      JOIN auth_group g ON g.id = ug.group_id AND g.name = 'BRANCH_ADMIN'
      WHERE m.user_id = u.id AND m.branch_id IN (${branches}))`;
}

/**
 * Returns SQL for those who answer for a record (a column `id`): of the users given, the ones with the lowest rank; where
 * there is none, the SUPER_ADMINs. So nothing falls due unseen because somebody has left.
 */
export function nearestUsers(ranked: readonly RankedUsers[]): string {
  const all = [...ranked, { users: SUPER_ADMINS, rank: "'infinity'::float8" }];
  const queries = all.map(({ users, rank }) => `SELECT near.id, ${rank} AS rank FROM (${users}) near`);
  return `(
    SELECT DISTINCT nearest.id FROM (
      ${queries.join(' UNION ALL ')} ORDER BY rank FETCH FIRST ROW WITH TIES
    ) nearest ORDER BY nearest.id LIMIT ${MOST})`;
}

/**
 * Returns SQL for those who answer for a record, of whom the first who is not disabled counts; after them the
 * BRANCH_ADMINs of some branches, and at last the SUPER_ADMINs.
 * @param candidates expressions for users' ids, which may be null
 * @param branches a subquery, or an expression, for branches' ids
 */
export function answerableUsers(candidates: readonly string[], branches: string): string {
  const named = candidates.map((candidate, rank) => ({
    users: `SELECT u.id FROM immigration_user u WHERE u.is_active AND u.id = ${candidate}`,
    rank,
  }));
  return nearestUsers([...named, { users: branchAdmins(branches), rank: candidates.length }]);
}
