import type { ConnectionSettings } from '../config/config.js';
import { ok, problem, type Result, warning } from '../database/finding.js';
import type { OwnerClient } from '../database/owner.js';
import { mayNotCreateRoles } from '../database/roles.js';
import { quoteIdentifier } from '../database/schema-name.js';
import { examineRights, examineRoleSettings, examineRoles } from './access/access-check.js';
import { inOneLine } from './access/deviation.js';

/** Maximum number of findings of one check, the gravest first; the others are counted. */
const MOST_LISTED = 50;

const ACCESS = {
  roles: [
    examineRoles,
    (name: string) => `${name} owns nothing and reaches no tenant outside the tenant transaction`,
  ],
  rights: [examineRights, () => 'nobody has more rights than the program gives'],
  'role settings': [examineRoleSettings, () => 'none changes more than speed, formats and limits'],
} as const;

/**
 * Compares roles, rights or settings of roles with those that the program makes.
 * @returns one finding for each deviation, with what mends it
 */
export async function examineAccess(
  client: OwnerClient,
  appUser: string,
  check: keyof typeof ACCESS,
): Promise<Result | Result[]> {
  const [examine, allWell] = ACCESS[check];
  const found = await examine(client, appUser);
  if (found.length === 0) return ok(allWell(appUser));
  const sorted = found.toSorted((a, b) => Number(a.isSlight ?? false) - Number(b.isSlight ?? false));
  const results = sorted
    .slice(0, MOST_LISTED)
    .map((deviation) => (deviation.isSlight ? warning : problem)(inOneLine(deviation)));
  const [next] = sorted.slice(MOST_LISTED);
  if (!next) return results;
  return [
    ...results,
    (next.isSlight ? warning : problem)(`and ${found.length - MOST_LISTED} more like these`),
  ];
}

const OWNER_FACTS = `
  SELECT rolsuper OR rolcreaterole AS "createsRoles",
         has_database_privilege(oid, current_database(), 'CREATE') AS "createsSchemas",
         current_database() AS database
  FROM pg_roles WHERE rolname = $1`;

interface OwnerFacts {
  readonly createsRoles: boolean;
  readonly createsSchemas: boolean;
  readonly database: string;
}

/** Checks that the owner can create what a new tenant needs: a role and a schema. */
export async function examineOwner(client: OwnerClient, owner: ConnectionSettings | null): Promise<Result> {
  if (!owner) {
    return warning(
      'without DB_OWNER_USER (or DATABASE_OWNER_URL) nothing can be migrated from here, and tables are not compared with the program’s',
    );
  }
  const { user } = owner;
  const { rows } = await client.query<OwnerFacts>(OWNER_FACTS, [user]);
  if (!rows[0]) return problem(`there is no role ${user}; set DB_OWNER_USER to the owner of the database`);
  const { createsRoles, createsSchemas, database } = rows[0];
  if (!createsRoles) return problem(mayNotCreateRoles(user));
  if (!createsSchemas) {
    return problem(
      `${user} may not create schemas, so no tenant; as a superuser run: ALTER DATABASE ${quoteIdentifier(database)} OWNER TO ${quoteIdentifier(user)}`,
    );
  }
  return ok(`${user} may create tenants' roles and schemas`);
}
