import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CommandResult, cliSurroundings, runCommand } from '../../test/helpers/cli.js';
import { seedStaff } from '../../test/helpers/staff.js';
import { Database } from '../database/database.js';
import { statement } from '../database/statement.js';

let surroundings: Awaited<ReturnType<typeof cliSurroundings>>;
let database: Database;
let id: number;
beforeAll(async () => {
  surroundings = await cliSurroundings();
  database = new Database(surroundings.database.app, { size: 2 });
  await seedStaff({ database });
  const [row] = await rows<{ id: number }>(
    "INSERT INTO immigration_client (first_name, last_name, email) VALUES ('Maya', 'Rai', 'maya@example.com') RETURNING id",
  );
  id = row!.id;
});
afterAll(async () => {
  await database?.close();
  await surroundings?.close();
});

const rows = <Row>(sql: string) =>
  database.tenantQuery({ schema: 'tenant_main', userId: null }, statement<Row>(sql));
const run = (args: string[], options = {}): Promise<CommandResult> =>
  runCommand(surroundings.settings, args, options);

test('a client is exported to stdout, or into a new file for its owner alone', async () => {
  const shown = await run(['clients', 'export', 'main', String(id)]);
  expect([shown.exitCode, shown.stderr]).toEqual([0, '']);
  expect(JSON.parse(shown.stdout)).toMatchObject({ client: [{ email: 'maya@example.com' }], files: [] });
  const file = join(surroundings.folder, 'client.json');
  const args = ['clients', 'export', 'main', String(id), '--output', file];
  expect((await run(args)).exitCode).toBe(0);
  expect(JSON.parse(await readFile(file, 'utf8')).client[0].id).toBe(id);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const again = await run(args);
  expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining('exists already')]);
});

test('a client is erased after a confirmation; what operators do is in the security log and its file', async () => {
  const args = ['clients', 'erase', 'main', String(id)];
  const unconfirmed = await run(args);
  expect([unconfirmed.exitCode, unconfirmed.stderr]).toEqual([2, expect.stringContaining('--yes')]);
  expect((await run(args, { answers: ['no'] })).exitCode).toBe(1);
  const file = join(surroundings.folder, 'security.log');
  const environment = { SECURITY_LOG_FILE: file };
  const erased = await run([...args, '--yes', '--json'], { environment });
  expect([erased.exitCode, JSON.parse(erased.stdout).client_id]).toEqual([0, id]);
  expect(await rows('SELECT first_name, email FROM immigration_client')).toContainEqual({
    first_name: 'Erased',
    email: '',
  });
  const line = JSON.parse((await readFile(file, 'utf8')).trim());
  expect(line).toMatchObject({
    log: 'security',
    event: 'client_erased',
    actor: 'operator',
    detail: { client: id },
  });
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  const listed = await run(['security-log', 'main', '--kind', 'client_erased', '--json']);
  expect(JSON.parse(listed.stdout)).toMatchObject([{ actor: 'operator', detail: { client: id } }]);
  expect((await run(['security-log', 'main'])).stdout).toContain('client_exported');
  const none = await run(['clients', 'erase', 'main', '999999', '--yes']);
  expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('there is no client 999999')]);
});
