import type { ConnectionSettings } from '../config.js';
import type { DatabaseHandle } from './connections.js';
import { Listener } from './listener.js';
import { readMigrations } from './migration-files.js';
import { fileName, migrationState } from './migration-state.js';
import { type OwnerClient, withOwner } from './owner.js';

/** What a look at one side of the database found. Only a problem must be put right; a warning costs speed or care. */
export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'problem';
  /** One line; with what to do unless the status is `ok`. */
  readonly text: string;
}

type Result = Omit<Finding, 'check'>;

const ok = (text: string): Result => ({ status: 'ok', text });
const warning = (text: string): Result => ({ status: 'warning', text });
const problem = (text: string): Result => ({ status: 'problem', text });

/**
 * Looks whether the database is as the program needs it; changes nothing. A look that fails is a problem itself.
 */
export async function diagnose({ app, owner }: DatabaseHandle): Promise<Finding[]> {
  return await withOwner(app, async (client) => {
    const checks: readonly (readonly [string, () => Promise<Result>])[] = [
      ['server', () => serverVersion(client)],
      ['locale', () => locale(client)],
      ['pg_trgm', () => textSearch(client)],
      ['roles', () => roles(client, owner)],
      ['migrations', () => migrations(client, app.user)],
      ['notices', () => notices(app)],
    ];
    const findings: Finding[] = [];
    for (const [check, look] of checks) {
      const result = await look().catch((error: Error) => problem(error.message));
      findings.push({ check, ...result });
    }
    return findings;
  });
}

async function serverVersion(client: OwnerClient): Promise<Result> {
  return ok(`PostgreSQL ${await value<string>(client, "current_setting('server_version')")}`);
}

async function locale(client: OwnerClient): Promise<Result> {
  const encoding = await value<string>(client, "current_setting('server_encoding')");
  if (encoding !== 'UTF8') return problem(`the database's encoding is ${encoding}; create it anew with UTF8`);
  const { rows } = await client.query<{ matches: boolean; name: string }>(
    `SELECT 'É' ILIKE 'é' AND upper('ñ') = 'Ñ' AS matches, datcollate || ', ' || datctype AS name
     FROM pg_database WHERE datname = current_database()`,
  );
  const { matches, name } = rows[0]!;
  if (matches) return ok('letters beyond ASCII match whatever their case');
  return problem(
    `the locale (${name}) does not know letters beyond ASCII: É and é do not match; create the database anew with LOCALE_PROVIDER icu ICU_LOCALE 'und', or LOCALE 'C.UTF-8'`,
  );
}

async function textSearch(client: OwnerClient): Promise<Result> {
  const there = await value<boolean>(client, "EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')");
  if (!there) {
    return warning(
      'the extension pg_trgm is missing, so searching reads all clients; as a superuser run: CREATE EXTENSION pg_trgm WITH SCHEMA public',
    );
  }
  if (await value<boolean>(client, "cardinality(public.show_trgm('王小明')) > 0")) {
    return ok('searches use an index');
  }
  return warning(
    "the index for searches does not know letters beyond ASCII; create the database anew with LC_CTYPE 'C.UTF-8'",
  );
}

const ROLE_FACTS = `
  SELECT r.rolname AS name, r.rolsuper OR r.rolbypassrls AS privileged, r.rolinherit AS inherits,
         current_setting('server_version_num')::integer >= 160000 AS "byMembership",
         (SELECT count(*) FROM pg_shdepend s
          WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid AND s.deptype = 'o') AS owned,
         (SELECT min(t.schema_name) FROM public.tenants_tenant t
          WHERE to_regnamespace(quote_ident(t.schema_name)) IS NOT NULL
            AND has_schema_privilege(r.oid, to_regnamespace(quote_ident(t.schema_name)), 'USAGE')) AS "reachable"
  FROM pg_roles r WHERE r.rolname = current_user`;

interface RoleFacts {
  readonly name: string;
  readonly privileged: boolean;
  readonly inherits: boolean;
  readonly byMembership: boolean;
  readonly owned: string;
  readonly reachable: string | null;
}

async function roles(client: OwnerClient, owner: ConnectionSettings | null): Promise<Result> {
  const { rows } = await client.query<RoleFacts>(ROLE_FACTS);
  const { name, privileged, inherits, byMembership, owned, reachable } = rows[0]!;
  if (privileged)
    return problem(`${name} is a superuser or bypasses row security; set DB_USER to a role without rights`);
  if (Number(owned) > 0) {
    return problem(`${name} owns ${owned} objects and must own none; as a superuser run: REASSIGN OWNED`);
  }
  if (reachable !== null) {
    return problem(
      `${name} reaches ${reachable} outside the tenant transaction; run: leopard migrate, and revoke its own rights`,
    );
  }
  if (inherits && !byMembership)
    return problem(`${name} inherits the tenants' rights; run: ALTER ROLE ${name} NOINHERIT`);
  if (!owner) {
    return warning(
      `${name} is as it should be; without DB_OWNER_USER (or DATABASE_OWNER_URL) nothing can be migrated from here`,
    );
  }
  return ok(`${name} owns nothing and reaches no tenant outside the tenant transaction`);
}

async function migrations(client: OwnerClient, appUser: string): Promise<Result> {
  const { pending, withoutRights } = await migrationState(client, appUser, readMigrations());
  const [first] = pending;
  if (first) {
    return problem(
      `${pending.length} are pending, the first is ${fileName(first)} of ${first.scope}; run: leopard migrate`,
    );
  }
  if (withoutRights.length > 0) {
    return problem(`${appUser} lacks its rights on ${withoutRights.join(', ')}; run: leopard migrate`);
  }
  return ok('all are applied');
}

async function notices(app: ConnectionSettings): Promise<Result> {
  const listener = new Listener(app);
  try {
    await listener.start();
    if (listener.healthy) return ok('arrive');
    return warning(
      'do not arrive, as behind a pooler in transaction mode; every request then reads users and tenants anew',
    );
  } finally {
    await listener.close();
  }
}

async function value<T>(client: OwnerClient, expression: string): Promise<T> {
  const { rows } = await client.query<{ value: T }>(`SELECT ${expression} AS value`);
  return rows[0]!.value;
}
