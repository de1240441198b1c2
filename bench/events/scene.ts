import { join } from 'node:path';
import type { ConnectionSettings } from '../../src/config/config.js';
import { openDatabase } from '../../src/database/connections.js';
import { startEmbedded } from '../../src/database/embedded/embedded.js';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { build, freePort, Instance, Program } from '../program.js';
import type { Workshop } from '../workshop.js';

export const TENANTS = ['tenant_main', 'tenant_two', 'tenant_three', 'tenant_four'] as const;
export const CLIENTS = 20_000;
/** Number of assignees; all of the one branch. */
export const USERS = 20;

/** A server that records when transactions commit, four agencies, and the program to be started on it. */
export interface Scene {
  readonly workshop: Workshop;
  readonly port: number;
  readonly instance: Instance;
  readonly app: ConnectionSettings;
  /** The server's superuser. */
  readonly admin: ConnectionSettings;
  /** Runs SQL as the server's superuser, who may ask when a transaction committed. */
  sql<T>(text: string, values?: readonly unknown[]): Promise<T[]>;
  start(services: string, settings?: Readonly<Record<string, string>>): Program;
}

/** Opens the scene in the workshop's folder; closing the workshop removes it. */
export async function openScene(workshop: Workshop, say: (line: string) => void): Promise<Scene> {
  await build();
  const directory = join(workshop.directory, 'data');
  const noted = await startEmbedded({ directory: join(directory, 'postgresql') }); // where the program has it
  await withOwner(noted.admin, (client) => client.query('ALTER SYSTEM SET track_commit_timestamp = on'));
  await noted.stop();
  const port = await freePort();
  const handle = await openDatabase(new Instance(directory, port).config);
  workshop.atEnd(() => handle.close());
  const { app, owner } = handle;
  if (!owner) throw new Error("the owner's connection is missing");
  await migrateAll(owner, app.user);
  for (const schema of TENANTS) {
    say(`provisioning ${schema}`);
    const domains = [{ domain: `${schema.replace('tenant_', '')}.localhost`, isPrimary: true }];
    await createTenantSchema(owner, app.user, { schema, name: schema, domains });
    await withOwner(owner, (client) => fill(client, schema));
  }
  const admin = { ...noted.admin, port: app.port, database: app.database };
  const instance = new Instance(workshop.directory, port, {
    DB_HOST: app.host,
    DB_PORT: String(app.port),
    DB_NAME: app.database,
    DB_USER: app.user,
    DB_PASSWORD: app.password ?? '',
    DB_OWNER_USER: owner.user,
    DB_OWNER_PASSWORD: owner.password ?? '',
  });
  return {
    workshop,
    port,
    instance,
    app,
    admin,
    sql: <T>(text: string, values: readonly unknown[] = []) =>
      withOwner(admin, async (client) => {
        const { rows } = await client.query(text, [...values]);
        return rows as T[];
      }),
    start(services, settings = {}) {
      workshop.ensureOpen();
      const program = new Program(instance, ['--services', services], settings);
      workshop.atEnd(() => program.stop());
      return program;
    },
  };
}

async function fill(client: OwnerClient, schema: string): Promise<void> {
  await client.query(`SET search_path TO ${schema}`);
  await client.query(
    `INSERT INTO immigration_user (username, email, is_superuser)
     SELECT 'user' || n, 'user' || n || '@example.com', n = 1 FROM generate_series(1, $1::integer) n`,
    [USERS],
  );
  await client.query(
    `INSERT INTO immigration_client (first_name, last_name, email, phone_number)
     SELECT 'First' || n, 'Last' || n, 'client' || n || '@example.com', '+977-98' || n
     FROM generate_series(1, $1::integer) n`,
    [CLIENTS],
  );
  await client.query('VACUUM (ANALYZE) immigration_client, immigration_user');
}
