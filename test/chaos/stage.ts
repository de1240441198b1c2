import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionSettings } from '../../src/config/config.js';
import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import { Database } from '../../src/database/database.js';
import { withOwner } from '../../src/database/owner.js';
import { startTemporaryServer, type TemporaryServer } from '../../src/database/temporary-server.js';

import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { migrateAll } from '../../src/schema/migrator.js';

import { seedStaff } from '../helpers/staff.js';
import { killAll, postgresOf } from '../start/program.js';
import { buildCopy, otherVersion } from './copies.js';

/** Settings that change how long cases take, in seconds. */
export interface Durations {
  /** Duration of an open transaction. */
  readonly open: number;
  /** Duration of the overload. */
  readonly overload: number;
}

const TEMPLATE = 'chaos_template';
const OWNER = { user: 'leopard_owner', password: 'owner' };
const APP = { user: 'leopard_app', password: 'app' };
const SCHEMAS = ['tenant_main', 'tenant_demo'] as const;

/** The resources that cases share: a durable PostgreSQL that may be killed, a built program, and a database to copy. */
export class Stage {
  #copies = 0;
  #databases = 0;

  private constructor(
    readonly folder: string,
    readonly program: string,
    readonly server: TemporaryServer,
    readonly durations: Durations,
  ) {}

  static async open(durations: Durations, program?: string): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), 'leopard-chaos-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const built = program ?? (await buildCopy(join(folder, 'program')));
    const server = await startTemporaryServer({ durable: true });
    const stage = new Stage(folder, built, server, durations);
    await stage.#buildTemplate();
    return stage;
  }

  async close(): Promise<void> {
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Returns a version of the program that differs by code appended to some modules. */
  version(additions: Readonly<Record<string, string>>): string {
    return otherVersion(this.program, join(this.folder, `version-${++this.#copies}`), additions);
  }

  /** Restarts PostgreSQL as an operator would: no new sessions first, then an immediate stop. */
  async restartPostgres(): Promise<void> {
    process.kill(this.server.pid, 'SIGTERM');
    await new Promise((resolve) => setTimeout(resolve, 500));
    process.kill(this.server.pid, 'SIGINT');
    await this.server.startAgain();
  }

  /** Kills PostgreSQL with all its processes, and starts it again. */
  async killPostgres(): Promise<void> {
    killAll([this.server.pid, ...postgresOf(this.server.directory)]);
    await this.server.startAgain();
  }

  /** Returns a new database with the tenants `main` and `demo`; each has STAFF. */
  async newDatabase(): Promise<{ name: string; app: ConnectionSettings; owner: ConnectionSettings }> {
    const name = `chaos_${++this.#databases}`;
    await withOwner(this.server.admin, async (client) => {
      await client.query(`CREATE DATABASE ${name} OWNER ${OWNER.user} TEMPLATE ${TEMPLATE}`);
      await client.query(`GRANT CONNECT ON DATABASE ${name} TO ${APP.user}`);
    });
    return { name, app: this.#as(APP, name), owner: this.#as(OWNER, name) };
  }

  async dropDatabase(name: string): Promise<void> {
    await withOwner(this.server.admin, (client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
  }

  #as(role: { user: string; password: string }, database: string): ConnectionSettings {
    return { ...this.server.admin, ...role, database };
  }

  async #buildTemplate(): Promise<void> {
    await bootstrapDatabase(this.server.admin, { database: TEMPLATE, owner: OWNER, app: APP });
    const owner = this.#as(OWNER, TEMPLATE);
    await migrateAll(owner, APP.user);
    const database = new Database(this.#as(APP, TEMPLATE), { size: 1 });
    for (const schema of SCHEMAS) {
      const name = schema.slice('tenant_'.length);
      await createTenantSchema(owner, APP.user, {
        schema,
        name,
        domains: [{ domain: `${name}.localhost`, isPrimary: true }],
        status: 'ACTIVE',
      });
      await seedStaff({ database }, schema);
    }
    await database.close();
  }
}
