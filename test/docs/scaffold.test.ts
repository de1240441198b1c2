import { existsSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScratchCopy, scratchCopy } from './scratch-copy.js';

// `leopard scaffold` in a copy of the program: what it writes, from the pages that describe it, compiles, keeps the
// rules and passes its own tests. The names have two words, one, and an irregular plural.

const MINUTES = 60_000;
const NEW_FILES = [
  'src/immigration/legal-analyses/schemas.ts',
  'src/immigration/legal-analyses/selectors.ts',
  'src/immigration/legal-analyses/routes.ts',
  'src/immigration/legal-analyses/legal-analyses.test.ts',
  'src/events/handlers/memo.ts',
  'src/events/handlers/memo.test.ts',
  'src/immigration/reminders/old-reminders-job.ts',
  'src/immigration/reminders/old-reminders-job.test.ts',
];

let copy: ScratchCopy;
const scaffold = (...args: string[]) => copy.run('--import', 'tsx', 'src/cli.ts', 'scaffold', ...args);
const printed: string[] = [];

beforeAll(async () => {
  copy = await scratchCopy();
  printed.push(await scaffold('resource', 'legal-analysis', '--plural', 'legal-analyses'));
  printed.push(await scaffold('handler', 'memo'));
  printed.push(await scaffold('job', 'old-reminders', '--folder', 'reminders'));
  printed.push(await scaffold('resource', 'agreement'));
  await copy.run('--import', 'tsx', 'src/schema/generate/main.ts');
}, 2 * MINUTES);
afterAll(() => copy?.remove());

test('it lists what it wrote, and what is left to do', () => {
  for (const file of NEW_FILES) {
    expect(existsSync(join(copy.folder, file)), file).toBe(true);
    expect(printed.join('')).toContain(`\n  ${file}\n`);
  }
  expect(printed[0]).toMatch(/^created\n {2}migrations\/tenant\/\d{4}_legal_analyses\.sql\n/);
  expect(printed[0]).toMatch(
    /\nchanged\n {2}src\/kinds\/kinds\.ts\n(?: {2}\S+\n)+to do by hand \(docs\/adding-a-resource/,
  );
  expect(printed[0]).not.toContain('was not found');
  expect(printed[1]).toContain("its use in src/events/config.ts: { handler: 'memo'");
  expect(printed[2]).toContain('its line in src/app/jobs.ts: oldRemindersJob in JOBS');
});

test('a second resource finds its places beside the first', async () => {
  expect(printed[3]).not.toContain('was not found');
  const app = await readFile(join(copy.folder, 'src/app/app.ts'), 'utf8');
  expect(app.match(/\.\.\.(agreement|legalAnalysis)Routes\(database\)/g)).toHaveLength(2);
});

test('it overwrites nothing', async () => {
  const before = await readFile(join(copy.folder, 'src/app/app.ts'), 'utf8');
  await expect(scaffold('resource', 'legal-analysis', '--plural', 'legal-analyses')).rejects.toThrow(
    /\nmigrations\/tenant\/\d+_legal_analyses\.sql exists; nothing was written\n$/,
  );
  await expect(scaffold('handler', 'task')).rejects.toThrow(
    /\nsrc\/events\/handlers\/task\.ts exists; nothing was written\n$/,
  );
  await expect(scaffold('handler', 'Memo 2')).rejects.toThrow(/"Memo 2" is no name/);
  await expect(scaffold('handler', 'delete')).rejects.toThrow(/"delete" is a word of the language/);
  expect(await readFile(join(copy.folder, 'src/app/app.ts'), 'utf8')).toBe(before);
});

test('it refuses to work in an installation, which has no tests', async () => {
  const folder = join(copy.folder, 'test');
  await rename(folder, `${folder}-elsewhere`);
  try {
    await expect(scaffold('job', 'memo')).rejects.toThrow(
      /\nscaffold works in a checkout of the project; this is an installation\n$/,
    );
  } finally {
    await rename(`${folder}-elsewhere`, folder);
  }
});

test('what it writes compiles, keeps the rules and is formatted', { timeout: 3 * MINUTES }, async () => {
  await copy.run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json');
  for (const rules of ['check', 'style']) {
    expect(await copy.run('--import', 'tsx', `test/architecture/${rules}.ts`)).toMatch(/keep the rules/);
  }
  const changed = ['src/app', 'src/events', 'src/immigration', 'src/kinds', 'test/contract', 'test/helpers'];
  await copy.run('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', ...changed);
});

test('the tests that it writes pass', { timeout: 3 * MINUTES }, async () => {
  const tests = NEW_FILES.filter((file) => file.endsWith('.test.ts'));
  const output = await copy.run('node_modules/vitest/vitest.mjs', 'run', '--maxWorkers=1', ...tests);
  expect(output).toMatch(/Test Files .*3 passed/);
});
