import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { nearestExisting, statOf } from '../platform/folders.js';
import { writePrivateFile } from '../platform/private-text-file.js';
import { wayOutOf } from '../platform/system-errors.js';
import { type AccountSettings, readAccountSettings } from './account-settings.js';
import { type AnswerSettings, readAnswerSettings } from './answer-settings.js';
import { type BackupSettings, readBackupSettings } from './backup-settings.js';
import { type CellSettings, readCellSettings } from './cell-settings.js';
import type { AnswerLimit, ConnectionSettings } from './connection-settings.js';
import { readConsoleSetting } from './console-settings.js';
import { parseDatabaseUrl } from './database-url.js';
import { type DeliverySettings, readDeliverySettings } from './delivery-settings.js';
import { isExposed } from './exposure.js';
import { type ImportSettings, readImportSettings } from './import-settings.js';
import { type LimitSettings, readLimitSettings } from './limit-settings.js';
import { hostOf, type ListenSettings, passedSocket, readListenSettings } from './listen-settings.js';
import { type ObservabilitySettings, readObservabilitySettings } from './observability-settings.js';
import { type OperatorSettings, readOperatorSettings } from './operator-settings.js';
import { type ProductionSettings, readProductionSettings } from './production-settings.js';
import { type ReplicaSettings, readReplicaSettings } from './replica-settings.js';
import { readSecurityLogSettings, type SecurityLogSettings } from './security-log-settings.js';
import { readServices, type Service } from './services.js';
import { readSessionSettings, type SessionSettings } from './session-settings.js';
import { SettingsReader } from './settings-reader.js';
import { readTenantSettings, type TenantSettings } from './tenant-settings.js';

export type { ConnectionSettings } from './connection-settings.js';

/** The embedded server, or an external server with the program's role and, where given, the owner's. */
export type DatabaseSettings =
  | ({ readonly kind: 'embedded'; readonly directory: string; readonly database: string } & AnswerLimit)
  | {
      readonly kind: 'server';
      readonly app: ConnectionSettings;
      readonly owner: ConnectionSettings | null;
      /** The settings of the program's role at the server itself, where `app` leads to a pooler. */
      readonly direct?: ConnectionSettings;
    };

/** All settings, read once at the start. Times are in seconds. */
export interface Config {
  readonly secretKey: string;
  /** Former secret keys, which still open what was sealed with them. */
  readonly secretKeyFallbacks: readonly string[];
  readonly debug: boolean;
  readonly allowedHosts: readonly string[];
  readonly appSubdomain: string;
  readonly baseDomain: string;
  readonly useHttps: boolean;
  readonly database: DatabaseSettings;
  /** The further databases in which tenants live; none where one holds them all. */
  readonly cells: readonly CellSettings[];
  /** Whether a new embedded database gets the demonstration data, whose log-ins are published. */
  readonly demoData: boolean;
  readonly poolSize: number;
  readonly replicas: ReplicaSettings;
  readonly dataDirectory: string;
  readonly mediaDirectory: string;
  /** The address, `unix:` and the path of a socket file, or empty where a socket was passed. */
  readonly host: string;
  readonly port: number;
  /** Place where the API listens, as HOST and PORT say unless a socket was passed, and manner of its stop. */
  readonly listen: ListenSettings;
  /** The address of the metrics for Prometheus; port 0 switches them off. */
  readonly metrics: { readonly host: string; readonly port: number };
  readonly corsOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly accessTokenLifetime: number;
  readonly refreshTokenLifetime: number;
  readonly sessions: SessionSettings;
  readonly loginFailures: {
    readonly perAccount: number;
    readonly perAddress: number;
    /** Over all tenants. */
    readonly perAddressAnywhere: number;
    readonly window: number;
  };
  readonly logLevel: string;
  readonly services: ReadonlySet<Service>;
  /** Number of tenants that a worker serves at the same time. */
  readonly workerConcurrency: number;
  /** Days for which entries of the audit log are kept; 0: for ever. */
  readonly auditRetentionDays: number;
  readonly securityLog: SecurityLogSettings;
  readonly tasksDueSoonDefaultDays: number;
  readonly tasksIncludeOverdueDefault: boolean;
  readonly notificationsIncludeReadDefault: boolean;
  readonly notificationStreamAllowedOrigin: string;
  readonly answers: AnswerSettings;
  /** Whether the browser application is served at /admin/. */
  readonly console: boolean;
  readonly deliveries: DeliverySettings;
  readonly limits: LimitSettings;
  readonly accounts: AccountSettings;
  readonly imports: ImportSettings;
  readonly backups: BackupSettings;
  readonly tenants: TenantSettings;
  readonly production: ProductionSettings;
  readonly observability: ObservabilitySettings;
  readonly operators: OperatorSettings;
}

