import type { ConnectionSettings } from '../config/config.js';
import type { DatabaseHandle } from '../database/connections.js';
import { type Finding, ok, problem, type Result, warning } from '../database/finding.js';
import { Listener } from '../database/listener.js';
import { readMigrations } from '../database/migration-files.js';
import { examineTransactions } from '../database/old-transactions.js';
import { type OwnerClient, withOwner } from '../database/owner.js';
import { examineTenants } from '../database/tenant-diagnosis.js';
import { shippedCapture } from '../events/capture/capture.js';
import { fileName, migrationState } from './migration-state.js';
import { newerMigrations } from './newer-migrations.js';
import { examineAccess, examineOwner } from './role-diagnosis.js';
import { examineSharedTables, examineTables } from './table-diagnosis.js';

const UNDEFINED_TABLE = '42P01';

/**
 * Checks that the database is as the program needs it; changes nothing. A check that fails is reported as a problem
 * itself.
 */
export async function diagnose({ app, direct = app, owner }: DatabaseHandle): Promise<Finding[]> {
  return await withOwner(app, async (client) => {
    const checks: readonly (readonly [string, () => Promise<Result | Result[]>])[] = [
      ['server', () => serverVersion(client)],
      ['locale', () => locale(client)],
      ['pg_trgm', () => textSearch(client)],
      ['roles', () => examineAccess(client, app.user, 'roles')],
      ['rights', () => examineAccess(client, app.user, 'rights')],
      ['role settings', () => examineAccess(client, app.user, 'role settings')],
      ['owner', () => examineOwner(client, owner)],
      ['migrations', () => migrations(client, app.user)],
      ['tenants', () => examineTenants(client)],
      ...(owner ? [['public', () => examineSharedTables(owner, app.user)] as const] : []),
      ...(owner ? [['tables', () => examineTables(owner, app.user, shippedCapture())] as const] : []),
      ['notices', () => notices(direct)],
      ['transactions', () => examineTransactions(client)],
    ];
    const findings: Finding[] = [];
    for (const [check, look] of checks) {
      const results = [await look().catch(failed)].flat();
      findings.push(...results.map((result) => ({ check, ...result })));
    }
    return findings;
  });
}

function failed({ code, message }: Error & { code?: string }): Result {
  return problem(code === UNDEFINED_TABLE ? `${message}; run: leopard migrate` : message);
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
  const isInstalled = await value<boolean>(
    client,
    "EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')",
  );
  if (!isInstalled) {
    const isNew = await value<boolean>(client, "to_regclass('public.tenants_tenant') IS NULL");
    return warning(
      isNew
        ? 'the extension pg_trgm is missing; leopard migrate makes it, where the server has it'
        : 'the extension pg_trgm is missing, so searching reads all clients; as a superuser run: CREATE EXTENSION pg_trgm WITH SCHEMA public; and leopard doctor again, for the indexes',
    );
  }
  if (await value<boolean>(client, "cardinality(public.show_trgm('王小明')) > 0")) {
    return ok('searches use an index');
  }
  return warning(
    "the index for searches does not know letters beyond ASCII; create the database anew with LC_CTYPE 'C.UTF-8'",
  );
}

async function migrations(client: OwnerClient, appUser: string): Promise<Result> {
  const { pending, changed, withoutRights } = await migrationState(client, appUser, readMigrations());
  const [first] = pending;
  const [edited] = changed;
  if (first) {
    return problem(
      `${pending.length} are pending, the first is ${fileName(first)} of ${first.scope}; run: leopard migrate`,
    );
  }
  if (withoutRights.length > 0) {
    return problem(`${appUser} lacks its rights on ${withoutRights.join(', ')}; run: leopard migrate`);
  }
  if (edited) {
    return problem(
      `${fileName(edited)} was changed after it had been applied to ${edited.scope}; restore the file and put the change into a new migration`,
    );
  }
  const newer = await newerMigrations(client);
  if (newer) {
    return warning(
      `the database is that of a newer version of the program: ${newer.count} are unknown to this one, the last is ${newer.last}`,
    );
  }
  return ok('all are applied');
}

async function notices(settings: ConnectionSettings): Promise<Result> {
  const listener = new Listener(settings);
  try {
    await listener.start();
    if (listener.healthy) return ok('arrive');
    return warning(
      'do not arrive, as behind a pooler in transaction mode; every request then reads users and tenants again, and streams poll: set DATABASE_DIRECT_URL to the server itself',
    );
  } finally {
    await listener.close();
  }
}

async function value<T>(client: OwnerClient, expression: string): Promise<T> {
  const { rows } = await client.query<{ value: T }>(`SELECT ${expression} AS value`);
  return rows[0]!.value;
}
