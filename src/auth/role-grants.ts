import type { Database } from '../database/database.js';
import { type Sql, sql } from '../database/sql.js';
import type { Model } from '../kinds/kinds.js';
import { ROLES, type Role } from './scope.js';
import { recordSecurityEvent } from './security-log.js';

/** The result of setting one role's grants. */
export interface RoleGrants {
  readonly role: Role;
  /** Number of permissions that the role now holds. */
  readonly granted: number;
  readonly added: number;
  readonly removed: number;
}

/** Two roles hold all permissions except these; permissions on auth.group are those of ON_GROUPS. */
const ALL_BUT: Partial<Record<Role, readonly string[]>> = {
  SUPER_ADMIN: [],
  BRANCH_ADMIN: ['add_branch', 'change_branch', 'delete_branch', 'change_group'],
};
const ON_GROUPS = ['view_group', 'change_group'];
const FOUR = ['view', 'add', 'change', 'delete'] as const;
type Verb = (typeof FOUR)[number];

/** The others hold only these: models and the actions allowed on them. */
const ONLY: Partial<Record<Role, readonly (readonly [models: readonly Model[], verbs: readonly Verb[]])[]>> =
  {
    REGION_MANAGER: [
      [['client', 'visaapplication', 'task', 'note', 'profilepicture', 'institute'], FOUR],
      [['branch'], ['view', 'add', 'change']],
      [['user'], ['view', 'change']],
      [['notification'], ['view', 'add']],
      [['clientactivity', 'region'], ['view']],
    ],
    CONSULTANT: [
      [
        ['client', 'visaapplication', 'task', 'note', 'profilepicture'],
        ['view', 'add', 'change'],
      ],
      [['notification', 'user', 'clientactivity', 'institute'], ['view']],
    ],
  };

/** Returns the condition that a content type is not one of the program's internals, which no role is granted. */
export function isNotInternal(alias: string): Sql<boolean> {
  return sql`${sql.ref(alias)}.model NOT IN ('event', 'eventprocessingcontrol')`;
}

/**
 * Creates the four groups of a tenant where they are missing and resets their grants to the defaults; additional grants
 * are revoked. Other groups, and users' own permissions, stay as they are.
 */
export async function setUpRoles(database: Database, schema: string): Promise<RoleGrants[]> {
  return await database.tenantTransaction({ schema, userId: null }, async (transaction) => {
    await transaction.query(sql`
      INSERT INTO auth_group (name) SELECT name FROM unnest(${ROLES}::text[]) WITH ORDINALITY AS r (name, place)
      WHERE NOT EXISTS (SELECT FROM auth_group g WHERE g.name = r.name) ORDER BY place
      ON CONFLICT (name) DO NOTHING`);
    const results: RoleGrants[] = [];
    for (const role of ROLES) {
      const [counts] = await transaction.query(setGrants(role));
      const { added, removed } = counts!;
      if (added + removed > 0) {
        const detail = { group: role, added, removed };
        recordSecurityEvent(transaction, { kind: 'group_permissions_changed', actor: 'operator', detail });
      }
      results.push({ role, ...counts! });
    }
    return results;
  });
}

function setGrants(role: Role) {
  const allBut = ALL_BUT[role] ?? null;
  return sql<Omit<RoleGrants, 'role'>>`
    WITH wanted AS (
      SELECT g.id AS group_id, p.id AS permission_id
      FROM auth_group g
      CROSS JOIN auth_permission p
      JOIN django_content_type c ON c.id = p.content_type_id
      WHERE g.name = ${role} AND CASE
        WHEN ${allBut}::text[] IS NULL THEN c.app_label = 'immigration' AND p.codename = ANY (${codenames(role)}::text[])
        ELSE ((c.app_label = 'immigration' AND ${isNotInternal('c')})
              OR (c.app_label = 'auth' AND p.codename = ANY (${ON_GROUPS}::text[])))
             AND p.codename <> ALL (${allBut}::text[])
      END
    ), removed AS (
      DELETE FROM auth_group_permissions gp
      USING auth_group g
      WHERE g.name = ${role} AND gp.group_id = g.id
        AND NOT EXISTS (SELECT FROM wanted w WHERE w.permission_id = gp.permission_id)
      RETURNING gp.id
    ), added AS (
      INSERT INTO auth_group_permissions (group_id, permission_id)
      SELECT group_id, permission_id FROM wanted ORDER BY permission_id
      ON CONFLICT (group_id, permission_id) DO NOTHING
      RETURNING id
    )
    SELECT (SELECT count(*) FROM wanted) AS granted, (SELECT count(*) FROM added) AS added,
           (SELECT count(*) FROM removed) AS removed`;
}

function codenames(role: Role): string[] {
  return (ONLY[role] ?? []).flatMap(([models, verbs]) =>
    models.flatMap((model) => verbs.map((verb) => `${verb}_${model}`)),
  );
}
