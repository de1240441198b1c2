import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cliSurroundings, runCommand } from '../../test/helpers/cli.js';
import { PACKAGE_ROOT } from '../platform/package-root.js';

const { folder, settings, close } = await cliSurroundings();
afterAll(close);

/** Runs the real program, with this text piped into it. */
async function leopard(args: readonly string[], input = '', environment: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [join(PACKAGE_ROOT, 'bin', 'leopard.js'), ...args], {
    cwd: PACKAGE_ROOT,
    env: { PATH: process.env.PATH, HOME: folder, ...settings, ...environment },
  });
  const [stdout, stderr]: [string[], string[]] = [[], []];
  child.stdout.on('data', (text: Buffer) => stdout.push(text.toString()));
  child.stderr.on('data', (text: Buffer) => stderr.push(text.toString()));
  child.stdin.end(input);
  const exitCode = await new Promise((resolve) => child.once('close', resolve));
  return { exitCode, stdout: stdout.join(''), stderr: stderr.join('') };
}

const hasPsql = spawnSync('psql', ['--version']).status === 0;

describe('shell', () => {
  it('runs what is piped into it, reading and writing through the tenant transaction', async () => {
    const { exitCode, stdout, stderr } = await leopard(
      ['shell'],
      `const main = tenant('main');
await main.query(sql\`INSERT INTO immigration_region (name) VALUES (\${'Nørth'})\`);
console.log(await main.query('SELECT name, $1::int AS n FROM immigration_region', 7));
console.log(await tenant('demo').query(sql\`SELECT name FROM immigration_region\`));
console.log(await tenant('main', { userId: 5 }).transaction((t) =>
  t.query(sql\`SELECT current_setting('leopard.user_id') AS acting, current_user::text AS role\`)));
console.log(await database.publicQuery(sql\`SELECT count(*) AS tenants FROM public.tenants_tenant\`));
`,
    );
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout.trim().split('\n')).toEqual([
      "[ { name: 'Nørth', n: 7 } ]",
      '[]',
      "[ { acting: '5', role: 'tenant_main' } ]",
      '[ { tenants: 2 } ]',
    ]);
  });

  it.each([
    "await tenant('main').query('SELECT * FROM tenant_demo.immigration_client')",
    'await database.publicQuery(sql`SELECT * FROM tenant_demo.immigration_client`)',
  ])("is refused another tenant's tables by the database: %s", async (code) => {
    const { exitCode, stderr } = await runCommand(settings, ['shell', '-c', code]);
    expect([exitCode, stderr]).toEqual([1, 'the script failed: permission denied for schema tenant_demo']);
  });

  it('ends at the first error and keeps nothing of its transaction', async () => {
    const insert = "t.query(sql`INSERT INTO immigration_region (name) VALUES ('Half')`)";
    const code = `await tenant('main').transaction(async (t) => { await ${insert}; throw new Error('stop'); })`;
    const { exitCode, stderr } = await runCommand(settings, ['shell', '--command', code]);
    expect([exitCode, stderr]).toEqual([1, 'the script failed: stop']);
    const check = `const rows = await tenant('main').query("SELECT FROM immigration_region WHERE name = 'Half'");
      if (rows.length > 0) throw new Error('it is there')`;
    expect((await runCommand(settings, ['shell', '-c', check])).exitCode).toBe(0);
  });
});

describe('dbshell', () => {
  it.skipIf(!hasPsql)("connects as the program, with a tenant's role, or as the owner", async () => {
    const query = ['--', '-XAtc', 'SELECT session_user, current_user, current_schema()'];
    const options = [[], ['--tenant', 'demo'], ['--owner']];
    const results = await Promise.all(options.map((given) => leopard(['dbshell', ...given, ...query])));
    expect(results.map(({ stdout }) => stdout.trim())).toEqual([
      'leopard_app|leopard_app|public',
      'leopard_app|tenant_demo|tenant_demo',
      'leopard_owner|leopard_owner|public',
    ]);
  });

  it.skipIf(!hasPsql)('reads what is piped into it, and ends as psql does', async () => {
    const { exitCode, stdout, stderr } = await leopard(
      ['dbshell', '--', '-XAt', '-v', 'ON_ERROR_STOP=1'],
      'SELECT 40 + 2;\nSELECT * FROM tenant_main.immigration_client;\n',
    );
    expect([exitCode, stdout]).toEqual([3, '42\n']);
    expect(stderr).toContain('permission denied for schema tenant_main');
  });

  it('tells what to do where there is no psql', async () => {
    const { exitCode, stderr } = await runCommand(settings, ['dbshell'], { environment: { PATH: folder } });
    expect([exitCode, stderr]).toEqual([
      1,
      'psql is not installed; install the PostgreSQL client, or use: leopard shell',
    ]);
  });
});

describe('the program itself', () => {
  it('prints JSON alone on stdout, and errors on stderr', async () => {
    const list = await leopard(['tenants', 'list', '--json']);
    expect([list.exitCode, list.stderr]).toEqual([0, '']);
    expect(JSON.parse(list.stdout)).toHaveLength(2);
    const wrong = await leopard(['tenants', 'lst']);
    expect([wrong.exitCode, wrong.stdout]).toEqual([2, '']);
    expect(wrong.stderr).toMatch(/^unknown command 'lst'.*; see: node bin\/leopard\.js help tenants\n$/);
  });

  it('asks nothing where input is no terminal', async () => {
    const { exitCode, stdout, stderr } = await leopard(['deregister_tenant', '--tenant', 'main'], 'DELETE\n');
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/add --force; see: node bin\/leopard\.js help deregister_tenant\n$/);
  });
});
