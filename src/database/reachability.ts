import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { ConnectionSettings } from '../config/config.js';
import { joinLines } from '../platform/join-lines.js';
import { PlainError } from '../platform/plain-error.js';
import { DatabaseClient } from './client.js';
import { checkServerVersion } from './owner.js';
import { quoteIdentifier } from './schema-name.js';
import { ANSWERS_WITHIN_MS } from './timeouts.js';

/** Thrown when an external database server cannot be used as configured; the message says what to do. */
export class DatabaseUnavailableError extends PlainError {
  override readonly name = 'DatabaseUnavailableError';
}

/** The names of a role's settings, for messages. */
export interface RoleSettings {
  readonly user: string;
  readonly password: string;
  readonly url: string;
}

const APP_SETTINGS: RoleSettings = { user: 'DB_USER', password: 'DB_PASSWORD', url: 'DATABASE_URL' };
/** The settings of the same role for connections past a pooler. */
export const DIRECT_SETTINGS: RoleSettings = { ...APP_SETTINGS, url: 'DATABASE_DIRECT_URL' };
export const OWNER_SETTINGS: RoleSettings = {
  user: 'DB_OWNER_USER',
  password: 'DB_OWNER_PASSWORD',
  url: 'DATABASE_OWNER_URL',
};

/** A locale that knows letters beyond ASCII, for lower() and for pg_trgm, which uses LC_CTYPE. */
const BEST_LOCALE = "LOCALE_PROVIDER icu ICU_LOCALE 'und' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'";

export const MISSING_DATABASE = '3D000';
export const INSUFFICIENT_PRIVILEGE = '42501';
const WRONG_LOG_IN = new Set(['28P01', '28000']);
const STARTING = '57P03';
const TOO_MANY_CONNECTIONS = '53300';

const STARTING_WITHIN_MS = 30_000;

/**
 * Runs `work` on a connection of its own, closed afterwards. Waits while the server is starting.
 * @throws the driver's errors, and what `work` throws
 */
export async function withConnection<T>(
  settings: ConnectionSettings,
  work: (client: pg.Client & Pick<DatabaseClient, 'serverProcess'>) => Promise<T>,
): Promise<T> {
  const until = Date.now() + STARTING_WITHIN_MS;
  for (;;) {
    const client = new DatabaseClient({ ...settings, application_name: 'leopard-start' });
    try {
      await client.connect();
    } catch (error) {
      await client.end().catch(() => undefined);
      if (codeOf(error) !== STARTING || Date.now() > until) throw error;
      await sleep(500);
      continue;
    }
    try {
      return await work(client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** Returns whether these settings lead to the server itself, with one backend per connection, and not to a pooler. */
export async function isDirect(settings: ConnectionSettings): Promise<boolean> {
  return await withConnection(settings, async (client) => {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_catalog.pg_backend_pid() AS pid');
    return rows[0]?.pid === client.serverProcess;
  });
}

/**
 * Connects as the program's own role and checks that it may be used.
 * @throws DatabaseUnavailableError, and ServerTooOldError before PostgreSQL 15
 */
export async function checkAppConnection(
  app: ConnectionSettings,
  names: RoleSettings = APP_SETTINGS,
): Promise<void> {
  const { version, privileged, triggers } = await explained(app, names, () =>
    withConnection(app, async (client) => {
      const { rows } = await client.query<{ version: string; privileged: boolean; triggers: string }>(
        `SELECT current_setting('server_version') AS version, rolsuper OR rolbypassrls AS privileged,
           current_setting('session_replication_role') AS triggers
         FROM pg_catalog.pg_roles WHERE rolname = current_user`,
      );
      return rows[0] ?? { version: '', privileged: false, triggers: 'origin' };
    }),
  );
  checkServerVersion(version);
  if (triggers !== 'origin') {
    throw new DatabaseUnavailableError(
      `triggers do not fire for ${app.user} in the database ${app.database}, since session_replication_role is ${triggers} there; as a superuser run: ALTER ROLE ${quoteIdentifier(app.user)} RESET session_replication_role; ALTER DATABASE ${quoteIdentifier(app.database)} RESET session_replication_role`,
    );
  }
  if (!privileged) return;
  throw new DatabaseUnavailableError(
    `the database role ${app.user} is a superuser, which would break the isolation of tenants; set DB_USER to a role without rights`,
  );
}

/** Runs `work`, and translates the driver's connection errors into a line that says what to do. */
export async function explained<T>(
  settings: ConnectionSettings,
  names: RoleSettings,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PlainError) throw error;
    throw new DatabaseUnavailableError(explain(error, settings, names));
  }
}

function explain(error: unknown, settings: ConnectionSettings, names: RoleSettings): string {
  const code = codeOf(error);
  const place = `${settings.host}:${settings.port}`;
  const { user, database } = settings;
  const said = messageOf(error);
  if (code === MISSING_DATABASE) {
    const how = createDatabaseStatement(database, '<owner>');
    return `the database ${database} does not exist at ${place}; set DB_NAME, or run as its administrator: ${how}`;
  }
  if (WRONG_LOG_IN.has(code)) {
    return `PostgreSQL at ${place} refuses the log-in of ${user} (${said}); set ${names.user} and ${names.password}, or ${names.url}`;
  }
  if (code === TOO_MANY_CONNECTIONS) {
    return `PostgreSQL at ${place} has no connection left for ${user} (${said}); raise its max_connections or lower DB_POOL_SIZE`;
  }
  if (/^[0-9A-Z]{5}$/.test(code)) return `PostgreSQL at ${place} answers ${user}: ${said}`;
  return `cannot reach PostgreSQL at ${place} (${reasonOf(code, said, settings)}); start it, or set DB_HOST and DB_PORT (or DATABASE_URL); without them the embedded server is used`;
}

/** Returns the statement that creates a database for this program. */
export function createDatabaseStatement(database: string, owner: string): string {
  return `CREATE DATABASE ${quoteIdentifier(database)} OWNER ${quoteIdentifier(owner)} TEMPLATE template0 ENCODING 'UTF8' ${BEST_LOCALE}`;
}

function reasonOf(code: string, said: string, settings: ConnectionSettings): string {
  const { answersWithin = ANSWERS_WITHIN_MS } = settings;
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'connection refused',
    ENOTFOUND: 'unknown host name',
    EAI_AGAIN: 'the host name cannot be looked up',
    EHOSTUNREACH: 'no way to the host',
    ENETUNREACH: 'no way to the host',
    ETIMEDOUT: 'no answer',
  };
  return reasons[code] ?? (/timeout/i.test(said) ? `no answer within ${answersWithin / 1000} s` : said);
}

/** Returns the SQLSTATE or the system's code of an error; '' when it has none. */
export function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code ?? '');
}

/** Returns the message in one line; an error of several tried addresses has no message of its own. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return messageOf(error.errors[0]);
  return joinLines(error instanceof Error ? error.message : String(error));
}
