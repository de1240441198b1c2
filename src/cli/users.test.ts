import { afterAll, expect, it } from 'vitest';
import { cliSurroundings, runCommand } from '../../test/helpers/cli.js';
import { withOwner } from '../database/owner.js';

const { database, settings, close } = await cliSurroundings();
afterAll(close);

const leopard = (...args: string[]) => runCommand(settings, args);
const rows = (sql: string) =>
  withOwner(database.owner, async (client) => (await client.query(sql)).rows as Record<string, unknown>[]);

it('unlocks one user of a tenant, and records it', async () => {
  await rows(`
    INSERT INTO tenant_main.immigration_user (username, email) VALUES ('ann', 'ann@agency.test'), ('joe', 'joe@agency.test');
    INSERT INTO tenant_main.login_failure (kind, key, failures)
    VALUES ('account', 'ann', 10), ('account', 'joe', 10), ('address', '203.0.113.1', 10)`);
  const { exitCode, stdout } = await leopard('users', 'unlock', 'ANN@agency.test', '--tenant', 'main');
  expect([exitCode, stdout]).toEqual([0, 'ann may try to log in again']);
  expect(await rows('SELECT key FROM tenant_main.login_failure ORDER BY key')).toEqual([
    { key: '203.0.113.1' },
    { key: 'joe' },
  ]);
  expect(await rows('SELECT kind, username, actor FROM tenant_main.security_event')).toEqual([
    { kind: 'login_unlocked', username: 'ann', actor: 'operator' },
  ]);
  expect(await leopard('users', 'unlock', 'nobody', '--tenant', 'main')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('there is no user nobody in tenant_main'),
  });
});

it('demands a new password of a user, whose sessions end', async () => {
  await rows(`
    INSERT INTO tenant_main.token_blacklist_outstandingtoken (jti, expires_at, user_id, created_at)
    SELECT 'open', now() + interval '1 day', id, now() FROM tenant_main.immigration_user WHERE username = 'joe'`);
  const { exitCode, stdout } = await leopard(
    'users',
    'require-password-change',
    'joe',
    '--tenant',
    'main',
    '--json',
  );
  expect([exitCode, JSON.parse(stdout)]).toEqual([0, { id: expect.any(Number), username: 'joe', ended: 1 }]);
  expect(await rows('SELECT user_id FROM tenant_main.password_demand')).toHaveLength(1);
  expect(
    await rows(`SELECT username, actor FROM tenant_main.security_event WHERE kind = 'password_demanded'`),
  ).toEqual([{ username: 'joe', actor: 'operator' }]);
});
