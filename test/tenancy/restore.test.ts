import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../../src/app/server.js';
import { type Config, type ConnectionSettings, loadConfig } from '../../src/config/config.js';
import { bootstrapDatabase } from '../../src/database/bootstrap.js';
import type { Finding } from '../../src/database/finding.js';
import { withOwner } from '../../src/database/owner.js';
import { databaseUrl, runCommand } from '../helpers/cli.js';
import { startPostgres } from '../helpers/postgres-server.js';
import { hasSystemPostgres, runSystem, startSystemPostgres } from '../helpers/system-postgres.js';

const PASSWORD = 'Passw0rd!23';
const OWNER = { user: 'leopard_owner', password: 'owner' };
const APP = { user: 'leopard_app', password: 'app' };
const SCHEMA = 'tenant_everest';

/** The program on a database of a server of its own: its commands, its API and the superuser's SQL. */
class Installation {
  readonly folder = mkdtempSync(join(tmpdir(), 'leopard-restore-'));
  #server: RunningServer | undefined;

  constructor(readonly admin: ConnectionSettings) {}

  get settings(): NodeJS.ProcessEnv {
    return {
      DATABASE_URL: databaseUrl({ ...this.admin, ...APP, database: 'leopard' }),
      DATABASE_OWNER_URL: databaseUrl({ ...this.admin, ...OWNER, database: 'leopard' }),
      SECRET_KEY: 'k7Jq2mX9vT4wB8nR5sY1zC6dF3gH0pLaEuKi',
      LEOPARD_DATA_DIR: this.folder,
      LOG_LEVEL: 'silent',
    };
  }

  get superuser(): ConnectionSettings {
    return { ...this.admin, database: 'leopard' };
  }

  bootstrap = () => bootstrapDatabase(this.admin, { database: 'leopard', owner: OWNER, app: APP });
  leopard = (...args: string[]) => runCommand(this.settings, args);

  async sql(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return await withOwner(this.superuser, async (client) => (await client.query(text, values)).rows);
  }

  async addTenant(): Promise<void> {
    expect(await this.leopard('migrate')).toMatchObject({ exitCode: 0, stderr: '' });
    const admin = ['--admin-email', 'boss@everest.example', '--admin-password', PASSWORD];
    const made = await this.leopard('register_tenant', '--name', 'Everest', '--tenant', 'everest', ...admin);
    expect(made.exitCode).toBe(0);
  }

  async doctor(): Promise<Map<string, Finding>> {
    const { checks } = JSON.parse((await this.leopard('doctor', '--json')).stdout) as { checks: Finding[] };
    return new Map(
      checks.filter(({ status }) => status === 'problem').map((finding) => [finding.check, finding]),
    );
  }

  async ask(method: string, path: string, body?: object, token?: string) {
    this.#server ??= await this.#serve();
    const { port } = new URL(this.#server.address);
    return await new Promise<{ status: number; body: { access: string; id: number } }>((resolve, reject) => {
      const headers = {
        host: 'everest.localhost',
        'content-type': 'application/json',
        ...(token && { authorization: `Bearer ${token}` }),
      };
      const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
        const parts: Buffer[] = [];
        response
          .on('data', (part) => parts.push(part))
          .on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              body: JSON.parse(Buffer.concat(parts).toString() || '{}'),
            }),
          );
      });
      sent.on('error', reject).end(body && JSON.stringify(body));
    });
  }

  logIn = () => this.ask('POST', '/api/token/', { username: 'boss@everest.example', password: PASSWORD });

  /** Returns a new client whose stage changes, which makes an event. */
  async addClient(): Promise<number> {
    const { body } = await this.logIn();
    const client = { first_name: 'Pema', gender: 'OTHER', country: 'NP' };
    const made = await this.ask('POST', '/api/v1/clients/', client, body.access);
    const path = `/api/v1/clients/${made.body.id}/`;
    return (await this.ask('PATCH', path, { stage: 'FOLLOW_UP' }, body.access)).status;
  }

  async #serve(): Promise<RunningServer> {
    const app = { ...this.admin, ...APP, database: 'leopard' };
    const config: Config = loadConfig({ ...this.settings, PORT: '0' }, this.folder);
    const handle = {
      kind: 'server' as const,
      app,
      owner: { ...app, ...OWNER },
      ended: new Promise<void>(() => undefined),
      close: async () => undefined,
      abandon: () => undefined,
    };
    return await startServer(config, handle);
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const waiting = async (installation: Installation) =>
  (
    await installation.sql(
      `SELECT event_id::integer AS id FROM public.event_queue WHERE schema_name = '${SCHEMA}' ORDER BY 1`,
    )
  ).map(({ id }) => id);

