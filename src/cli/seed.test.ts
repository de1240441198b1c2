import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandOptions, runCommand, settingsFor } from '../../test/helpers/cli.js';
import { type TestDatabase, testDatabase } from '../../test/helpers/database.js';
import { verifyPassword } from '../auth/passwords.js';
import { withOwner } from '../database/owner.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'leopard-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function useDatabase(from: 'empty' | 'template') {
  let database: TestDatabase;
  let settings: NodeJS.ProcessEnv;
  beforeAll(async () => {
    database = await testDatabase({ from });
    settings = settingsFor(database, folder);
  });
  afterAll(() => database.drop());
  return {
    leopard: (args: readonly string[], options: CommandOptions = {}) => runCommand(settings, args, options),
    rows: (sql: string) => withOwner(database.owner, async (client) => (await client.query(sql)).rows),
  };
}

describe('seed demo', () => {
  const { leopard, rows } = useDatabase('empty');

  it('makes everything from an empty database, and tells who can log in', async () => {
    const { exitCode, stdout } = await leopard(['seed', 'demo'], {
      environment: { BASE_DOMAIN: 'crm.test' },
    });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^main +SUPER_ADMIN +admin@main\.com +admin123$/m);
    const domains = await rows('SELECT domain FROM public.tenants_domain ORDER BY domain');
    expect(domains.map(({ domain }) => domain)).toEqual([
      ...['demo-immigrate.crm.test', 'demo.crm.test', 'main-immigrate.crm.test', 'main.crm.test'],
    ]);
  });

  it('does not do it twice', async () => {
    for (const args of [['seed', 'demo'], ['seed_data']]) {
      const { exitCode, stderr } = await leopard(args);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^there is a tenant .*"tenant_main" already; .*leopard seed_data --tenant$/);
    }
  });
});

describe('seed contract', () => {
  const { leopard, rows } = useDatabase('empty');

  it('loads 10,000 clients into an empty database, once', async () => {
    const first = await leopard(['seed', 'contract']);
    expect([first.exitCode, first.stderr]).toEqual([0, '']);
    expect(await rows('SELECT count(*)::int AS n FROM tenant_main.immigration_client')).toEqual([
      { n: 10_000 },
    ]);
    const second = await leopard(['seed', 'contract']);
    expect([second.exitCode, second.stderr]).toEqual([1, expect.stringContaining('has tenants already')]);
  });
});

describe('seed_data', () => {
  const { leopard, rows } = useDatabase('template');
  const counts = (schema: string) =>
    rows(`SELECT (SELECT count(*)::int FROM ${schema}.immigration_client) AS clients,
                 (SELECT count(*)::int FROM ${schema}.immigration_user) AS users`);

  it('fills one tenant, whose passwords are random and told', async () => {
    await leopard(['register_tenant', '--name', 'Acme', '--tenant', 'acme']);
    const { exitCode, stdout } = await leopard(['seed_data', '--tenant', 'acme']);
    expect(exitCode).toBe(0);
    const [, username, password] = /^acme +SUPER_ADMIN +(\S+) +(\S+)$/m.exec(stdout)!;
    const [admin] = await rows(
      `SELECT password FROM tenant_acme.immigration_user WHERE username = '${username}'`,
    );
    expect(await verifyPassword(password!, admin.password)).toBe(true);
    expect((await counts('tenant_acme'))[0].clients).toBeGreaterThan(50);
    expect(await counts('tenant_demo')).toEqual([{ clients: 0, users: 0 }]);
  });

  it('adds nothing to data that is there', async () => {
    const before = await counts('tenant_acme');
    const { exitCode, stderr } = await leopard(['seed_data', '--tenant', 'acme']);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('has data of its own')]);
    expect(await counts('tenant_acme')).toEqual(before);
  });

  it('replaces it with --clear, with the files; at a terminal only after DELETE', async () => {
    const pictures = join(folder, 'media', 'tenant_acme', 'profile-pictures');
    mkdirSync(pictures, { recursive: true });
    const args = ['seed_data', '--tenant', 'acme', '--clear'];
    const refused = await leopard(args, { answers: ['no'] });
    expect([refused.exitCode, refused.stderr]).toEqual([1, 'nothing was removed']);
    expect(existsSync(pictures)).toBe(true);
    const before = await counts('tenant_acme');
    expect((await leopard(args, { answers: ['DELETE'] })).exitCode).toBe(0);
    expect(await counts('tenant_acme')).toEqual(before);
    expect(existsSync(pictures)).toBe(false);
    expect((await leopard(args)).exitCode).toBe(0); // a script is not asked
  });

  it.each([
    [['--clear'], 2, /give --tenant; see: leopard help seed_data$/],
    [['--tenant', 'nobody'], 1, /no tenant with the schema tenant_nobody/],
  ])('refuses %j', async (args, exitCode, message) => {
    const result = await leopard(['seed_data', ...args]);
    expect([result.exitCode, result.stdout]).toEqual([exitCode, '']);
    expect(result.stderr).toMatch(message);
  });
});
