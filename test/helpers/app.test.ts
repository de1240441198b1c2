import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { rawRequest, sendRaw } from '../bad-input/raw.js';
import { Program } from '../start/program.js';
import { startTestApp, type TestApp } from './app.js';
import { seedStaff } from './staff.js';

let app: TestApp;
let token: string;

beforeAll(async () => {
  app = await startTestApp();
  await seedStaff(app);
  token = await app.logIn('admin');
  await withOwner(app.databases.owner, (client) =>
    client.query(`
      SET search_path TO tenant_main;
      CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'out of order'; END $$;
      CREATE TRIGGER fail BEFORE INSERT ON immigration_region FOR EACH ROW EXECUTE FUNCTION fail()`),
  );
});
afterAll(() => app?.close());

test('a 500 fails its test with what it comes from as the cause, and prints that', async () => {
  const printed = vi.spyOn(console, 'error').mockReturnValue();
  const asked = app.ask('POST', '/api/v1/regions/', { token, body: { name: 'West' } });
  const cause = { message: 'out of order', stack: expect.stringContaining('    at ') };
  await expect(asked).rejects.toMatchObject({ message: 'POST /api/v1/regions/ answers 500', cause });
  expect(printed.mock.calls).toEqual([
    [expect.stringMatching(/^request failed tenant_main [\w-]{36}$/), expect.objectContaining(cause)],
  ]);
  printed.mockRestore();
});

test('it is printed too where the answer is not asked for by a helper', async () => {
  const printed = vi.spyOn(console, 'error').mockReturnValue();
  const lines = [`Authorization: Bearer ${token}`];
  const { statuses } = await sendRaw(
    app.base,
    rawRequest('POST', '/api/v1/regions/', lines, JSON.stringify({ name: 'West' })),
  );
  expect(statuses).toEqual([500]);
  expect(printed).toHaveBeenCalledWith(
    expect.stringContaining('request failed'),
    expect.objectContaining({ message: 'out of order' }),
  );
  printed.mockRestore();
});

test('it is printed too where the program is a process of its own', async () => {
  const printed = vi.spyOn(console, 'error').mockReturnValue();
  const line = JSON.stringify({
    level: 50,
    err: { stack: 'error: out of order\n    at x' },
    msg: 'request failed',
  });
  const program = Program.shell(
    `echo '{"level":30}'; printf '%s' '${line.slice(0, 40)}'; sleep 0.1; printf '%s\\n' '${line.slice(40)}'`,
    {
      directory: app.config.dataDirectory,
    },
  );
  await program.ended;
  expect(printed.mock.calls).toEqual([['request failed', 'error: out of order\n    at x']]);
  printed.mockRestore();
});
