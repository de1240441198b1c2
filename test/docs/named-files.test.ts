import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pageBlocks } from '../../src/cli/scaffold/page-blocks.js';

const DOCS = 'docs';
/** Pages whose examples are files that their reader makes. */
const EXAMPLES = new Set(['adding-a-field.md', 'adding-a-resource.md']);
const NAMED = /\b(?:console|src|test|bench|migrations|data|bin|deployment)\/[\w./-]*\w/g;

test('every file and folder of the project that a page names exists', () => {
  const pages = readdirSync(DOCS).filter((name) => name.endsWith('.md') && !EXAMPLES.has(name));
  const missing = [...pages.map((name) => join(DOCS, name)), 'README.md'].flatMap((page) => {
    const text = readFileSync(page, 'utf8');
    const examples = pageBlocks(text).map(({ file }) => file);
    const named = text.replaceAll(/^```ts\n[\s\S]*?^```$/gm, '').match(NAMED) ?? [];
    return [...new Set(named)]
      .filter((path) => !existsSync(path) && !examples.includes(path))
      .map((path) => `${page}: ${path}`);
  });
  expect(missing).toEqual([]);
});

test("README's tables name every page", () => {
  const readme = readFileSync('README.md', 'utf8');
  const missing = readdirSync(DOCS).filter((name) => !readme.includes(`(docs/${name})`));
  expect(missing).toEqual([]);
});

test('no page holds the marks of a merge that was not resolved', () => {
  const pages = [...readdirSync(DOCS).map((name) => join(DOCS, name)), 'README.md', 'CHANGELOG.md'];
  const marked = pages.filter((page) => /^(<<<<<<<|>>>>>>>) /m.test(readFileSync(page, 'utf8')));
  expect(marked).toEqual([]);
});
