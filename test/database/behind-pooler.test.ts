import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.js';
import { Listener } from '../../src/database/listener.js';
import { withOwner } from '../../src/database/owner.js';
import { isDirect } from '../../src/database/reachability.js';
import { cliSurroundings, databaseUrl, runCommand } from '../helpers/cli.js';
import { hasPgBouncer, NO_PGBOUNCER, type PgBouncer, startPgBouncer } from '../helpers/pgbouncer.js';

// Features that need a session of their own, with a program that connects through PgBouncer in transaction mode.

const { database, settings, close } = await cliSurroundings();
const hasPsql = spawnSync('psql', ['--version']).status === 0;
let pooler: PgBouncer;
let pooled: NodeJS.ProcessEnv;
const direct = { DATABASE_DIRECT_URL: databaseUrl(database.app) };

beforeAll(async () => {
  if (!hasPgBouncer) return console.warn(NO_PGBOUNCER);
  pooler = await startPgBouncer(database.app, 1);
  pooled = { ...settings, DATABASE_URL: databaseUrl(pooler.settings) };
});
afterAll(async () => {
  await pooler?.stop();
  await close();
});

const WHO = ['--', '-XAtc', 'SELECT current_user, current_schema()'];
const dbshell = (environment: NodeJS.ProcessEnv, args: readonly string[], input?: string) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['bin/leopard.js', 'dbshell', '--tenant', 'demo', ...args],
    { env: { PATH: process.env.PATH, ...environment }, input: input ?? '', encoding: 'utf8' },
  );
  return { status, stdout: stdout.trim(), stderr: stderr.trim() };
};

describe.skipIf(!hasPgBouncer || !hasPsql)('dbshell --tenant', () => {
  it("runs statements, files and what is piped into it with the tenant's role, and leaves none behind", async () => {
    const asTenant = { status: 0, stdout: 'tenant_demo|tenant_demo', stderr: '' };
    expect(dbshell(pooled, WHO)).toEqual(asTenant);
    expect(dbshell(pooled, ['--', '-XAt'], 'SELECT current_user, current_schema();\n')).toEqual(asTenant);
    await withOwner(pooler.settings, async (client) => {
      expect((await client.query('SELECT current_user AS role')).rows).toEqual([{ role: 'leopard_app' }]);
    });
  });

  it('says at a terminal what it needs', async () => {
    const { exitCode, stderr } = await runCommand(pooled, ['dbshell', '--tenant', 'demo'], { answers: [] });
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/^a pooler is in between, .* set DATABASE_DIRECT_URL /),
    ]);
  });

  it('goes past the pooler where the way is given', () => {
    expect(dbshell({ ...pooled, ...direct }, WHO)).toEqual({
      status: 0,
      stdout: 'tenant_demo|tenant_demo',
      stderr: '',
    });
  });
});

describe.skipIf(!hasPgBouncer)('doctor', () => {
  const notices = async (environment: NodeJS.ProcessEnv) => {
    const { stdout } = await runCommand(environment, ['doctor', '--json']);
    return JSON.parse(stdout).checks.find(({ check }: { check: string }) => check === 'notices');
  };

  it('tells of notices that are lost, and not where the way past the pooler is given', async () => {
    expect(await notices(pooled)).toMatchObject({
      status: 'warning',
      text: expect.stringContaining('DATABASE_DIRECT_URL'),
    });
    expect(await notices({ ...pooled, ...direct })).toMatchObject({ status: 'ok' });
  });

  it('knows which is which', async () => {
    expect(await isDirect(pooler.settings)).toBe(false);
    expect(await isDirect(database.app)).toBe(true);
    const listener = new Listener(database.app);
    await listener.start();
    expect(listener.healthy).toBe(true);
    await listener.close();
  });
});

describe('the way past a pooler', () => {
  const base = { ...settings, DATABASE_URL: 'postgres://app:pw@pooler:6432/crm' };
  const read = (more: NodeJS.ProcessEnv) => {
    const { database } = loadConfig({ ...base, ...more });
    return database.kind === 'server' ? database : null;
  };
  const at = (host: string, port: number) => ({ host, port, database: 'crm', user: 'app', password: 'pw' });

  it('is an address, or another host or port', () => {
    expect(read({})?.direct).toBeUndefined();
    expect(read({ DATABASE_DIRECT_URL: 'postgres://app:pw@db/crm' })?.direct).toEqual(at('db', 5432));
    expect(read({ DB_DIRECT_HOST: 'db' })?.direct).toEqual(at('db', 5432));
    expect(read({ DB_DIRECT_PORT: '5433' })?.direct).toEqual(at('pooler', 5433));
  });

  it('is the owner’s too, whose own address is not given', () => {
    const owner = { DATABASE_OWNER_URL: '', DB_OWNER_USER: 'owner', DB_OWNER_PASSWORD: 'secret' };
    expect(read({ ...owner, DB_DIRECT_HOST: 'db' })?.owner).toEqual({
      ...at('db', 5432),
      user: 'owner',
      password: 'secret',
    });
  });

  it('has the limit of answers that all connections have', () => {
    const found = read({ DB_ANSWERS_WITHIN: '2', DB_DIRECT_HOST: 'db' });
    expect([found?.app, found?.direct, found?.owner].map((one) => one?.answersWithin)).toEqual([
      2_000, 2_000, 2_000,
    ]);
  });
});
