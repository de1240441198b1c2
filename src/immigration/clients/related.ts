import type { CurrentUser } from '../../auth/current-user.js';
import { covers, scopeOf } from '../../auth/scope.js';
import { sql } from '../../database/queries.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidPk } from '../../http/errors.js';
import { isId } from '../../http/path-id.js';
import { assigneeById, checkAssignee } from '../shared/assignment.js';
import { outOfScope } from '../shared/client-access.js';

/** The records that a client references; undefined or null: none to check. */
export interface RelatedIds {
  readonly visa_category_id?: number | null | undefined;
  readonly agent_id?: number | null | undefined;
  readonly assigned_to_id?: number | null | undefined;
  readonly branch_id?: number | null | undefined;
}

interface ExistingRelated {
  readonly visa_category: boolean;
  readonly agent: boolean;
  readonly branch: boolean;
}

/**
 * Checks that the records which a client references exist and may be referenced by this user.
 * @throws HttpError 400 for one that does not exist, 403 for one that is out of reach
 */
export async function checkRelated(
  transaction: TenantTransaction,
  user: CurrentUser,
  ids: RelatedIds,
): Promise<void> {
  const { visa_category_id: category, agent_id: agent, assigned_to_id: assignee, branch_id: branch } = ids;
  const known = (id: number | null | undefined) => (typeof id === 'number' && isId(id) ? id : null);
  const named = [category, agent, branch].some((id) => typeof id === 'number');
  const looking = named
    ? transaction.query(sql<ExistingRelated>`SELECT
        EXISTS (SELECT FROM immigration_visacategory WHERE id = ${known(category)}::bigint) AS visa_category,
        EXISTS (SELECT FROM immigration_agent WHERE id = ${known(agent)}::bigint AND deleted_at IS NULL) AS agent,
        EXISTS (SELECT FROM immigration_branch WHERE id = ${known(branch)}::bigint AND deleted_at IS NULL) AS branch`)
    : [];
  const assigning = typeof assignee === 'number' ? transaction.query(assigneeById(assignee)) : [];
  const [[found], [assigned]] = await Promise.all([looking, assigning]);
  if (found) {
    if (typeof category === 'number' && !found.visa_category) throw invalidPk('visa_category_id', category);
    if (typeof agent === 'number' && !found.agent) throw invalidPk('agent_id', agent);
    if (typeof branch === 'number' && !found.branch) throw invalidPk('branch_id', branch);
  }
  if (typeof branch === 'number' && !covers(scopeOf(user), branch)) {
    throw outOfScope(user, 'branch', branch);
  }
  if (typeof assignee === 'number') checkAssignee(user, assignee, assigned, 'clients');
}
