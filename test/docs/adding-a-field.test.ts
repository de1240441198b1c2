import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScratchCopy, scratchCopy } from './scratch-copy.js';

// The page is carried out in a copy of the program, with the code that it shows and nothing else.

const MINUTES = 60_000;

let copy: ScratchCopy;
beforeAll(async () => {
  copy = await scratchCopy();
  await copy.follow('docs/adding-a-field.md');
}, MINUTES);
afterAll(() => copy?.remove());

const compile = () => copy.run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json');

test('the compiler names the field before the tables have its column', { timeout: 3 * MINUTES }, async () => {
  await expect(compile()).rejects.toThrow(/client-fields\.ts\S* error .*preferred_language/);
  await copy.run('--import', 'tsx', 'src/schema/generate/main.ts');
  await compile();
});

test('the field does what the page promises, and no suite wants more of it', {
  timeout: 5 * MINUTES,
}, async () => {
  const suites = [
    'test/clients/preferred-language.test.ts',
    'test/contract/openapi.test.ts',
    'test/imports/undo-order.test.ts',
    'src/events/capture/states.test.ts',
    'src/immigration/client-imports/file.test.ts',
  ];
  const output = await copy.run('node_modules/vitest/vitest.mjs', 'run', '--maxWorkers=1', ...suites);
  expect(output).toMatch(/Test Files .*5 passed/);
});
