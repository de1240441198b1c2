import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import type { ConnectionSettings } from '../../src/config/config.js';
import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import { Database } from '../../src/database/database.js';
import { startTemporaryServer, type TemporaryServer } from '../../src/database/temporary-server.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { tryPort } from '../../src/platform/try-port.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { PASSWORD } from '../helpers/app.js';
import { databaseUrl } from '../helpers/cli.js';
import { type Nginx, startNginx } from '../helpers/nginx.js';
import { type PgBouncer, startPgBouncer } from '../helpers/pgbouncer.js';
import { seedStaff } from '../helpers/staff.js';
import { hasSystemPostgres, systemBinaries } from '../helpers/system-postgres.js';
import { type Row, tenantSql } from '../helpers/tenant-sql.js';
import type { TlsTarget } from '../helpers/tls-client.js';
import { Program } from '../start/program.js';
import { type DrilledPlatform, logInAt } from './drilled-platform.js';
import { Part } from './part.js';

const DOMAIN = 'leopard.test';
/** The host of the one agency. */
const HOST = `main.${DOMAIN}`;
const OWNER = { user: 'leopard_owner', password: 'owner' };
const APP = { user: 'leopard_app', password: 'app' };
const DATABASE = 'leopard';
export interface PlatformOptions {
  /** Whether PgBouncer is between the program and the database. */
  readonly pooler: boolean;
  /** The folder on whose disk the database is. */
  readonly databaseFolder?: string;
  /** Settings of all processes. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * The platform as a small production: nginx with TLS, PgBouncer and PostgreSQL with the files and settings of deployment/, two API
 * processes (one at a port, one at a socket file), a worker and a scheduler, each of which is started again when it ends.
 */
export class Platform implements DrilledPlatform {
  readonly host = HOST;

  private constructor(
    readonly folder: string,
    readonly postgres: TemporaryServer,
    readonly admin: ConnectionSettings,
    readonly pooler: PgBouncer | null,
    readonly api: readonly [Part, Part],
    readonly worker: Part,
    readonly scheduler: Part,
    readonly nginx: Nginx,
  ) {}

  static async open({ pooler: hasPooler, databaseFolder, environment }: PlatformOptions): Promise<Platform> {
    const folder = mkdtempSync(join(tmpdir(), 'leopard-drill-'));
    chmodSync(folder, 0o755);
    const postgres = await startDatabase(folder, databaseFolder);
    const admin = { ...postgres.admin, database: DATABASE };
    const [app, owner] = [APP, OWNER].map((role) => ({ ...admin, ...role })) as [
      ConnectionSettings,
      ConnectionSettings,
    ];
    await fill(postgres.admin, owner, app);
    const pooler = hasPooler ? await startPooler(app) : null;
    const port = await tryPort('127.0.0.1', 0);
    const socket = join(folder, 'api-2.sock');
    mkdirSync(join(folder, 'media'));
    const settings: Record<string, string> = {
      ...parseDotenv(readFileSync(join(PACKAGE_ROOT, 'deployment', 'environments', 'production.env'))),
      DATABASE_URL: databaseUrl(pooler?.settings ?? app),
      DATABASE_DIRECT_URL: databaseUrl(app),
      SECRET_KEY: 'a key for the drill, long enough and like no other: 9182736450',
      LEOPARD_DATA_DIR: folder,
      MEDIA_DIR: join(folder, 'media'),
      BASE_DOMAIN: DOMAIN,
      SECURITY_LOG_FILE: join(folder, 'security.log'),
      METRICS_PORT: '0',
      EMAIL_TRANSPORT: 'off',
      LOG_LEVEL: 'fatal', // failures are counted by those who see them
      ...environment,
    };
    const start = (services: string, more: Readonly<Record<string, string>> = {}) => {
      const given = { directory: folder, environment: { ...settings, LEOPARD_SERVICES: services, ...more } };
      return () => Program.leopard(['serve'], given);
    };
    const [first, second, worker, scheduler] = await Promise.all([
      Part.begin('API 1', start('api', { PORT: String(port) })),
      Part.begin('API 2', start('api', { HOST: `unix:${socket}`, SOCKET_MODE: '666' })),
      Part.begin('worker', start('worker')),
      Part.begin('scheduler', start('scheduler')),
    ]);
    const nginx = await startNginx({
      domain: DOMAIN,
      upstreams: [`127.0.0.1:${port}`, `unix:${socket}`],
    });
    return new Platform(folder, postgres, admin, pooler, [first, second], worker, scheduler, nginx);
  }

  get target(): TlsTarget {
    return { port: this.nginx.httpsPort, certificates: this.nginx.certificates };
  }

  logIn(username: string): Promise<string> {
    return logInAt(this, username, PASSWORD);
  }

  sql(text: string, values?: unknown[]): Promise<Row[]> {
    return tenantSql(this.admin, text, values);
  }

  async close(): Promise<void> {
    await this.nginx.stop();
    await Promise.all([...this.api, this.worker, this.scheduler].map((part) => part.stop()));
    await this.pooler?.stop();
    await this.postgres.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Starts Debian's PostgreSQL, or the embedded one, with the settings for a small machine. */
async function startDatabase(folder: string, place: string | undefined): Promise<TemporaryServer> {
  const file = join(folder, 'postgresql.conf');
  cpSync(join(PACKAGE_ROOT, 'deployment', 'postgresql', 'small.conf'), file);
  const connections = /^max_connections = (\d+)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '100';
  // The part of the machine that this test may have.
  const settings = {
    ...{ config_file: file, max_connections: connections, shared_buffers: '64MB', max_wal_size: '128MB' },
    ...{ min_wal_size: '32MB', wal_compression: 'off', logging_collector: 'off', archive_mode: 'off' },
  };
  const before = process.env.TMPDIR;
  if (place !== undefined) process.env.TMPDIR = place;
  try {
    return await startTemporaryServer({
      durable: true,
      settings,
      ...(hasSystemPostgres && { binaries: systemBinaries() }),
    });
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}

/** Makes the database with one agency, its staff and a few clients, as an operator's commands would. */
async function fill(
  admin: ConnectionSettings,
  owner: ConnectionSettings,
  app: ConnectionSettings,
): Promise<void> {
  await bootstrapDatabase(admin, { database: DATABASE, owner: OWNER, app: APP });
  await migrateAll(owner, APP.user);
  await createTenantSchema(owner, APP.user, {
    schema: 'tenant_main',
    name: 'main',
    domains: [{ domain: HOST, isPrimary: true }],
    status: 'ACTIVE',
  });
  const database = new Database(app, { size: 1 });
  try {
    await seedStaff({ database });
  } finally {
    await database.close();
  }
}

/** Starts PgBouncer with the file of deployment/. */
async function startPooler(app: ConnectionSettings): Promise<PgBouncer> {
  const ini = readFileSync(join(PACKAGE_ROOT, 'deployment', 'pgbouncer', 'pgbouncer.ini'), 'utf8');
  return await startPgBouncer(app, 0, ({ database, port, users }) =>
    ini
      .replace(
        'leopard = host=127.0.0.1 port=5432 dbname=leopard',
        `${DATABASE} = host=127.0.0.1 port=${database.port}`,
      )
      .replace('listen_port = 6432', `listen_port = ${port}`)
      .replace('/etc/pgbouncer/userlist.txt', users)
      .replaceAll('pgbouncer_admin', APP.user),
  );
}
