import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse as parseDotenv } from 'dotenv';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../../src/database/finding.js';
import { readMigrations } from '../../src/database/migration-files.js';
import { withOwner } from '../../src/database/owner.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { runCommand } from '../helpers/cli.js';
import { startPostgres } from '../helpers/postgres-server.js';

/** The steps of docs/operations.md, on a server of their own: they change roles, which belong to the whole server. */
const page = readFileSync(join(PACKAGE_ROOT, 'docs', 'operations.md'), 'utf8');
const block = (language: string) => new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(page)?.[1] ?? '';

let server: Awaited<ReturnType<typeof startPostgres>>;
let folder: string;
beforeAll(async () => {
  server = await startPostgres();
  folder = mkdtempSync(join(tmpdir(), 'leopard-own-server-'));
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

function settings(): NodeJS.ProcessEnv {
  const { host, port } = server.admin;
  return {
    ...parseDotenv(block('sh').replaceAll('localhost:5432', `${host}:${port}`)),
    SECRET_KEY: 'k7Jq2mX9vT4wB8nR5sY1zC6dF3gH0pLaEuKi',
    LEOPARD_DATA_DIR: folder,
  };
}

async function administrate(script: string): Promise<void> {
  await withOwner(server.admin, async (client) => {
    // One by one: CREATE DATABASE runs in no transaction.
    for (const statement of script.split(';\n')) await client.query(statement);
  });
}

async function doctor(environment: NodeJS.ProcessEnv): Promise<string[]> {
  const { stdout } = await runCommand(environment, ['doctor', '--json']);
  const { checks } = JSON.parse(stdout) as { checks: Finding[] };
  return checks.filter(({ status }) => status !== 'ok').map(({ check, text }) => `${check}: ${text}`);
}

const TENANT = ['register_tenant', '--name', 'Everest Education', '--tenant', 'everest'];
/** The output of `migrate` according to the page, with the number of migrations filled in below. */
const [, promised = ''] = /prints `(applied … migrations to 1 schema)`/.exec(page) ?? [];
const printed = promised.replace('…', String(readMigrations().shared.length));

it('the documented steps lead to a database without a fault', async () => {
  await administrate(block('sql'));
  expect(await doctor(settings())).toEqual([
    expect.stringMatching(/^pg_trgm: /),
    ...[
      'roles',
      'rights',
      'role settings',
      'migrations',
      'tenants',
      'public',
      'tables',
      'settings of tenants',
      'domains',
      'operations',
      'deleted tenants',
      'retention of logs',
    ].map((check) => expect.stringMatching(new RegExp(`^${check}: .*; run: leopard migrate$`))),
  ]);
  const migrate = () => runCommand(settings(), ['migrate']);
  expect(await migrate()).toMatchObject({ exitCode: 0, stderr: '', stdout: printed });
  expect((await migrate()).stdout).toBe('nothing to do: everything is applied');
  expect(await runCommand(settings(), TENANT)).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await doctor(settings())).toEqual([]);
});

it('a role with INHERIT is left as it is where each membership says what is inherited', async () => {
  await administrate('ALTER ROLE leopard_app INHERIT');
  await runCommand(settings(), ['migrate']);
  expect(await doctor(settings())).toEqual([]);
  const app = { ...server.admin, database: 'leopard', user: 'leopard_app', password: 'app-password' };
  await withOwner(app, async (client) => {
    const { rows } = await client.query(
      'SELECT rolinherit AS inherits FROM pg_roles WHERE rolname = current_user',
    );
    expect(rows).toEqual([{ inherits: true }]);
    const reading = client.query('SELECT FROM tenant_everest.immigration_client');
    await expect(reading).rejects.toThrow('permission denied for schema tenant_everest');
  });
});

it('a superuser as the owner needs nothing made before', async () => {
  const { user, password, host, port } = server.admin;
  const other = (role: string, secret: string) => `postgres://${role}:${secret}@${host}:${port}/leopard_two`;
  const environment = {
    ...settings(),
    DATABASE_URL: other('leopard_app_two', 'x'),
    DATABASE_OWNER_URL: other(user, password),
  };
  expect(await runCommand(environment, ['migrate'])).toMatchObject({ exitCode: 0, stdout: printed });
  expect(await runCommand(environment, TENANT)).toMatchObject({ exitCode: 0, stderr: '' });
  expect(await doctor(environment)).toEqual([]);
});
