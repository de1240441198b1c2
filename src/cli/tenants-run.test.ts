import { afterAll, beforeAll, expect, it } from 'vitest';
import { cliSurroundings, runCommand } from '../../test/helpers/cli.js';

let on: Awaited<ReturnType<typeof cliSurroundings>>;
beforeAll(async () => {
  on = await cliSurroundings();
});
afterAll(() => on.close());

const run = (...args: string[]) =>
  runCommand({ ...on.settings, PATH: process.env.PATH }, ['tenants', 'run', ...args]);

it('runs the command for each tenant, which variables name, and labels its output', async () => {
  const script = 'echo "$TENANT $TENANT_SCHEMA $TENANT_DOMAIN $1"; echo careful >&2';
  const { exitCode, stdout, stderr } = await run(
    '--all',
    '--parallel',
    '2',
    '--',
    'sh',
    '-c',
    script,
    'sh',
    '--some_option',
  );
  expect([exitCode, stdout.split('\n').sort()]).toEqual([
    0,
    [
      '[demo] demo tenant_demo demo.localhost --some_option',
      '[main] main tenant_main main.localhost --some_option',
    ],
  ]);
  expect(stderr.split('\n').sort()).toEqual(['[demo] careful', '[main] careful']);
});

it('goes on after a failure, and names the tenants where it failed', async () => {
  const result = await run('--all', '--json', '--', 'sh', '-c', 'test "$TENANT" != main');
  expect(result).toMatchObject({ exitCode: 1, stderr: 'the command failed for main' });
  expect(JSON.parse(result.stdout)).toMatchObject([
    { tenant: 'main', exit_code: 1, signal: null, error: null },
    { tenant: 'demo', exit_code: 0 },
  ]);
});

it.each([
  [['--', 'true'], 2, /name the tenants: --schema TENANT, or --all/],
  [['--all', '--schema', 'main', '--', 'true'], 2, /name the tenants/],
  [['--all'], 2, /missing required argument/],
  [['--all', '--parallel', '33', '--', 'true'], 2, /from 1 to 32/],
  [['--schema', 'nobody', '--', 'true'], 1, /there is no tenant with the schema tenant_nobody/],
  [['--schema', 'main', '--', '/no/such/program'], 1, /ENOENT(.|\n)*the command failed for main/],
])('%j ends with %i', async (args, exitCode, message) => {
  const result = await run(...args);
  expect(result.exitCode).toBe(exitCode);
  expect(result.stderr).toMatch(message);
});

it('leaves deleted tenants out', async () => {
  await runCommand(on.settings, ['tenants', 'delete', 'demo', '--force', '--no-export']);
  expect((await run('--all', '--', 'printenv', 'TENANT')).stdout).toBe('[main] main');
});
