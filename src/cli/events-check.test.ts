import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCommand, settingsFor } from '../../test/helpers/cli.js';
import { type TestDatabase, testDatabase } from '../../test/helpers/database.js';
import { withOwner } from '../database/owner.js';
import { CliError } from './cli-error.js';
import { createContext } from './context.js';
import { addEventsCheckCommand } from './events-check.js';

let database: TestDatabase;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leopard-cli-'));
  database = await testDatabase();
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

/** Returns what `leopard events check` prints, and the error that ends it. */
async function check(...args: string[]): Promise<{ printed: string; error: unknown }> {
  const printed: string[] = [];
  const context = {
    ...createContext(settingsFor(database, folder)),
    print: (line: string) => void printed.push(line),
    progress: () => ({ say() {}, count() {}, note() {}, done() {}, failed() {} }),
  };
  const program = new Command().exitOverride();
  addEventsCheckCommand(program.command('events'), context);
  const error = await program.parseAsync(['events', 'check', ...args], { from: 'user' }).then(
    () => null,
    (reason: unknown) => reason,
  );
  return { printed: printed.join('\n'), error };
}

it('is content where every tenant captures what is configured', async () => {
  expect(await check()).toEqual({
    printed: 'every tenant captures what the configuration says',
    error: null,
  });
  expect(await check('--json')).toEqual({ printed: '[]', error: null });
});

it('names what is wrong, fails, and leopard migrate puts it right', async () => {
  await withOwner(database.owner, (owner) =>
    owner.query('ALTER TABLE tenant_demo.immigration_client DISABLE TRIGGER capture_update'),
  );
  const { printed, error } = await check();
  expect(printed).toBe('tenant_demo: trigger immigration_client.capture_update is disabled');
  expect(error).toBeInstanceOf(CliError);
  expect(error).toMatchObject({ exitCode: 1, message: expect.stringMatching(/run: leopard migrate$/) });
  expect(JSON.parse((await check('--json')).printed)).toEqual([
    { schema: 'tenant_demo', problems: ['trigger immigration_client.capture_update is disabled'] },
  ]);
  const { exitCode, stdout } = await runCommand(settingsFor(database, folder), ['migrate']);
  expect([exitCode, stdout]).toEqual([0, 'renewed the capture of events of 1 tenant']);
  expect((await check()).error).toBeNull();
});