/** Thrown for wrong settings; names all of them, one problem per line. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

const WELL_KNOWN_KEYS = new Set([
  'secret',
  'secretkey',
  'secret-key',
  'changeme',
  'change-me',
  'your-secret-key',
]);
const SHORTEST_KEY = 32;
/** Default timeout of connections, in seconds. */
const USUAL_ANSWERS_WITHIN = 5;

/**
 * Reads the environment and, behind it, the file `.env` of `directory`.
 * @throws ConfigError naming every setting that is missing or wrong.
 */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env, directory = process.cwd()): Config {
  const read = new SettingsReader({ ...readEnvFile(join(directory, '.env')), ...environment });

  const dataDirectory = resolve(directory, read.text('LEOPARD_DATA_DIR', '.leopard'));
  checkDataDirectory(read, dataDirectory);
  const database = readDatabase(read, dataDirectory);
  // An external server counts as production, where a forgotten DEBUG must not open anything.
  const debug = read.boolean('DEBUG', database.kind === 'embedded');
  const baseDomain = read.domain('BASE_DOMAIN', 'localhost');
  const port = read.integer('PORT', 8000, { min: 0, max: 65535 });
  const passed = passedSocket(environment);
  const listen = readListenSettings(read, { host: read.text('HOST', '127.0.0.1'), port, debug, passed });
  const host = hostOf(listen.target);
  const poolSize = read.integer('DB_POOL_SIZE', 5, { min: 1, max: 200 });
  const refreshTokenLifetime = read.integer('REFRESH_TOKEN_LIFETIME', 86_400, { min: 1, max: 366 * 86_400 });
  const config: Config = {
    secretKey: readSecretKey(read, debug, dataDirectory),
    secretKeyFallbacks: read.list('SECRET_KEY_FALLBACKS', []),
    debug,
    allowedHosts: read.list('ALLOWED_HOSTS', ['*']).map((host) => host.toLowerCase()),
    appSubdomain: read.domain('APP_SUBDOMAIN', 'immigrate'),
    baseDomain,
    useHttps: read.boolean('USE_HTTPS', false),
    database,
    cells: readCells(read, database, directory),
    demoData: read.boolean('DEMO_DATA', !isExposed({ debug, host })),
    poolSize,
    replicas: readReplicaSettings(read, poolSize),
    dataDirectory,
    mediaDirectory: resolve(directory, read.text('MEDIA_DIR', join(dataDirectory, 'media'))),
    host,
    port,
    listen,
    metrics: {
      host: read.text('METRICS_HOST', '127.0.0.1'),
      port: read.integer('METRICS_PORT', 9464, { min: 0, max: 65535 }),
    },
    corsOrigins: read.origins('CORS_ALLOWED_ORIGINS'),
    trustedProxies: read.addresses('TRUSTED_PROXIES'),
    accessTokenLifetime: read.integer('ACCESS_TOKEN_LIFETIME', 4 * 3600, { min: 1, max: 366 * 86_400 }),
    refreshTokenLifetime,
    loginFailures: {
      perAccount: read.integer('LOGIN_FAILURES_PER_ACCOUNT', 10, { min: 0, max: 1_000_000 }),
      perAddress: read.integer('LOGIN_FAILURES_PER_ADDRESS', 100, { min: 0, max: 1_000_000 }),
      perAddressAnywhere: read.integer('LOGIN_FAILURES_PER_ADDRESS_ANYWHERE', 500, {
        min: 0,
        max: 1_000_000,
      }),
      window: read.integer('LOGIN_FAILURE_WINDOW', 900, { min: 1, max: 86_400 }),
    },
    logLevel: read.choice(
      'LOG_LEVEL',
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'warn',
    ),
    services: readServices(read),
    workerConcurrency: read.integer('WORKER_CONCURRENCY', 1, { min: 1, max: 50 }),
    auditRetentionDays: readAuditRetention(read),
    securityLog: readSecurityLogSettings(read, directory),
    tasksDueSoonDefaultDays: read.integer('TASKS_DUE_SOON_DEFAULT_DAYS', 3, { min: 1, max: 3650 }),
    tasksIncludeOverdueDefault: read.boolean('TASKS_INCLUDE_OVERDUE_DEFAULT', true),
    notificationsIncludeReadDefault: read.boolean('NOTIFICATIONS_INCLUDE_READ_DEFAULT', true),
    notificationStreamAllowedOrigin: read.origin('NOTIFICATION_STREAM_ALLOWED_ORIGIN', '*'),
    accounts: readAccountSettings(read),
    sessions: readSessionSettings(read, { directory, dataDirectory, refreshTokenLifetime }),
    answers: readAnswerSettings(read),
    console: readConsoleSetting(read),
    deliveries: readDeliverySettings(read, { debug, baseDomain, directory }),
    limits: readLimitSettings(read),
    imports: readImportSettings(read),
    backups: readBackupSettings(read, directory),
    tenants: readTenantSettings(read, directory, dataDirectory),
    production: readProductionSettings(read),
    observability: readObservabilitySettings(read, debug),
    operators: readOperatorSettings(read),
  };
  if (read.problems.length > 0) throw new ConfigError(read.problems);
  return config;
}

