import type { Notices } from '../database/cell-listeners.js';
import { CHANNELS } from '../database/channels.js';
import type { Database } from '../database/database.js';
import { NoticeCache } from '../database/notice-cache.js';
import { sql } from '../database/sql.js';
import type { TenantTransaction } from '../database/tenant-transaction.js';
import type { Tenant } from '../tenancy/tenants.js';
import { ENDED_SESSIONS, IS_WHOLLY_ENDED, KEPT_ENDED_SESSIONS, TOKENS_FROM } from './ended-tokens.js';

/** The current user, with everything that policies and scopes need. */
export interface CurrentUser {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly isActive: boolean;
  readonly isSuperuser: boolean;
  /** Names of the groups, the primary one first. */
  readonly groups: readonly string[];
  /** `app_label.codename` of the groups' and the user's own permissions; all permissions for a superuser. */
  readonly permissions: ReadonlySet<string>;
  /** The user's branches that are not deleted, in the order in which they were assigned. */
  readonly branchIds: readonly number[];
  readonly regionIds: readonly number[];
  /** The branches of the user's regions that are not deleted. */
  readonly regionBranchIds: readonly number[];
  /** Time before which issued access tokens are ended, in seconds since 1970; 0 if none are. */
  readonly tokensFrom: number;
  /**
   * `sid` of the sessions that ended while their access tokens had not expired, or `jti` of the one that ended with it.
   */
  readonly endedSessions: ReadonlySet<string>;
}

type UserRow = Omit<CurrentUser, 'permissions' | 'endedSessions'> & {
  readonly permissions: readonly string[];
  readonly endedSessions: readonly string[];
};

/**
 * Maximum time for which a user is kept, a safety net: triggers notify of each change that counts. Long enough for somebody
 * who reads between two requests, since the query is the most expensive one of most requests.
 */
const USER_KEPT_FOR_MS = 60_000;
const SESSION_KEPT_FOR_MS = 5_000;
const KEPT_USERS = 20_000;

const USER_COLUMNS = sql`
  u.id, u.username, u.email, u.is_active AS "isActive", u.is_superuser AS "isSuperuser",
  ARRAY(SELECT g.name::text FROM immigration_user_groups ug JOIN auth_group g ON g.id = ug.group_id
        WHERE ug.user_id = u.id ORDER BY g.id) AS groups,
  ARRAY(SELECT ct.app_label || '.' || p.codename
        FROM auth_permission p JOIN django_content_type ct ON ct.id = p.content_type_id
        WHERE u.is_superuser OR p.id IN (
          SELECT up.permission_id FROM immigration_user_user_permissions up WHERE up.user_id = u.id
          UNION ALL
          SELECT gp.permission_id FROM immigration_user_groups ug
          JOIN auth_group_permissions gp ON gp.group_id = ug.group_id WHERE ug.user_id = u.id)) AS permissions,
  ARRAY(SELECT ub.branch_id FROM immigration_user_branches ub JOIN immigration_branch b ON b.id = ub.branch_id
        WHERE ub.user_id = u.id AND b.deleted_at IS NULL ORDER BY ub.id) AS "branchIds",
  ARRAY(SELECT ur.region_id FROM immigration_user_regions ur WHERE ur.user_id = u.id ORDER BY ur.id) AS "regionIds",
  ARRAY(SELECT b.id FROM immigration_user_regions ur JOIN immigration_branch b ON b.region_id = ur.region_id
        WHERE ur.user_id = u.id AND b.deleted_at IS NULL ORDER BY b.id) AS "regionBranchIds",
  ${TOKENS_FROM} AS "tokensFrom",
  ${ENDED_SESSIONS} AS "endedSessions"`;

/** Reads a user's present state, for changes that must be decided on it; null when there is none. */
export async function readCurrentUser(
  transaction: TenantTransaction,
  id: number,
): Promise<CurrentUser | null> {
  const [row] = await transaction.query(userRow(id));
  return row ? currentUser(row) : null;
}

function userRow(id: number) {
  return sql<UserRow>`SELECT ${USER_COLUMNS} FROM immigration_user u WHERE u.id = ${id}`;
}

/** Returns whether a user has ended more sessions than `endedSessions` holds. */
export function hasManyEnded(user: CurrentUser): boolean {
  return user.endedSessions.size > KEPT_ENDED_SESSIONS;
}

function currentUser(row: UserRow): CurrentUser {
  return { ...row, permissions: new Set(row.permissions), endedSessions: new Set(row.endedSessions) };
}

/** Finds users of tenants by id. Results are cached for a minute, and dropped when the database announces a change. */
export class CurrentUsers {
  readonly #cache: NoticeCache<CurrentUser>;
  /** Whether sessions are ended, of users who have ended more than are kept with the user. */
  readonly #sessions: NoticeCache<{ readonly isEnded: boolean }>;

  constructor(
    private readonly database: Database,
    listener: Notices,
  ) {
    this.#cache = new NoticeCache(listener, { ttl: USER_KEPT_FOR_MS, max: KEPT_USERS });
    this.#sessions = new NoticeCache(listener, { ttl: SESSION_KEPT_FOR_MS, max: KEPT_USERS });
    listener.on(CHANNELS.access, (schema) => this.#dropSchema(schema));
  }

  /** Returns the user with this id, active or not; null when there is none. */
  async byId(tenant: Tenant, id: number): Promise<CurrentUser | null> {
    return await this.#cache.get(tenant.schema, String(id), async () => {
      const [row] = await this.database.tenantQuery({ schema: tenant.schema, userId: null }, userRow(id));
      return row ? currentUser(row) : null;
    });
  }

  /**
   * Drops a tenant's cached users after a change made by this process, which need not wait for the database's notice.
   */
  drop(tenant: Tenant): void {
    this.#dropSchema(tenant.schema);
  }

  /** Returns whether an access token of a session is ended; to be asked of users with more than are kept with the user. */
  async isEnded({ schema }: Tenant, sid: string, jti: string): Promise<boolean> {
    const found = await this.#sessions.get(schema, jti, async () => {
      const query = sql<{ isEnded: boolean }>`
        SELECT ${IS_WHOLLY_ENDED} OR (s.ended_at IS NOT NULL AND s.access_jti = ${jti}) AS "isEnded"
        FROM user_session s WHERE s.sid = ${sid}`;
      return (await this.database.tenantQuery({ schema, userId: null }, query))[0] ?? null;
    });
    return found?.isEnded ?? false;
  }

  #dropSchema(schema: string): void {
    this.#cache.drop(schema);
    this.#sessions.drop(schema);
  }
}
