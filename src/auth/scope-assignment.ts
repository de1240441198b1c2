import type { Database } from '../database/database.js';
import { sql } from '../database/sql.js';
import type { Statement } from '../database/statement.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import { PlainError } from '../platform/plain-error.js';
import { lockNamedUser } from './named-user.js';
import { recordSecurityEvent } from './security-log.js';

/** The branches and regions of a user, from which the role's scope is derived. */
export interface UserScope {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly isActive: boolean;
  readonly groups: readonly string[];
  /** Names, in the order in which they were assigned, without deleted branches. */
  readonly branches: readonly string[];
  readonly regions: readonly string[];
}

/**
 * The changes to a user's scope. Names separated by commas replace the present ones, "" removes all; omitted properties
 * stay.
 */
export interface ScopeChange {
  readonly branches?: string;
  readonly regions?: string;
}

interface Named {
  readonly id: number;
  readonly name: string;
}

const BRANCHES = sql<Named>`SELECT id, name FROM immigration_branch WHERE deleted_at IS NULL`;
const REGIONS = sql<Named>`SELECT id, name FROM immigration_region`;

/** Returns all users of a tenant with their branches and regions. */
export async function listScopes(database: Database, schema: string): Promise<UserScope[]> {
  return await database.tenantQuery({ schema, userId: null }, scopesOf(null));
}

/**
 * Sets the branches and regions of one user by name, all or nothing.
 * @param user e-mail address or username, in any case
 * @returns the user's new branches and regions
 * @throws PlainError when there is no such user, or more than one; or naming all unknown branches and regions
 */
export async function assignScope(
  database: Database,
  schema: string,
  user: string,
  change: ScopeChange,
): Promise<UserScope> {
  return await database.tenantTransaction({ schema, userId: null }, async (transaction) => {
    const [found, branches, regions] = await Promise.all([
      lockNamedUser(transaction, schema, user),
      transaction.query(BRANCHES),
      transaction.query(REGIONS),
    ]);

    const unknown: string[] = [];
    const resolve = (names: string | undefined, known: readonly Named[], what: string) => {
      if (names === undefined) return null;
      const result = idsByName(names, known);
      unknown.push(...result.unknown.map((name) => `${what} "${name}"`));
      return result.ids;
    };
    const branchIds = resolve(change.branches, branches, 'branch');
    const regionIds = resolve(change.regions, regions, 'region');
    if (unknown.length > 0) throw new PlainError(`there is no ${unknown.join(', no ')} in ${schema}`);

    if (branchIds) await replaceLinks(transaction, 'branch', found.id, branchIds);
    if (regionIds) await replaceLinks(transaction, 'region', found.id, regionIds);
    const [scope] = await transaction.query(scopesOf(found.id));
    const { username, branches: inBranches, regions: inRegions } = scope!;
    const detail = { branches: inBranches, regions: inRegions };
    recordSecurityEvent(transaction, {
      kind: 'scope_changed',
      userId: found.id,
      username,
      actor: 'operator',
      detail,
    });
    return scope!;
  });
}

/** Parses names separated by commas. A name may contain commas itself: the longest known one wins. */
function idsByName(text: string, known: readonly Named[]): { ids: number[]; unknown: string[] } {
  const idOf = new Map(known.map(({ id, name }) => [name.normalize('NFC'), id]));
  const parts = text.normalize('NFC').split(',');
  const ids = new Set<number>();
  const unknown: string[] = [];
  for (let start = 0; start < parts.length; ) {
    let end = parts.length;
    const candidate = () => parts.slice(start, end).join(',').trim();
    while (end > start + 1 && !idOf.has(candidate())) end--;
    const name = candidate();
    const id = idOf.get(name);
    if (id !== undefined) ids.add(id);
    else if (name !== '') unknown.push(name);
    start = end;
  }
  return { ids: [...ids], unknown };
}

/** Replaces all links, since their order counts: a user's first branch becomes that of the clients they create. */
async function replaceLinks(
  transaction: TenantTransaction,
  what: 'branch' | 'region',
  userId: number,
  ids: readonly number[],
): Promise<void> {
  const [table, column] =
    what === 'branch'
      ? [sql`immigration_user_branches`, sql`branch_id`]
      : [sql`immigration_user_regions`, sql`region_id`];
  await transaction.query(sql`DELETE FROM ${table} WHERE user_id = ${userId}`);
  await transaction.query(sql`
    INSERT INTO ${table} (user_id, ${column})
    SELECT ${userId}, id FROM unnest(${ids}::bigint[]) WITH ORDINALITY AS given (id, place) ORDER BY place`);
}

function scopesOf(userId: number | null): Statement<UserScope> {
  return sql`
    SELECT u.id, u.username, u.email, u.is_active AS "isActive",
           ARRAY(SELECT g.name::text FROM immigration_user_groups ug JOIN auth_group g ON g.id = ug.group_id
                 WHERE ug.user_id = u.id ORDER BY g.id) AS groups,
           ARRAY(SELECT b.name::text FROM immigration_user_branches ub JOIN immigration_branch b ON b.id = ub.branch_id
                 WHERE ub.user_id = u.id AND b.deleted_at IS NULL ORDER BY ub.id) AS branches,
           ARRAY(SELECT r.name::text FROM immigration_user_regions ur JOIN immigration_region r ON r.id = ur.region_id
                 WHERE ur.user_id = u.id ORDER BY ur.id) AS regions
    FROM immigration_user u
    WHERE ${userId === null ? sql`true` : sql`u.id = ${userId}`}
    ORDER BY u.id`;
}
