import { afterAll, describe, expect, it } from 'vitest';
import { type CommandOptions, cliSurroundings, runCommand } from '../../test/helpers/cli.js';
import { verifyPassword } from '../auth/passwords.js';
import { withOwner } from '../database/owner.js';

const GOOD = 'zebra-Crossing-42';

const { database, settings, close } = await cliSurroundings();
afterAll(close);

const leopard = (args: readonly string[], options: CommandOptions = {}) =>
  runCommand(settings, args, options);

async function accounts(table: string) {
  return await withOwner(
    database.owner,
    async (client) => (await client.query(`SELECT * FROM ${table} ORDER BY id`)).rows,
  );
}

describe('createsuperuser', () => {
  const create = (...args: string[]) => leopard(['createsuperuser', '--schema', 'tenant_main', ...args]);

  it('creates a user of that tenant alone who is superuser and staff', async () => {
    const result = await create('--username', 'root', '--email', 'Root@main.example', '--password', GOOD);
    expect(result).toMatchObject({
      exitCode: 0,
      stdout: 'superuser root of tenant_main is created',
      stderr: '',
    });
    const [user] = await accounts('tenant_main.immigration_user');
    expect(user).toMatchObject({
      username: 'root',
      email: 'Root@main.example',
      is_superuser: true,
      is_staff: true,
      is_active: true,
    });
    expect(await verifyPassword(GOOD, user.password)).toBe(true);
    expect(await accounts('tenant_demo.immigration_user')).toEqual([]);
  });

  it('takes the short name, and the e-mail address as username', async () => {
    const environment = { LEOPARD_PASSWORD: GOOD };
    const args = ['createsuperuser', '--schema', 'demo', '--email', 'é.müller@demo.example'];
    const refused = await leopard(args, { environment });
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      '"é.müller@demo.example" is not an e-mail address',
    ]);
    const { exitCode } = await leopard([...args.slice(0, -1), 'em@demo.example'], { environment });
    expect(exitCode).toBe(0);
    expect(await accounts('tenant_demo.immigration_user')).toMatchObject([{ username: 'em@demo.example' }]);
  });

  it('sets any password, and warns of a weak one', async () => {
    const { exitCode, stderr } = await create('--email', 'weak@main.example', '--password', '1234567');
    expect(exitCode).toBe(0);
    expect(stderr).toBe(
      'warning: a weak password. This password is too short. It must contain at least 8 characters. This password is entirely numeric.',
    );
  });

  it.each([
    [
      ['--username', 'ROOT', '--email', 'new@main.example'],
      'there is a user with the username "ROOT" in tenant_main already',
    ],
    [
      ['--username', 'new', '--email', 'root@MAIN.example'],
      'there is a user with the e-mail address "root@MAIN.example" in tenant_main already',
    ],
    [['--username', 'a b', '--email', 'new@main.example'], /^"a b" cannot be a username/],
  ])('refuses %j', async (args, message) => {
    const before = await accounts('tenant_main.immigration_user');
    const result = await create(...args, '--password', GOOD);
    expect([result.exitCode, result.stdout]).toEqual([1, '']);
    expect(result.stderr).toMatch(message);
    expect(await accounts('tenant_main.immigration_user')).toEqual(before);
  });

  it('creates one user when two commands create the same at once', async () => {
    const results = await Promise.all(
      ['first', 'second', 'third'].map((username) =>
        create('--username', username, '--email', 'same@main.example', '--password', GOOD),
      ),
    );
    expect(results.map(({ exitCode }) => exitCode).sort()).toEqual([0, 1, 1]);
  });

  it('asks at a terminal for what is missing', async () => {
    const answers = ['main', 'asked@main.example', '', GOOD, GOOD];
    const { exitCode, stdout, questions } = await leopard(['createsuperuser'], { answers });
    expect([exitCode, stdout]).toEqual([0, 'superuser asked@main.example of tenant_main is created']);
    expect(questions).toHaveLength(5);
  });

  it('does nothing when the password is typed differently the second time', async () => {
    const answers = ['main', 'typo@main.example', '', GOOD, `${GOOD}!`];
    const { exitCode, stderr } = await leopard(['createsuperuser'], { answers });
    expect([exitCode, stderr]).toEqual([1, 'the two passwords differ; nothing was done']);
  });

  it('asks nothing without a terminal', async () => {
    const nothing = await leopard(['createsuperuser']);
    expect([nothing.exitCode, nothing.stderr]).toEqual([
      2,
      '--schema is missing; see: leopard help createsuperuser',
    ]);
    const noPassword = await create('--email', 'a@main.example');
    expect([noPassword.exitCode, noPassword.stderr]).toEqual([
      2,
      'the password is missing; give --password or set LEOPARD_PASSWORD; see: leopard help createsuperuser',
    ]);
  });

  it('tells that there is no such tenant', async () => {
    const args = ['createsuperuser', '--schema', 'nobody', '--email', 'a@b.example', '--password', GOOD];
    const { exitCode, stderr } = await leopard(args);
    expect([exitCode, stderr]).toEqual([
      1,
      'there is no tenant with the schema tenant_nobody; see: leopard tenants list',
    ]);
  });
});

describe('create_super_super_admin', () => {
  it('creates an operator in public, and no user of any tenant', async () => {
    const before = await accounts('tenant_main.immigration_user');
    const args = ['create_super_super_admin', '--email', 'ops@platform.example', '--password', GOOD];
    const { exitCode, stdout } = await leopard(args);
    expect([exitCode, stdout]).toEqual([0, 'operator superadmin is created']);
    const [operator] = await accounts('public.auth_user');
    expect(operator).toMatchObject({
      username: 'superadmin',
      email: 'ops@platform.example',
      is_superuser: true,
      is_staff: true,
      is_active: true,
    });
    expect(await verifyPassword(GOOD, operator.password)).toBe(true);
    expect(await accounts('tenant_main.immigration_user')).toEqual(before);
  });

  it('refuses a name or address that is taken', async () => {
    const args = ['create-super-super-admin', '--email', 'OPS@platform.example', '--password', GOOD];
    for (const username of ['SuperAdmin', 'second']) {
      const { exitCode, stderr } = await leopard([...args, '--username', username]);
      expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/^there is an operator superadmin /)]);
    }
    expect(await accounts('public.auth_user')).toHaveLength(1);
  });
});
