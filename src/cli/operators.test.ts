import { afterAll, expect, it } from 'vitest';
import { cliSurroundings, runCommand } from '../../test/helpers/cli.js';
import { prepareAccount } from '../auth/new-account.js';
import { withOwner } from '../database/owner.js';
import { createOperator } from '../provisioning/operators.js';

const { database, settings, close } = await cliSurroundings();
afterAll(close);

const leopard = (...args: string[]) => runCommand(settings, ['operators', ...args]);
const rows = (sql: string) =>
  withOwner(database.owner, async (client) => (await client.query(sql)).rows as Record<string, unknown>[]);
const list = async () => JSON.parse((await leopard('list', '--json')).stdout);

it('lists operators, changes their roles and log-ins, and never takes away the last owner', async () => {
  expect((await leopard('list')).stdout).toContain('there is no operator');
  const ids: number[] = [];
  for (const username of ['ada', 'bob']) {
    const account = { username, email: `${username}@example.com`, password: 'zebra crossing 42' };
    ids.push(await createOperator(database.owner, await prepareAccount(account)));
  }
  expect(await list()).toMatchObject([
    { username: 'ada', role: 'owner', is_active: true, has_second_factor: false },
    { username: 'bob', role: 'owner' },
  ]);

  expect((await leopard('role', 'bob', 'king')).exitCode).not.toBe(0);
  expect((await leopard('role', 'nobody', 'reader')).stderr).toContain('there is no operator nobody');
  expect((await leopard('role', 'bob', 'support')).stdout).toMatch(/bob .* support/);
  for (const change of [
    ['role', 'ada', 'operator'],
    ['deactivate', 'ada'],
  ]) {
    const refused = await leopard(...change);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain('ada is the last active owner');
  }
  expect((await leopard('role', 'bob', 'owner')).exitCode).toBe(0);
  expect((await leopard('deactivate', 'ada')).exitCode).toBe(0);
  expect(await list()).toMatchObject([{ is_active: false }, { role: 'owner', is_active: true }]);
  expect((await leopard('activate', 'ada')).exitCode).toBe(0);

  await rows(`
    INSERT INTO public.operator_factor (operator_id, confirmed, sealed, key_id) VALUES (${ids[0]}, true, 'x', 'k');
    INSERT INTO public.operator_recovery_code (operator_id, digest) VALUES (${ids[0]}, 'x');
    INSERT INTO public.operator_session (operator_id, sid, refresh_jti, ends_at)
    VALUES (${ids[0]}, 'a', 'b', now() + interval '1 hour')`);
  expect(await list()).toMatchObject([{ has_second_factor: true, open_sessions: 1 }, {}]);
  expect((await leopard('reset-second-factor', 'ada')).exitCode).toBe(0);
  expect(await list()).toMatchObject([{ has_second_factor: false, open_sessions: 0 }, {}]);
  expect(await rows('SELECT FROM public.operator_recovery_code')).toEqual([]);
  expect(await rows('SELECT DISTINCT operator, outcome FROM public.operator_audit')).toEqual([
    { operator: '(command line)', outcome: 'done' },
  ]);
  expect(await rows('SELECT count(*)::integer AS count FROM public.operator_audit')).toEqual([{ count: 5 }]);
});
