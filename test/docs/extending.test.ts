import { existsSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScratchCopy, scratchCopy } from './scratch-copy.js';

// The pages about fields and resources are carried out in a copy of the program, with the code that they show and nothing
// else; then `leopard scaffold` writes more into it. One copy for all, and one run of its own tests, since each compilation
// and each run takes many seconds.

const MINUTES = 60_000;

let copy: ScratchCopy;
beforeAll(async () => {
  copy = await scratchCopy();
}, MINUTES);
afterAll(() => copy?.remove());

/** Compiles the copy; the second time, only what has changed since the first. */
const compile = () =>
  copy.run(
    ...['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'],
    ...['--incremental', '--tsBuildInfoFile', 'dist/.compiled'],
  );
const generate = () => copy.run('--import', 'tsx', 'src/schema/generate/main.ts');
const runTests = (...args: string[]) =>
  copy.run('node_modules/vitest/vitest.mjs', 'run', '--maxWorkers=1', ...args);

const FIELD_SUITES = [
  'test/clients/preferred-language.test.ts',
  'test/contract/openapi.test.ts',
  'test/imports/undo-order.test.ts',
  'src/events/capture/states.test.ts',
  'src/immigration/client-imports/file.test.ts',
];
/** The suites that go over all tables or all routes. */
const RESOURCE_SUITES = [
  'src/immigration/service-invoices',
  'src/kinds',
  'test/clients/tables-of-clients.test.ts',
  'test/schema/audit.test.ts',
  'test/schema/reference-rows.test.ts',
  'test/isolation/routes.test.ts',
  'test/isolation/roles.test.ts',
];
/** All their tests but those of routes, which begin with the method and path of one, that are not the resource's. */
const CONCERNED = '^(?!(GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE|/api/))|invoice';

test('the compiler names a field before the tables have its column', { timeout: 3 * MINUTES }, async () => {
  await copy.follow('docs/adding-a-field.md');
  await expect(compile()).rejects.toThrow(/client-fields\.ts\S* error .*preferred_language/);
  await copy.follow('docs/adding-a-resource.md');
});

/** The names have two words, one, and an irregular plural. */
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

describe('leopard scaffold', () => {
  // As it was built before the changes: building it anew for each command would take longer than the command.
  const scaffold = (...args: string[]) => copy.run('dist/cli.js', 'scaffold', ...args);
  const printed: string[] = [];

  beforeAll(async () => {
    printed.push(await scaffold('resource', 'legal-analysis', '--plural', 'legal-analyses'));
    printed.push(await scaffold('handler', 'memo'));
    printed.push(await scaffold('job', 'old-reminders', '--folder', 'reminders'));
    printed.push(await scaffold('resource', 'agreement'));
  }, 2 * MINUTES);

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
});

test('field and resource do what the pages promise, the tests that scaffold writes pass, and the suites accept all', {
  timeout: 5 * MINUTES,
}, async () => {
  const written = NEW_FILES.filter((file) => file.endsWith('.test.ts'));
  expect(written).toHaveLength(3);
  const suites = [...FIELD_SUITES, ...RESOURCE_SUITES, ...written];
  await generate();
  expect(await runTests('-t', CONCERNED, ...suites)).toMatch(
    new RegExp(`Test Files .*${suites.length} passed`),
  );
});

test('all of it compiles, keeps the rules and is formatted', { timeout: 3 * MINUTES }, async () => {
  await compile();
  for (const rules of ['check', 'style']) {
    expect(await copy.run('--import', 'tsx', `test/architecture/${rules}.ts`)).toMatch(/keep the rules/);
  }
  const changed = [
    ...['src/app', 'src/events', 'src/immigration', 'src/kinds'],
    ...['test/contract', 'test/helpers', 'test/isolation'],
  ];
  await copy.run('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', ...changed);
});
