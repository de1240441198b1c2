import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliSurroundings, runCommand } from '../../test/helpers/cli.js';
import { withOwner } from '../database/owner.js';

const { database, settings, close } = await cliSurroundings();
afterAll(close);

const leopard = (...args: string[]) => runCommand(settings, args);

async function rows(sql: string) {
  return await withOwner(database.owner, async (client) => (await client.query(sql)).rows);
}

describe('setup_role_permissions', () => {
  const grants = (schema: string) =>
    rows(`
      SELECT g.name, count(*)::integer AS n, md5(string_agg(gp.permission_id::text, ',' ORDER BY gp.permission_id)) AS which
      FROM ${schema}.auth_group g LEFT JOIN ${schema}.auth_group_permissions gp ON gp.group_id = g.id
      GROUP BY g.id ORDER BY g.id`);

  it("changes nothing in a new tenant: both say the contract's defaults", async () => {
    const before = await grants('tenant_main');
    const { exitCode, stdout } = await leopard('setup_role_permissions', '--tenant', 'main');
    expect([exitCode, stdout]).toEqual([
      0,
      'main: SUPER_ADMIN 132, REGION_MANAGER 33, BRANCH_ADMIN 128, CONSULTANT 19',
    ]);
    expect(await grants('tenant_main')).toEqual(before);
  });

  it('creates groups that are missing, gives back and takes away; leaves other groups alone', async () => {
    const before = await grants('tenant_main');
    await rows(`
      DELETE FROM tenant_main.auth_group WHERE name = 'CONSULTANT';
      DELETE FROM tenant_main.auth_group_permissions WHERE group_id = 2 AND permission_id < 20;
      INSERT INTO tenant_main.auth_group_permissions (group_id, permission_id) VALUES (3, 138), (3, 137), (3, 9)
      ON CONFLICT DO NOTHING;
      INSERT INTO tenant_main.auth_group (name) VALUES ('Accountants');
      INSERT INTO tenant_main.auth_group_permissions (group_id, permission_id)
      SELECT id, 1 FROM tenant_main.auth_group WHERE name = 'Accountants'`);
    const { stdout } = await leopard('setup-role-permissions', '--tenant', 'tenant_main');
    expect(stdout).toMatch(
      /^main: SUPER_ADMIN 132, REGION_MANAGER 33 \(\d+ added\), BRANCH_ADMIN 128 \(2 taken away\), CONSULTANT 19 \(19 added\)$/,
    );
    const byName = (list: { name: string }[]) => new Map(list.map((row) => [row.name, row]));
    const after = byName(await grants('tenant_main'));
    for (const row of before) expect(after.get(row.name)).toEqual(row);
    expect(after.get('Accountants')).toMatchObject({ n: 1 });
  });

  it('does every tenant with --all', async () => {
    const { exitCode, stdout } = await leopard('setup_role_permissions', '--all');
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').map((line) => line.split(':')[0])).toEqual(['main', 'demo']);
  });

  it.each([
    [[], 2, 'give --tenant or --all'],
    [['--all', '--tenant', 'main'], 2, /cannot be used with option/],
    [['--tenant', 'nobody'], 1, /no tenant with the schema tenant_nobody/],
  ])('refuses %j', async (args, exitCode, message) => {
    const result = await leopard('setup_role_permissions', ...args);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stderr).toMatch(message);
  });
});

describe('assign_user_scope', () => {
  const assign = (...args: string[]) => leopard('assign_user_scope', '--tenant', 'demo', ...args);
  const json = async (...args: string[]) => JSON.parse((await assign(...args, '--json')).stdout);
  const scopeOf = async (username: string) => {
    const list = await json('--list');
    return list.find((user: { username: string }) => user.username === username);
  };

  beforeAll(async () => {
    await rows(`
      INSERT INTO tenant_demo.immigration_region (name) VALUES ('North'), ('South');
      INSERT INTO tenant_demo.immigration_branch (name, region_id) VALUES
        ('Sydney', 1), ('Sydney, NSW', 1), ('Perth', 2), ('Kathmandu – काठमाडौँ', 2);
      INSERT INTO tenant_demo.immigration_branch (name, deleted_at) VALUES ('Closed', now());
      INSERT INTO tenant_demo.immigration_user (username, email) VALUES
        ('ann', 'ann@demo.example'), ('bob', 'bob@demo.example'), ('twin1', 'twin@demo.example'),
        ('twin2', 'Twin@demo.example');
      INSERT INTO tenant_demo.immigration_user_groups (user_id, group_id) VALUES (1, 2);
      INSERT INTO tenant_demo.immigration_user_branches (user_id, branch_id) VALUES (2, 3)`);
  });

  it('sets branches and regions by name, in the order given', async () => {
    const { exitCode, stdout } = await assign(
      ...['--user', 'ANN@demo.example', '--branches', 'Perth, Sydney', '--regions', 'South'],
    );
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')[1]).toMatch(/^ann +ann@demo\.example +REGION_MANAGER +Perth, Sydney +South$/);
    expect(await scopeOf('ann')).toEqual({
      id: 1,
      username: 'ann',
      email: 'ann@demo.example',
      is_active: true,
      groups: ['REGION_MANAGER'],
      branches: ['Perth', 'Sydney'],
      regions: ['South'],
    });
    expect(await scopeOf('bob')).toMatchObject({ branches: ['Perth'], regions: [] });
  });

  it('replaces what is named and leaves the rest', async () => {
    const [scope] = await json('--user', 'ann', '--branches', 'Sydney, NSW,Kathmandu – काठमाडौँ');
    expect(scope).toMatchObject({ branches: ['Sydney, NSW', 'Kathmandu – काठमाडौँ'], regions: ['South'] });
  });

  it('empties with --clear-branches and --clear-regions', async () => {
    expect((await json('--user', 'ann', '--clear_branches'))[0]).toMatchObject({
      branches: [],
      regions: ['South'],
    });
    const [scope] = await json('--user', 'ann', '--clear-regions', '--clear-branches', '--branches', 'Perth');
    expect(scope).toMatchObject({ branches: ['Perth'], regions: [] });
  });

  it.each([
    [
      ['--user', 'ann', '--branches', 'Sydney,Nowhere,perth,Closed', '--regions', 'East'],
      1,
      'there is no branch "Nowhere", no branch "perth", no branch "Closed", no region "East" in tenant_demo',
    ],
    [
      ['--user', 'eve@demo.example', '--branches', 'Sydney'],
      1,
      /^there is no user eve@demo.example in tenant_demo/,
    ],
    [['--user', 'twin@demo.example', '--branches', 'Sydney'], 1, /^several users of tenant_demo match/],
    [['--user', 'ann'], 2, /^give --user and what to change/],
    [['--branches', 'Sydney'], 2, /^give --user and what to change/],
    [['--list', '--branches', 'Sydney'], 2, /cannot be used with option/],
  ])('refuses %j and changes nothing', async (args, exitCode, message) => {
    const before = await json('--list');
    const result = await assign(...args);
    expect([result.exitCode, result.stdout]).toEqual([exitCode, '']);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toContain('\n');
    expect(await json('--list')).toEqual(before);
  });

  it("reaches no other tenant's users", async () => {
    const result = await leopard(
      'assign_user_scope',
      '--tenant',
      'main',
      '--user',
      'ann',
      '--clear-branches',
    );
    expect([result.exitCode, result.stderr]).toEqual([
      1,
      expect.stringContaining('no user ann in tenant_main'),
    ]);
  });
});
