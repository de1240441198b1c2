import { type Sql, sql } from '../../database/sql.js';
import type { Recipient } from '../types.js';
import type { EventContext } from './event-context.js';

/** The addressees of an event, as far as they are known without the database. */
export interface Addressees {
  readonly userIds: readonly number[];
  /** The branch whose staff, or whose region's, are addressed. */
  readonly branchId: number | null;
}

const NAMED = sql`SELECT unnest(r.user_ids) AS id`;

// A deleted branch has no staff any more, whoever is still assigned to it.
const IN_BRANCH = sql`
  SELECT m.user_id AS id FROM immigration_user_branches m
  JOIN immigration_branch b ON b.id = m.branch_id AND b.deleted_at IS NULL
  WHERE b.id = r.branch_id`;

const IN_REGION = sql`
  SELECT m.user_id AS id FROM immigration_branch home
  JOIN immigration_user_regions m ON m.region_id = home.region_id
  WHERE home.id = r.branch_id AND home.deleted_at IS NULL
  UNION
  SELECT m.user_id FROM immigration_branch home
  JOIN immigration_branch b ON b.region_id = home.region_id AND b.deleted_at IS NULL
  JOIN immigration_user_branches m ON m.branch_id = b.id
  WHERE home.id = r.branch_id AND home.deleted_at IS NULL`;

const inGroup = (group: string) => sql`
  SELECT m.user_id AS id FROM immigration_user_groups m JOIN auth_group g ON g.id = m.group_id
  WHERE g.name = ${group}::text`;

/** Returns the query for the ids of recipients; it may use a row `r` with `user_ids` and `branch_id`. */
export function recipientsSql(recipients: readonly Recipient[]): Sql<{ id: number }> {
  const queries = recipients.flatMap((recipient) => {
    if ('team' in recipient) return [recipient.team === 'branch' ? IN_BRANCH : IN_REGION];
    if (!('role' in recipient)) return [];
    const group = inGroup(recipient.role);
    if (recipient.scope === 'tenant') return [group];
    return [
      sql`
        SELECT member.id FROM (${group}) member
        WHERE member.id IN (${recipient.scope === 'branch' ? IN_BRANCH : IN_REGION})`,
    ];
  });
  return sql.join([NAMED, ...queries], sql` UNION `);
}

/** Returns the addressees of an event; null when the recipients name nobody: an empty field, and no role or team. */
export function addresseesOf(recipients: readonly Recipient[], context: EventContext): Addressees | null {
  const ids = new Set<number>();
  let others = false;
  for (const recipient of recipients) {
    if ('field' in recipient) {
      const id = context.idAt(recipient.field);
      if (id !== null) ids.add(id);
    } else if ('user_ids' in recipient) {
      for (const id of recipient.user_ids) ids.add(id);
    } else {
      others = true;
    }
  }
  if (ids.size === 0 && !others) return null;
  return { userIds: [...ids], branchId: others ? context.branchId : null };
}

/** Returns the fields of other records needed to find these recipients. */
export function relatedTo(recipients: readonly Recipient[]): string[] {
  return recipients.flatMap((recipient) => {
    if ('field' in recipient) return relatedByPath(recipient.field);
    const needsBranch = 'team' in recipient || ('role' in recipient && recipient.scope !== 'tenant');
    return needsBranch ? ['client'] : [];
  });
}

/** Returns the field of another record in a path such as `client.assigned_to`; none in a field's own name. */
export function relatedByPath(path: string): string[] {
  const [field = '', link] = path.split('.');
  return link === undefined ? [] : [field];
}