/**
 * Reads an .env file.
 * @throws ConfigError when it exists but cannot be read: without it every other setting would be misread
 */
export function readEnvFile(file: string): Record<string, string> {
  try {
    return parseDotenv(readFileSync(file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return {};
    throw new ConfigError([`.env cannot be read (${message}): make ${file} a readable file, or remove it`]);
  }
}

function checkDataDirectory(read: SettingsReader, dataDirectory: string): void {
  const found = nearestExisting(dataDirectory);
  if (statOf(found)?.isDirectory()) return;
  read.problem('LEOPARD_DATA_DIR', `must be a folder, not ${dataDirectory}: ${found} is none`);
}

/** Reads the retention of the audit log; the database itself keeps it for a year. */
function readAuditRetention(read: SettingsReader): number {
  const days = read.integer('AUDIT_RETENTION_DAYS', 0, { min: 0, max: 36_500 });
  if (days === 0 || days >= 365) return days;
  read.problem('AUDIT_RETENTION_DAYS', `must be 0 (for ever) or at least 365, not "${days}"`);
  return 0;
}

function readDatabase(read: SettingsReader, dataDirectory: string): DatabaseSettings {
  const url = readDatabaseUrl(read, 'DATABASE_URL');
  const seconds = read.integer('DB_ANSWERS_WITHIN', USUAL_ANSWERS_WITHIN, { min: 1, max: 60 });
  const limit = seconds === USUAL_ANSWERS_WITHIN ? {} : { answersWithin: 1000 * seconds };
  if (!url && !read.has('DB_HOST')) {
    return {
      kind: 'embedded',
      directory: join(dataDirectory, 'postgresql'),
      database: read.text('DB_NAME', 'leopard'),
      ...limit,
    };
  }
  const app: ConnectionSettings = {
    ...(url ?? {
      host: read.text('DB_HOST', 'localhost'),
      port: read.integer('DB_PORT', 5432, { min: 1, max: 65535 }),
      database: read.required('DB_NAME'),
      user: read.required('DB_USER'),
      password: read.required('DB_PASSWORD'),
    }),
    ...limit,
  };
  const direct = readDirect(read, app);
  const server = { kind: 'server' as const, app, ...(direct && { direct }) };
  const ownerUrl = readDatabaseUrl(read, 'DATABASE_OWNER_URL');
  if (ownerUrl) {
    const { host, port, database } = ownerUrl;
    // Names may differ otherwise: a pooler has names of its own.
    if (host === app.host && port === app.port && database !== app.database) {
      read.problem(
        'DATABASE_OWNER_URL',
        `must lead to the program's database, ${app.database}; it leads to ${database}`,
      );
    }
    return { ...server, owner: { ...ownerUrl, ...limit } };
  }
  if (!read.has('DB_OWNER_USER')) return { ...server, owner: null };
  const owner = {
    ...(direct ?? app),
    user: read.required('DB_OWNER_USER'),
    password: read.required('DB_OWNER_PASSWORD'),
  };
  if (owner.user === app.user) {
    read.problem('DB_OWNER_USER', 'must not be DB_USER: the program itself must own no table');
  }
  return { ...server, owner };
}

function readCells(read: SettingsReader, database: DatabaseSettings, directory: string): CellSettings[] {
  const main = database.kind === 'embedded' ? null : (database.direct ?? database.app);
  const { answersWithin } = database.kind === 'embedded' ? database : database.app;
  return readCellSettings(read, { main, directory, answersWithin });
}

/** Parses a `postgres://user:password@host:port/database` URL; null when it is not given. */
function readDatabaseUrl(read: SettingsReader, name: string): ConnectionSettings | null {
  const value = read.text(name, '');
  if (!value) return null;
  const parsed = parseDatabaseUrl(value);
  if (!parsed) read.problem(name, 'must look like postgres://user:password@host:5432/database');
  return parsed;
}

/** Reads the settings of the direct connection past a pooler; null if not given. */
function readDirect(read: SettingsReader, app: ConnectionSettings): ConnectionSettings | null {
  const url = readDatabaseUrl(read, 'DATABASE_DIRECT_URL');
  if (url) return { ...app, ...url };
  if (!read.has('DB_DIRECT_HOST') && !read.has('DB_DIRECT_PORT')) return null;
  return {
    ...app,
    host: read.text('DB_DIRECT_HOST', app.host),
    port: read.integer('DB_DIRECT_PORT', 5432, { min: 1, max: 65535 }),
  };
}

/** Returns the secret key. With DEBUG on, it is created once and kept, so that log-ins outlive a restart. */
function readSecretKey(read: SettingsReader, debug: boolean, dataDirectory: string): string {
  const given = read.text('SECRET_KEY', '');
  if (debug) return given || keptSecretKey(read, dataDirectory);
  if (!given)
    read.problem(
      'SECRET_KEY',
      'is missing; set a random text of 50 characters or more, such as from: openssl rand -base64 48',
    );
  else if (given.length < SHORTEST_KEY)
    read.problem('SECRET_KEY', `is shorter than ${SHORTEST_KEY} characters`);
  else if (
    given.startsWith('django-insecure-') ||
    WELL_KNOWN_KEYS.has(given.toLowerCase()) ||
    new Set(given).size < 8
  ) {
    read.problem('SECRET_KEY', 'is a well-known or easily guessed text; set a random one');
  }
  return given;
}

function keptSecretKey(read: SettingsReader, dataDirectory: string): string {
  if (read.problems.some((problem) => problem.startsWith('LEOPARD_DATA_DIR '))) return '';
  const file = join(dataDirectory, 'secret-key');
  try {
    const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
    if (kept.length >= SHORTEST_KEY) return kept; // a full disk or an edit may have left less
    mkdirSync(dataDirectory, { recursive: true });
    const key = randomBytes(48).toString('base64url');
    writePrivateFile(file, `${key}\n`);
    return key;
  } catch (error) {
    const { message } = error as Error;
    const wayOut = wayOutOf(error, 'set it to a folder that you may write to');
    read.problem('LEOPARD_DATA_DIR', `cannot be used (${message}); ${wayOut}`);
    return '';
  }
}
