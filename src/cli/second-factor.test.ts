import { afterAll, expect, it } from 'vitest';
import { cliSurroundings, runCommand } from '../../test/helpers/cli.js';
import { SealedSecrets } from '../auth/sealed-secrets.js';
import { withOwner } from '../database/owner.js';

const { database, settings, close } = await cliSurroundings();
afterAll(close);

const leopard = (...args: string[]) => runCommand(settings, args);
const rows = (sql: string) =>
  withOwner(database.owner, async (client) => (await client.query(sql)).rows as Record<string, unknown>[]);

it('lists the second factors of a tenant’s users, and resets those of one', async () => {
  await rows(`
    INSERT INTO tenant_main.immigration_user (id, username, email) VALUES
      (801, 'maya', 'maya@example.com'), (802, 'noor', 'noor@example.com');
    INSERT INTO tenant_main.totp_secret (user_id, confirmed, sealed, key_id) VALUES
      (801, true, 'x', 'k'), (801, false, 'x', 'k'), (802, true, 'x', 'k');
    INSERT INTO tenant_main.passkey (user_id, name, host, credential_id, public_key) VALUES
      (801, 'Laptop', 'main.localhost', 'a', 'x');
    INSERT INTO tenant_main.recovery_code (user_id, digest) VALUES (801, 'x'), (802, 'x');
    INSERT INTO tenant_main.token_blacklist_outstandingtoken (jti, user_id, created_at, expires_at) VALUES
      ('of-maya', 801, now(), now() + interval '1 day')`);
  const list = async () =>
    JSON.parse((await leopard('second-factor', 'list', '--tenant', 'main', '--json')).stdout);
  expect(await list()).toEqual([
    { id: 801, username: 'maya', factors: ['totp', 'passkey', 'recovery_code'] },
    { id: 802, username: 'noor', factors: ['totp', 'recovery_code'] },
  ]);
  const table = await leopard('second_factor', 'list', '--tenant', 'main');
  expect(table.stdout).toMatch(/maya +totp, passkey, recovery_code/);

  const done = await leopard('second-factor', 'reset', '--tenant', 'main', '--user', 'MAYA@example.com');
  expect([done.exitCode, done.stdout]).toEqual([
    0,
    'maya of main has no second factor any more; sessions ended: 1',
  ]);
  expect(await list()).toMatchObject([{ factors: [] }, { factors: ['totp', 'recovery_code'] }]);
  expect(await rows('SELECT user_id FROM tenant_main.totp_secret')).toEqual([{ user_id: '802' }]);
  expect(
    await rows(
      `SELECT kind, username, actor FROM tenant_main.security_event WHERE kind = 'second_factor_reset'`,
    ),
  ).toEqual([{ kind: 'second_factor_reset', username: 'maya', actor: 'operator' }]);
});

it('seals with the present key what was sealed with a former one, and counts what it cannot open', async () => {
  const [now, before, lost] = ['present', 'former', 'lost'].map(
    (name) => `${name}-key-0123456789-abcdefghijklmnop`,
  );
  const secret = Buffer.from('12345678901234567890');
  await rows(`
    DELETE FROM tenant_main.totp_secret;
    INSERT INTO tenant_main.immigration_user (id, username) VALUES (811, 'a'), (812, 'b'), (813, 'c')`);
  for (const [user, key] of [
    [811, now],
    [812, before],
    [813, lost],
  ] as const) {
    const { sealed, keyId } = new SealedSecrets([key as string]).seal(secret, `totp tenant_main ${user}`);
    await rows(`
      INSERT INTO tenant_main.totp_secret (user_id, confirmed, sealed, key_id)
      VALUES (${user}, true, decode('${sealed.toString('hex')}', 'hex'), '${keyId}')`);
  }
  const keys = { ...settings, SECRET_KEY: now, SECRET_KEY_FALLBACKS: before };
  const reseal = async (...args: string[]) =>
    JSON.parse((await runCommand(keys, ['second-factor', 'reseal', '--json', ...args])).stdout);
  expect(await reseal('--tenant', 'main')).toEqual([{ tenant: 'main', resealed: 1, unreadable: 1 }]);
  const opened = await rows(`
    SELECT sealed, key_id AS "keyId" FROM tenant_main.totp_secret WHERE user_id IN (811, 812) ORDER BY user_id`);
  for (const [index, row] of opened.entries()) {
    const owner = `totp tenant_main ${811 + index}`;
    expect(new SealedSecrets([now as string]).open(row as never, owner)).toEqual(secret);
  }
  expect(await reseal()).toEqual([
    { tenant: 'main', resealed: 0, unreadable: 1 },
    { tenant: 'demo', resealed: 0, unreadable: 0 },
  ]);
});

it.each([
  [['reset', '--tenant', 'main'], 2, /--user/],
  [['reset', '--tenant', 'main', '--user', 'nobody'], 1, 'there is no user nobody in tenant_main'],
  [['list', '--tenant', 'nobody'], 1, /no tenant with the schema tenant_nobody/],
])('says what is wrong with %j', async (args, code, problem) => {
  const { exitCode, stderr } = await leopard('second-factor', ...args);
  expect(exitCode).toBe(code);
  expect(stderr).toMatch(problem);
});
