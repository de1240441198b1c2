import { startTestApp, type TestApp } from '../helpers/app.js';
import { STAFF, seedStaff } from '../helpers/staff.js';
import { type Row, tenantSql } from '../helpers/tenant-sql.js';

/** A member of the agency, as the rules of visibility see them. */
export interface Member {
  readonly id: number;
  readonly username: string;
  readonly group: string | null;
  readonly isSuperuser: boolean;
  readonly branches: readonly number[];
  readonly regions: readonly number[];
  readonly token: string;
}

interface Branch {
  readonly id: number;
  readonly region: number | null;
  readonly isDeleted: boolean;
}

/** An agency with random workplaces, and the rules of scope in plain words. */
export interface Agency {
  readonly members: readonly Member[];
  readonly branches: readonly Branch[];
  readonly sql: (text: string, parameters?: unknown[]) => Promise<Row[]>;
}

export const pick = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)] as T;
export const some = <T>(items: readonly T[], chance = 0.35): T[] =>
  items.filter(() => Math.random() < chance);
/** Returns one of these, or sometimes null. */
export const pickOrNull = <T>(items: readonly T[]): T | null => (Math.random() < 0.25 ? null : pick(items));

const people = STAFF.map((person, index) => ({ ...person, id: index + 1 })).filter(
  ({ isActive }) => isActive !== false,
);

/**
 * Starts an application with the staff, who log in once for all random agencies. It receives no notices, so that it
 * sees changes made in SQL at once.
 */
export async function startDealing(): Promise<{ app: TestApp; deal(): Promise<Agency> }> {
  const app = await startTestApp({ deaf: true });
  await seedStaff(app);
  const tokens = new Map<string, string>();
  for (const { username } of people) tokens.set(username, await app.logIn(username));
  return { app, deal: () => dealAgency(app, tokens) };
}

/** Assigns branches to regions, and people to both, at random. */
async function dealAgency(app: TestApp, tokens: ReadonlyMap<string, string>): Promise<Agency> {
  const sql: Agency['sql'] = (text, parameters) => tenantSql(app.databases.admin, text, parameters);
  const branches = [1, 2, 3].map((id) => ({
    id,
    region: pickOrNull([1, 2]),
    isDeleted: Math.random() < 0.15,
  }));
  const members = people.map(({ id, username, group, isSuperuser = false }) => ({
    id,
    username,
    group,
    isSuperuser,
    branches: some([1, 2, 3]),
    regions: some([1, 2]),
    token: tokens.get(username) as string,
  }));
  await sql('DELETE FROM immigration_user_branches');
  await sql('DELETE FROM immigration_user_regions');
  for (const { id, region, isDeleted } of branches) {
    await sql(
      'UPDATE immigration_branch SET region_id = $2, deleted_at = CASE WHEN $3 THEN now() END WHERE id = $1',
      [id, region, isDeleted],
    );
  }
  await sql(
    `INSERT INTO immigration_user_branches (user_id, branch_id)
     SELECT (m ->> 'id')::bigint, b::bigint FROM jsonb_array_elements($1) m, jsonb_array_elements_text(m -> 'branches') b`,
    [JSON.stringify(members)],
  );
  await sql(
    `INSERT INTO immigration_user_regions (user_id, region_id)
     SELECT (m ->> 'id')::bigint, r::bigint FROM jsonb_array_elements($1) m, jsonb_array_elements_text(m -> 'regions') r`,
    [JSON.stringify(members)],
  );
  return { members, branches, sql };
}

/** Returns whether somebody sees the whole tenant. */
export function seesAll({ group, isSuperuser }: Member): boolean {
  return group === 'SUPER_ADMIN' || (isSuperuser && group === null);
}

/** Returns the branches that somebody who does not see the whole tenant sees. */
export function branchesOf({ group, branches, regions }: Member, agency: Agency): number[] {
  if (group === null) return [];
  return agency.branches
    .filter(({ isDeleted }) => !isDeleted)
    .filter(({ id, region }) =>
      group === 'REGION_MANAGER' ? region !== null && regions.includes(region) : branches.includes(id),
    )
    .map(({ id }) => id);
}

/** Returns whether a member has another in scope: by a shared branch, or for a region manager by region. */
export function hasInScope(member: Member, other: Member, agency: Agency): boolean {
  if (seesAll(member)) return true;
  const byBranch = branchesOf(member, agency).some((branch) => other.branches.includes(branch));
  const byRegion = member.regions.some((region) => other.regions.includes(region));
  return byBranch || (member.group === 'REGION_MANAGER' && byRegion);
}