describe('a database that has lost rights, triggers and functions', () => {
  let server: Awaited<ReturnType<typeof startPostgres>>;
  let installation: Installation;
  beforeAll(async () => {
    server = await startPostgres();
    installation = new Installation(server.admin);
    await installation.bootstrap();
    await installation.addTenant();
  });
  afterAll(async () => {
    await installation.close();
    await server.stop();
  });

  const expectInOrder = async () => {
    expect([...(await installation.doctor()).values()]).toEqual([]);
    expect(await installation.addClient()).toBe(200);
  };

  it('is as the program makes it at first', expectInOrder);

  it('says so, and gets the rights back from migrate', async () => {
    await installation.sql(`DROP OWNED BY ${SCHEMA}; DROP ROLE ${SCHEMA}; DROP OWNED BY ${APP.user}`);
    await installation.bootstrap();
    expect((await installation.logIn()).status).toBeGreaterThanOrEqual(500);
    expect([...(await installation.doctor()).keys()]).toContain('tables');
    expect((await installation.leopard('migrate')).exitCode).toBe(0);
    await expectInOrder();
  });

  it('gets the rights back where only the tables have lost them', async () => {
    await installation.sql(`REVOKE ALL ON ALL TABLES IN SCHEMA ${SCHEMA} FROM ${SCHEMA};
      GRANT UPDATE ON ${SCHEMA}.immigration_clientactivity TO ${SCHEMA}`);
    expect((await installation.logIn()).status).toBe(503);
    expect((await installation.doctor()).get('tables')?.text).toMatch(
      /tenant_everest: right \w+ is changed, .* and \d+ more/,
    );
    expect(await installation.leopard('migrate')).toMatchObject({
      exitCode: 0,
      stdout: 'restored missing functions, triggers or privileges of 1 tenant',
    });
    await expectInOrder();
  });

  it('gets functions, triggers and capture back', async () => {
    await installation.sql(`
      ALTER TABLE ${SCHEMA}.immigration_client DISABLE TRIGGER ALL;
      DROP TRIGGER queue ON ${SCHEMA}.delivery;
      DROP FUNCTION ${SCHEMA}.email_notifications() CASCADE;
      GRANT EXECUTE ON FUNCTION public.queue_delivery() TO PUBLIC`);
    const { text } = (await installation.doctor()).get('tables') ?? {};
    expect(text).toMatch(/capture_\w+ is disabled/);
    expect(text).toMatch(/function email_notifications\(\) is missing/);
    expect((await installation.leopard('migrate')).exitCode).toBe(0);
    await expectInOrder();
    const [closed] = await installation.sql(
      `SELECT has_function_privilege('${APP.user}', 'public.queue_delivery()', 'EXECUTE') AS open`,
    );
    expect(closed).toEqual({ open: false });
  });

  it('has rows of another schema in the queues: they fail no change, and migrate clears them', async () => {
    expect(await installation.addClient()).toBe(200);
    const known = await waiting(installation);
    const kept = Number(known.at(-1));
    // Queued rows that the restored schema no longer has, and whose ids it will use again.
    await installation.sql(`INSERT INTO public.event_queue (schema_name, event_id, event_type, entity_type, entity_id)
      SELECT '${SCHEMA}', ${kept} + n, 'Client.DELETE', 'Client', 1 FROM generate_series(1, 50) n`);
    await installation.sql(`INSERT INTO public.delivery_queue (schema_name, delivery_id, destination, due_at)
      VALUES ('${SCHEMA}', 1, 'gone.example:443', now());
      INSERT INTO public.client_import_queue (schema_name, import_id, due_at) VALUES ('${SCHEMA}', 1, now())`);
    expect(await installation.addClient()).toBe(200);
    const [queued] = await installation.sql(
      `SELECT event_type FROM public.event_queue WHERE schema_name = '${SCHEMA}' AND event_id = ${kept} + 1`,
    );
    expect(queued).toEqual({ event_type: 'Client.stage.UPDATE' });
    await installation.sql('DELETE FROM public.event_queue WHERE event_id = $1', [kept]);
    await installation.sql(
      `UPDATE public.tenant_incarnation SET namespace = 1 WHERE schema_name = '${SCHEMA}'`,
    );
    expect((await installation.leopard('migrate')).stdout).toContain('in order');
    expect(await waiting(installation)).toEqual([...known, kept + 1]);
    const [left] = await installation.sql(
      'SELECT (SELECT count(*) FROM public.delivery_queue) + (SELECT count(*) FROM public.client_import_queue) AS n',
    );
    expect(left).toEqual({ n: '0' });
    expect((await installation.leopard('migrate')).stdout).toBe('nothing to do: everything is applied');
  });

  it('names what only a backup has: tables and columns; an index that is missing is a warning', async () => {
    await installation.sql(`ALTER TABLE ${SCHEMA}.immigration_note DROP COLUMN IF EXISTS content CASCADE;
      DROP TABLE ${SCHEMA}.deadline_alert CASCADE; DROP INDEX ${SCHEMA}.delivery_event_id_idx;
      SET ROLE ${OWNER.user}; CREATE TABLE ${SCHEMA}.own ()`);
    const { text } = (await installation.doctor()).get('tables') ?? {};
    expect(text).toContain(`${SCHEMA}: table deadline_alert is missing, `);
    expect(text).toContain('tables and columns come from a backup');
    const { exitCode, stderr } = await installation.leopard('migrate');
    expect([exitCode, stderr]).toEqual([0, '']);
  });
});

