import type { CurrentUser } from '../../auth/current-user.js';
import { roleOf, type Scope, scopeOf } from '../../auth/scope.js';
import { sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { invalidPk, permissionDenied } from '../../http/errors.js';
import { isId } from '../../http/path-id.js';
import { reachesUser, type Workplaces } from '../shared/user-scope.js';

/** The branches and regions in a body; null removes all, undefined keeps them. */
export interface GivenPlaces {
  readonly branch_ids?: readonly number[] | null | undefined;
  readonly region_ids?: readonly number[] | null | undefined;
}

/** Returns each id once, in the given order; undefined if not given. */
function idsIn(given: readonly number[] | null | undefined): number[] | undefined {
  return given === undefined ? undefined : [...new Set(given ?? [])];
}

/** Checks that the branches and regions in a body exist, and locks them. @throws HttpError 400 */
export async function readPlaces(
  transaction: TenantTransaction,
  given: GivenPlaces,
): Promise<Partial<Workplaces>> {
  const [branchIds, regionIds] = [idsIn(given.branch_ids), idsIn(given.region_ids)];
  const found = async (ids: number[] | undefined, table: string, there = sql`true`) =>
    ids && ids.length > 0
      ? await transaction.query(sql<{ id: number }>`
          SELECT id FROM ${sql.ref(table)} WHERE id = ANY (${ids.filter(isId)}::bigint[]) AND ${there}
          ORDER BY id FOR KEY SHARE`)
      : [];
  const [branches, regions] = await Promise.all([
    found(branchIds, 'immigration_branch', sql`deleted_at IS NULL`),
    found(regionIds, 'immigration_region'),
  ]);
  const check = (field: string, ids: number[] = [], rows: { id: number }[] = []) => {
    const missing = ids.find((id) => !rows.some((row) => row.id === id));
    if (missing !== undefined) throw invalidPk(field, missing);
  };
  check('branch_ids', branchIds, branches);
  check('region_ids', regionIds, regions);
  return { ...(branchIds && { branchIds }), ...(regionIds && { regionIds }) };
}

/** Checks that the actor may assign these branches and regions. @throws HttpError 403 */
export function checkWithin(user: CurrentUser, { branchIds, regionIds }: Workplaces): void {
  const scope: Scope = scopeOf(user);
  if (scope.kind === 'tenant') return;
  const isWithin =
    branchIds.every((id) => scope.branchIds.includes(id)) &&
    regionIds.every((id) => user.regionIds.includes(id));
  if (!isWithin)
    throw permissionDenied(`User ${user.username} cannot place users outside their branches and regions`);
}

/**
 * Returns the branches and regions of a new user: the given ones, or the first branch in the actor's scope.
 * @throws HttpError 403 when they are out of that scope
 */
export function placesOfNew(user: CurrentUser, given: Partial<Workplaces>): Workplaces {
  const scope = scopeOf(user);
  const nothingSaid = given.branchIds === undefined && given.regionIds === undefined;
  const home = scope.kind === 'tenant' || !nothingSaid ? [] : homeOf(user, scope.branchIds);
  const places = { branchIds: given.branchIds ?? home, regionIds: given.regionIds ?? [] };
  checkWithin(user, places);
  if (!reachesUser(user, places)) {
    throw permissionDenied(`User ${user.username} can create users only within their branches and regions`);
  }
  return places;
}

function homeOf(user: CurrentUser, branches: readonly number[]): readonly number[] {
  const own = user.branchIds.find((id) => branches.includes(id));
  const home = own ?? (roleOf(user) === 'REGION_MANAGER' ? branches[0] : undefined);
  return home === undefined ? [] : [home];
}

/** Returns the places of one that the other does not have. */
export function difference(some: Workplaces, others: Workplaces): Workplaces {
  const apart = (a: readonly number[], b: readonly number[]) =>
    [...a, ...b].filter((id) => !(a.includes(id) && b.includes(id)));
  return {
    branchIds: apart(some.branchIds, others.branchIds),
    regionIds: apart(some.regionIds, others.regionIds),
  };
}

/**
 * Replaces all branches and regions of a user, since their order counts: the first branch is that of clients they
 * create.
 */
export function replacePlaces(
  transaction: TenantTransaction,
  userId: number,
  { branchIds, regionIds }: Partial<Workplaces>,
): void {
  const replace = (table: string, column: string, ids: readonly number[]) => {
    transaction.send(sql`DELETE FROM ${sql.ref(table)} WHERE user_id = ${userId}`);
    transaction.send(sql`
      INSERT INTO ${sql.ref(table)} (user_id, ${sql.ref(column)})
      SELECT ${userId}, id FROM unnest(${ids}::bigint[]) WITH ORDINALITY AS given (id, place) ORDER BY place`);
  };
  if (branchIds) replace('immigration_user_branches', 'branch_id', branchIds);
  if (regionIds) replace('immigration_user_regions', 'region_id', regionIds);
}
