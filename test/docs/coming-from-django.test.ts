import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tryPort } from '../../src/platform/try-port.js';
import { settingsFor } from '../helpers/cli.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';
import { readSnippets, runSnippets } from '../helpers/page-script.js';
import { Program } from '../start/program.js';

// The snippets of docs/coming-from-django.md, beside the running program, and the names in its tables.

const PAGE = 'docs/coming-from-django.md';

let databases: TestDatabase;
let folder: string;
let program: Program;
let environment: Record<string, string>;
let port: number;

beforeAll(async () => {
  databases = await testDatabase();
  folder = await mkdtemp(join(tmpdir(), 'leopard-django-'));
  port = await tryPort('127.0.0.1', 0);
  const settings = settingsFor(databases, folder) as Record<string, string>;
  environment = { ...settings, PORT: String(port), METRICS_PORT: '0' };
  program = Program.leopard(['serve'], { directory: folder, environment });
  await program.said(/ready on port/);
});
afterAll(async () => {
  await program?.kill('SIGTERM');
  await databases?.drop();
  await rm(folder, { recursive: true, force: true });
});

test('every snippet does, and prints, what the page shows', { timeout: 180_000 }, async () => {
  const hasPsql = spawnSync('psql', ['--version']).status === 0;
  if (!hasPsql) console.log('psql is not installed: the snippets with dbshell are left out');
  const snippets = (await readSnippets(PAGE)).filter(
    ({ commands }) => hasPsql || !commands.includes('dbshell'),
  );
  const run = await runSnippets(snippets, { port, directory: folder, environment, within: 170_000 });
  expect([run.code, run.stderr], run.printed.at(-1)).toEqual([0, expect.any(String)]);
  expect(run.differing).toEqual([]);
});

test('every script and setting that the page names exists', async () => {
  const page = await readFile(PAGE, 'utf8');
  // What is "the same" here stands in the other column.
  const here = [...page.matchAll(/^\|([^|]*)\|(.*)\|$/gm)]
    .map(([, there = '', cell = '']) => (/^ the same\b/.test(cell) ? there + cell : cell))
    .join('\n');
  const code = [...here.matchAll(/`([^`]+)`/g)].map(([, text]) => text as string);

  const { scripts } = JSON.parse(await readFile('package.json', 'utf8'));
  const noScripts = code.flatMap((text) =>
    [...text.matchAll(/\bnpm run (?:-s )?([\w:-]+)/g)].filter(([, name]) => !((name as string) in scripts)),
  );
  const example = await readFile('.env.example', 'utf8');
  const settings = code.flatMap((text) => /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?==|$)/.exec(text) ?? []);
  expect(settings.length).toBeGreaterThan(25);
  expect(noScripts).toEqual([]);
  expect(settings.filter((name) => !NOT_SETTINGS.has(name) && !example.includes(`# ${name}=`))).toEqual([]);
});

/** Names of roles, and of one setting of Django's that holds others. */
const NOT_SETTINGS = new Set(['SIMPLE_JWT', 'SUPER_ADMIN', 'REGION_MANAGER', 'BRANCH_ADMIN']);
