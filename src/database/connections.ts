import type { CellSettings } from '../config/cell-settings.js';
import type { Config, ConnectionSettings, DatabaseSettings } from '../config/config.js';
import { bootstrapDatabase } from './bootstrap.js';
import { attachEmbedded, type EmbeddedServer, startEmbedded } from './embedded/embedded.js';
import {
  checkAppConnection,
  codeOf,
  createDatabaseStatement,
  DatabaseUnavailableError,
  DIRECT_SETTINGS,
  explained,
  INSUFFICIENT_PRIVILEGE,
  MISSING_DATABASE,
  OWNER_SETTINGS,
  withConnection,
} from './reachability.js';
import { quoteIdentifier } from './schema-name.js';

/** An available database, and how to connect to it. */
export interface DatabaseHandle {
  readonly kind: 'embedded' | 'server';
  /** Settings of the program's own role, which owns nothing. */
  readonly app: ConnectionSettings;
  /**
   * Settings of the program's role for a direct connection, where `app` may lead to a pooler: for LISTEN and for
   * sessions.
   */
  readonly direct?: ConnectionSettings;
  /** Settings of the program's role at a standby of this database that answers reads, where there is one. */
  readonly replica?: ConnectionSettings;
  /** Settings of the tables' owner, for migrations and for creating tenants; null when they are not given. */
  readonly owner: ConnectionSettings | null;
  /** The further databases in which tenants live; see cells.ts. Whether they can be reached is not known. */
  readonly cells?: readonly { readonly name: string; readonly handle: DatabaseHandle }[];
  /** Resolves when the embedded server ends, for whatever reason; never for an external server. */
  readonly ended: Promise<void>;
  /** Stops the embedded server if it was started here. Close all connections first. */
  close(): Promise<void>;
  /** Asks the embedded server to stop without waiting for it. */
  abandon(): void;
}

export interface OpenOptions {
  readonly onProgress?: (text: string) => void;
  /** Whether a running program's embedded server may be used: for commands that run beside it. */
  readonly shared?: boolean;
}

/** The owner's role of an embedded database. */
export const OWNER_ROLE = 'leopard_owner';
const APP_ROLE = 'leopard_app';

/**
 * Makes the configured database available: starts the embedded server and creates roles and database, or checks that an
 * external server can be used.
 * @throws PlainError (DatabaseUnavailableError, EmbeddedDatabaseError …) with one line that says what to do
 */
export async function openDatabase(
  config: Pick<Config, 'database'> & Partial<Pick<Config, 'cells' | 'replicas'>>,
  options: OpenOptions = {},
): Promise<DatabaseHandle> {
  const { database, cells = [], replicas } = config;
  const further = {
    ...(cells.length > 0 && { cells: cells.map(furtherCell) }),
    ...(replicas?.main && { replica: replicas.main }),
  };
  if (database.kind === 'embedded') return { ...(await openEmbedded(database, options)), ...further };
  const { app, owner, direct } = database;
  if (owner) await prepareOwnServer(app, owner, options);
  await checkAppConnection(app);
  if (direct) await checkAppConnection(direct, DIRECT_SETTINGS);
  return {
    kind: 'server',
    app,
    ...(direct && { direct }),
    owner,
    ...further,
    ...OF_A_SERVER,
  };
}

const OF_A_SERVER = {
  ended: new Promise<void>(() => undefined),
  close: async () => undefined,
  abandon: () => undefined,
};

function furtherCell({ name, ...settings }: CellSettings): { name: string; handle: DatabaseHandle } {
  return { name, handle: { kind: 'server', ...settings, ...OF_A_SERVER } };
}

async function openEmbedded(
  settings: Extract<DatabaseSettings, { kind: 'embedded' }>,
  { onProgress, shared }: OpenOptions,
): Promise<DatabaseHandle> {
  const start = shared ? attachEmbedded : startEmbedded;
  const server: EmbeddedServer = await start(
    { directory: settings.directory },
    onProgress ? { onProgress } : {},
  );
  const { host, port } = server.admin;
  const { kind: _kind, directory: _directory, ...database } = settings;
  const role = (user: string, password: string) => ({ host, port, user, password, ...database });
  const app = role(APP_ROLE, server.passwords.app);
  const owner = role(OWNER_ROLE, server.passwords.owner);
  try {
    const wanted = { database: settings.database, owner, app };
    await bootstrapDatabase(server.admin, wanted, { hasServer: true });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    kind: 'embedded',
    app,
    owner,
    ended: server.ended,
    close: server.stop,
    abandon: server.abandon,
  };
}

interface Facts {
  readonly databaseExists: boolean;
  readonly appExists: boolean;
  readonly isSuperuser: boolean;
}

/**
 * Creates the database and the program's role on an external server when they are missing and the owner is a superuser;
 * for any other owner the error says what to run.
 */
async function prepareOwnServer(
  app: ConnectionSettings,
  owner: ConnectionSettings,
  { onProgress }: OpenOptions,
): Promise<void> {
  const { settings, facts } = await explained(owner, OWNER_SETTINGS, () => factsFor(owner, app));
  if (facts.databaseExists && facts.appExists) return;
  if (!facts.isSuperuser) {
    const [what, how] = facts.databaseExists
      ? [`role ${app.user}`, `CREATE ROLE ${quoteIdentifier(app.user)} LOGIN NOINHERIT PASSWORD '…'`]
      : [`database ${app.database}`, createDatabaseStatement(app.database, owner.user)];
    throw new DatabaseUnavailableError(
      `the ${what} does not exist at ${app.host}:${app.port}; run as its administrator: ${how}`,
    );
  }
  onProgress?.('creating the database');
  await explained(owner, OWNER_SETTINGS, () =>
    bootstrapDatabase(settings, { database: app.database, owner, app }),
  );
}

/**
 * Reads facts about the server, through the configured database or, while that does not exist, through the one that
 * every server has.
 */
async function factsFor(
  owner: ConnectionSettings,
  app: ConnectionSettings,
): Promise<{ settings: ConnectionSettings; facts: Facts }> {
  try {
    return { settings: owner, facts: await readFacts(owner, app) };
  } catch (error) {
    if (codeOf(error) !== MISSING_DATABASE) throw error;
    const settings = { ...owner, database: 'postgres' };
    return { settings, facts: await readFactsElsewhere(settings, app) };
  }
}

/** Reads facts through the database that every server has, which may be closed to all but superusers. */
async function readFactsElsewhere(settings: ConnectionSettings, app: ConnectionSettings): Promise<Facts> {
  try {
    return await readFacts(settings, app);
  } catch (error) {
    if (codeOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
    return { databaseExists: false, appExists: false, isSuperuser: false };
  }
}

function readFacts(settings: ConnectionSettings, app: ConnectionSettings): Promise<Facts> {
  return withConnection(settings, async (client) => {
    const { rows } = await client.query(
      `SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1) AS "databaseExists",
              EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $2) AS "appExists",
              rolsuper AS "isSuperuser"
       FROM pg_catalog.pg_roles WHERE rolname = current_user`,
      [app.database, app.user],
    );
    return rows[0] as Facts;
  });
}