describe.skipIf(!hasSystemPostgres)('pg_dump and pg_restore', () => {
  let servers: Awaited<ReturnType<typeof startSystemPostgres>>[];
  let before: Installation;
  let after: Installation;
  let dump: string;
  beforeAll(async () => {
    servers = await Promise.all([startSystemPostgres(), startSystemPostgres()]);
    [before, after] = servers.map(({ admin }) => new Installation(admin)) as [Installation, Installation];
    dump = join(before.folder, 'dump');
    await before.bootstrap();
    await before.addTenant();
    expect(await before.addClient()).toBe(200);
  }, 60_000);
  afterAll(async () => {
    for (const installation of [before, after]) await installation?.close();
    for (const server of servers ?? []) await server.stop();
  });

  it('of one tenant’s schema: changes go on at once, and migrate clears what is not its', async () => {
    const [kept] = await waiting(before);
    const file = join(before.folder, 'schema');
    expect(await runSystem('pg_dump', before.superuser, ['-Fc', '-n', SCHEMA, '-f', file])).toMatchObject({
      ok: true,
    });
    for (let i = 0; i < 3; i++) expect(await before.addClient()).toBe(200);
    await before.sql(`DROP SCHEMA ${SCHEMA} CASCADE`);
    expect(
      await runSystem('pg_restore', before.superuser, ['--no-owner', `--role=${OWNER.user}`, file]),
    ).toEqual({
      ok: true,
      stderr: '',
    });
    expect(await before.addClient()).toBe(200);
    expect((await before.leopard('migrate')).exitCode).toBe(0);
    expect(await waiting(before)).toEqual([kept, Number(kept) + 1]);
    expect([...(await before.doctor()).values()]).toEqual([]);
  });

  it('of the whole database into a fresh server: migrate gives the rights, and people log in', async () => {
    expect(await runSystem('pg_dump', before.superuser, ['-Fc', '-f', dump])).toMatchObject({ ok: true });
    await after.bootstrap();
    const restored = await runSystem('pg_restore', after.superuser, [
      '--no-owner',
      `--role=${OWNER.user}`,
      dump,
    ]);
    expect(restored.stderr).toContain(`role "${SCHEMA}" does not exist`);
    expect((await after.logIn()).status).toBe(503);
    const problems = await after.doctor();
    expect([...problems.keys()]).toEqual(expect.arrayContaining(['tenants', 'tables']));
    expect((await after.leopard('migrate')).exitCode).toBe(0);
    expect([...(await after.doctor()).values()]).toEqual([]);
    await expect.poll(async () => (await after.logIn()).status).toBe(200);
    expect(await after.addClient()).toBe(200);
    expect((await after.leopard('migrate')).stdout).toBe('nothing to do: everything is applied');
  });

  it('by another role than the owner: one line says what to do', async () => {
    await after.close();
    await withOwner(after.admin, (client) => client.query('DROP DATABASE leopard WITH (FORCE)'));
    await after.bootstrap();
    await runSystem('pg_restore', after.superuser, ['--no-owner', dump]);
    const line = new RegExp(
      `\\d+ tables of public belong to postgres, so ${OWNER.user} cannot maintain them; restore`,
    );
    expect((await after.doctor()).get('tables')?.text).toMatch(line);
    expect(await after.leopard('migrate')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(line),
    });
  });
});
