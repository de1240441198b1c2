import type { ConnectionSettings } from '../config/config.js';
import { type OwnerClient, withOwner } from './owner.js';
import { GRANT_BY_MEMBERSHIP_FROM, platformRoleSql, serverVersion, tolerantly } from './roles.js';
import { quoteIdentifier, quoteLiteral } from './schema-name.js';
import { TIMEOUTS } from './timeouts.js';

/** The database and the two roles that the program needs on a server. */
export interface WantedDatabase {
  readonly database: string;
  readonly owner: { readonly user: string; readonly password: string };
  readonly app: { readonly user: string; readonly password: string };
}

const DUPLICATE_DATABASE = '42P04';
const UNIQUE_VIOLATION = '23505';

/**
 * Locales that know letters beyond ASCII, the best first. Under plain C, a case-insensitive search for "é" does not
 * find "É"; names here are Nepali, Chinese, Vietnamese, Arabic.
 */
const LOCALES = [
  // LC_CTYPE decides which characters are letters to pg_trgm: under C it would find no name beyond ASCII.
  "LOCALE_PROVIDER icu ICU_LOCALE 'und' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'",
  "LOCALE_PROVIDER icu ICU_LOCALE 'und' LC_COLLATE 'C' LC_CTYPE 'en_US.UTF-8'",
  "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C'", // PostgreSQL 17 and newer
  "LOCALE_PROVIDER libc LOCALE 'C.UTF-8'",
  "LOCALE_PROVIDER libc LOCALE 'en_US.UTF-8'",
];

/**
 * Creates the owner's and the program's role and the database where they are missing; passwords and settings are set
 * anew. May run in several processes at once.
 * @param admin a superuser, or a role with CREATEDB and CREATEROLE, on any database of the server
 * @param hasServer whether nobody else uses the server, so that its other databases are closed to everybody
 * @throws database errors, such as missing privileges
 */
export async function bootstrapDatabase(
  admin: ConnectionSettings,
  wanted: WantedDatabase,
  { hasServer = false } = {},
): Promise<void> {
  await withOwner(admin, async (client) => {
    await ensureLogin(client, wanted.owner, 'CREATEROLE NOCREATEDB');
    await ensureLogin(client, wanted.app, 'NOINHERIT NOCREATEDB NOCREATEROLE', TIMEOUTS);
    await letReadStatistics(client, wanted.app.user);
    await letChoose(client, wanted.owner.user);
    // Another owner may have created it, of whose roles this one may give none away.
    await client.query(
      platformRoleSql(wanted.app.user, (await serverVersion(client)) >= GRANT_BY_MEMBERSHIP_FROM),
    );
    await joinOwner(client, wanted.owner.user);
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [wanted.database]);
    if (rowCount === 0) await createDatabase(client, wanted);
    const database = quoteIdentifier(wanted.database);
    const [owner, app] = [quoteIdentifier(wanted.owner.user), quoteIdentifier(wanted.app.user)];
    await client.query(
      tolerantly(
        `REVOKE ALL ON DATABASE ${database} FROM PUBLIC; GRANT CONNECT ON DATABASE ${database} TO ${owner}, ${app};`,
      ),
    );
    if (hasServer) await closeServersDatabases(client);
  });
}

/** Closes the databases that every server begins with to all but superusers: the program's role has no business there. */
async function closeServersDatabases(client: OwnerClient): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT DISTINCT quote_ident(datname) AS name
     FROM pg_catalog.pg_database CROSS JOIN aclexplode(coalesce(datacl, acldefault('d', datdba))) a
     WHERE datname IN ('postgres', 'template1') AND a.grantee = 0`,
  );
  for (const { name } of rows) await client.query(tolerantly(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC;`));
}

async function ensureLogin(
  client: OwnerClient,
  login: { user: string; password: string },
  attributes: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  const role = quoteIdentifier(login.user);
  const set = Object.entries(settings).map(
    ([key, value]) => `ALTER ROLE ${role} SET ${key} TO ${quoteLiteral(value)};`,
  );
  await client.query(
    tolerantly(`
      IF to_regrole(${quoteLiteral(role)}) IS NULL THEN CREATE ROLE ${role}; END IF;
      ALTER ROLE ${role} LOGIN ${attributes} PASSWORD ${quoteLiteral(login.password)};
      ${set.join('\n')}`),
  );
}

/**
 * Lets the program's role see when other roles' transactions began, so that `doctor`, metrics and `events status` can
 * report old ones. If the owner may not grant that, they show less.
 */
async function letReadStatistics(client: OwnerClient, app: string): Promise<void> {
  await client.query(
    tolerantly(`
      BEGIN
        IF current_setting('server_version_num')::integer >= 160000 THEN
          EXECUTE ${quoteLiteral(`GRANT pg_read_all_stats TO ${quoteIdentifier(app)} WITH INHERIT TRUE, SET FALSE`)};
        END IF;
      EXCEPTION WHEN insufficient_privilege THEN
        NULL;
      END;`),
  );
}

/**
 * Lets the owner's migrations look for deadlocks early, so that it is they that give way and not a request, and leave the
 * log uncompressed while a tenant is made. If the current user may not grant that, either side may be the one, and making
 * a tenant takes longer.
 */
async function letChoose(client: OwnerClient, owner: string): Promise<void> {
  await client.query(
    tolerantly(`
      BEGIN
        EXECUTE ${quoteLiteral(`GRANT SET ON PARAMETER deadlock_timeout, wal_compression TO ${quoteIdentifier(owner)}`)};
      EXCEPTION WHEN insufficient_privilege THEN
        NULL;
      END;`),
  );
}

/**
 * Grants the owner's role to the current user: without being a superuser, one can create a database only for roles that
 * one is a member of.
 */
async function joinOwner(client: OwnerClient, owner: string): Promise<void> {
  const { rows } = await client.query('SELECT rolsuper FROM pg_roles WHERE rolname = current_user');
  if (!rows[0].rolsuper) await client.query(tolerantly(`GRANT ${quoteIdentifier(owner)} TO CURRENT_USER;`));
}

async function createDatabase(client: OwnerClient, wanted: WantedDatabase): Promise<void> {
  const [name, owner] = [quoteIdentifier(wanted.database), quoteIdentifier(wanted.owner.user)];
  let refusal: unknown;
  for (const locale of LOCALES) {
    try {
      await client.query(
        `CREATE DATABASE ${name} OWNER ${owner} TEMPLATE template0 ENCODING 'UTF8' ${locale}`,
      );
      return;
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === DUPLICATE_DATABASE || code === UNIQUE_VIOLATION) return; // another process was faster
      refusal = error;
    }
  }
  throw refusal;
}
