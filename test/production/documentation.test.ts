import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { CHECKS } from '../../src/production/checks/all-checks.js';

const NAMES = CHECKS.map(({ name }) => name);
const FOLDER = join(PACKAGE_ROOT, 'test', 'production');

it('docs/production-checklist.md describes every check, in their order, with what is wrong and how it is mended', () => {
  const page = readFileSync(join(PACKAGE_ROOT, 'docs', 'production-checklist.md'), 'utf8');
  const tables = page.split('| check | what is wrong | how it is mended |\n').slice(1);
  const rows = tables.flatMap((table) => table.split('\n\n')[0]?.split('\n').slice(1) ?? []);
  const cells = rows.map((row) => row.split(/ *(?<!\\)\| */).slice(1, -1));
  expect(cells.map(([name]) => name)).toEqual(NAMES);
  for (const row of cells) expect(row.filter((cell) => cell.length > 2)).toHaveLength(3);
});

it('every check has a name of its own, and tests in which it fails and passes', () => {
  expect(new Set(NAMES).size).toBe(NAMES.length);
  const tests = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(FOLDER, name), 'utf8'))
    .join('\n');
  const subjects = tests.split(/^describe/m).map((block) => ({
    name: /^(?:\.\w+\([^)]*\))?\('([^']+)'/.exec(block)?.[1],
    block,
  }));
  for (const check of NAMES) {
    const block = subjects
      .filter(({ name }) => name === check)
      .map((subject) => subject.block)
      .join('\n');
    expect(block, `tests of ${check}`).toMatch(/\(\s*['"`]fails\b/);
    expect(block, `tests of ${check}`).toMatch(/\(\s*['"`]passes\b/);
  }
});

it('every file of a check is in the list', () => {
  const files = readdirSync(join(PACKAGE_ROOT, 'src', 'production', 'checks'));
  expect(files.filter((name) => name !== 'all-checks.ts')).toHaveLength(CHECKS.length);
});
