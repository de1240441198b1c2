import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tryPort } from '../../src/platform/try-port.js';
import { settingsFor } from '../helpers/cli.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { readSnippets, runSnippets } from '../helpers/page-script.js';
import { Program } from '../start/program.js';

// The commands of docs/api.md, against the program as `leopard serve` starts it, and the answers that it shows.

let databases: TestDatabase;
let folder: string;
let program: Program;
let environment: Record<string, string>;
let port: number;
let receiver: number;

beforeAll(async () => {
  databases = await testDatabase();
  folder = await mkdtemp(join(tmpdir(), 'leopard-api-'));
  [port, receiver] = [await tryPort('127.0.0.1', 0), await tryPort('127.0.0.1', 0)];
  environment = {
    ...(settingsFor(databases, folder) as Record<string, string>),
    PORT: String(port),
    METRICS_PORT: '0',
    WEBHOOKS_ALLOW_PRIVATE: 'true',
    WEBHOOKS_PORTS: String(receiver),
  };
  program = Program.leopard(['serve'], { directory: folder, environment });
  await program.said(/ready on port/);
});
afterAll(async () => {
  await program?.kill('SIGTERM');
  await databases?.drop();
  await rm(folder, { recursive: true, force: true });
});

test('every command does, and prints, what the page shows', { timeout: 120_000 }, async () => {
  const snippets = await readSnippets('docs/api.md');
  expect(snippets.length).toBeGreaterThan(15);
  const others = { 9000: receiver };
  const run = await runSnippets(snippets, { port, others, directory: folder, environment });
  expect(run.differing).toEqual([]);
  expect([run.code, run.stderr], run.printed.at(-1)).toEqual([0, '']);
});
