import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScratchCopy, scratchCopy } from './scratch-copy.js';

// The page is carried out in a copy of the program, with the code that it shows and nothing else.

const MINUTES = 60_000;

let copy: ScratchCopy;
beforeAll(async () => {
  copy = await scratchCopy();
  await copy.follow('docs/adding-a-resource.md');
  await copy.run('--import', 'tsx', 'src/schema/generate/main.ts');
}, 2 * MINUTES);
afterAll(() => copy?.remove());

test('what the page shows compiles and keeps the rules', { timeout: 3 * MINUTES }, async () => {
  await copy.run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json');
  for (const rules of ['check', 'style']) {
    expect(await copy.run('--import', 'tsx', `test/architecture/${rules}.ts`)).toMatch(/keep the rules/);
  }
  const changed = [
    'src/app',
    'src/immigration/service-invoices',
    'src/kinds',
    'test/contract',
    'test/helpers',
    'test/isolation',
  ];
  await copy.run('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', ...changed);
});

/** The suites that go over all tables or all routes, and of their tests those that concern the new ones. */
const SUITES = [
  'src/immigration/service-invoices',
  'src/kinds',
  'test/clients/tables-of-clients.test.ts',
  'test/schema/audit.test.ts',
  'test/schema/reference-rows.test.ts',
  'test/contract/openapi.test.ts',
  'test/isolation/routes.test.ts',
  'test/isolation/roles.test.ts',
];
const CONCERNED =
  'invoice|kind|undoing|export|either logged|added|permissions|groups|beyond it|used whole|every route|every resource';

test('the resource does what the page promises, and the suites accept it', {
  timeout: 5 * MINUTES,
}, async () => {
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--maxWorkers=1', '-t', CONCERNED];
  expect(await copy.run(...vitest, ...SUITES)).toMatch(new RegExp(`Test Files .*${SUITES.length} passed`));
});
