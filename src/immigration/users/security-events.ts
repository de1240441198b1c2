import { recordSecurityEvent } from '../../auth/security-log.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import type { Workplaces } from '../shared/user-scope.js';

/** The part of a user before a change that the security log tells of. */
interface Before extends Workplaces {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly isActive: boolean;
  readonly groups: readonly string[];
}

/** The changes to a user; what stays as it is may be omitted. */
interface Changes {
  readonly email?: string | undefined;
  readonly isActive?: boolean | undefined;
  readonly role?: string | undefined;
  readonly places?: Partial<Workplaces>;
  /** Number of ended sessions. */
  readonly ended?: number | undefined;
}

/** Records the changes to a user's credentials and rights in the security log, one event per kind. */
export function recordUserChanges(
  transaction: TenantTransaction,
  before: Before,
  { email, isActive, role, places, ended }: Changes,
): void {
  const about = { userId: before.id, username: before.username };
  const record = (kind: Parameters<typeof recordSecurityEvent>[1]['kind'], detail?: Detail) =>
    recordSecurityEvent(transaction, { kind, ...about, ...(detail && { detail }) });
  if (email !== undefined && email !== before.email) record('email_changed');
  if (isActive !== undefined && isActive !== before.isActive) {
    record(isActive ? 'user_enabled' : 'user_disabled');
  }
  if (role !== undefined) record('groups_changed', differenceOf(before.groups, [role]));
  const moved = places && scopeDifference(before, places);
  if (moved) record('scope_changed', moved);
  if (ended) record('sessions_ended', { ended });
}

type Detail = Readonly<Record<string, number | string | readonly (number | string)[]>>;

/** Returns the facts of an event about a set that was replaced. */
function differenceOf<Item extends number | string>(before: readonly Item[], after: readonly Item[]) {
  return {
    added: after.filter((item) => !before.includes(item)),
    removed: before.filter((item) => !after.includes(item)),
  };
}

function scopeDifference(before: Workplaces, after: Partial<Workplaces>): Detail | null {
  const branches = differenceOf(before.branchIds, after.branchIds ?? before.branchIds);
  const regions = differenceOf(before.regionIds, after.regionIds ?? before.regionIds);
  const facts = {
    added_branches: branches.added,
    removed_branches: branches.removed,
    added_regions: regions.added,
    removed_regions: regions.removed,
  };
  const found = Object.entries(facts).filter(([, ids]) => ids.length > 0);
  return found.length > 0 ? Object.fromEntries(found) : null;
}
