import { expect, it, test } from 'vitest';
import { expressionBreaches, expressionsIn, problemsOf } from './expressions.js';
import { sourceFile } from './sources.js';

test.each([
  [/\s*,\s*/],
  [/\s*X/],
  [/\s+$/],
  [/0+$/],
  [/\s*\n\s*/g],
  [/(a+)+$/],
  [/^(a*)*$/],
  [/^(?:.*,)*z/],
  [/^x*x*$/],
  [/^(a|a)*$/],
  [/^(?:ab|a?b)+$/],
])('%s is refused', ({ source, flags }) => {
  expect(problemsOf({ source, flags })).not.toEqual([]);
});

test.each([[/^\s*\d+\s*$/], [/\s+/], [/[^a-z]+/g], [/^[\p{Nd}\s]+$/iu], [/^(\d{1,3}\.){3}\d$/]])(
  '%s is allowed',
  ({ source, flags }) => {
    expect(problemsOf({ source, flags })).toEqual([]);
  },
);

it('finds expressions in code, not in comments or texts', () => {
  const text = [
    '// /\\s*,/',
    'const text = "/\\\\s*,/";',
    'export const half = (one: number) => one / 2 / one;',
    'export const found = text.split(/\\s*,/u);',
    "export const made = new RegExp('\\\\s*,', 'g');",
    'export const called = RegExp(`a`);',
    'export const built = new RegExp(text);',
  ].join('\n');
  expect(expressionsIn({ path: 'src/some.ts', text })).toEqual({
    literals: [
      { source: '\\s*,', flags: 'u', line: 4 },
      { source: '\\s*,', flags: 'g', line: 5 },
      { source: 'a', flags: '', line: 6 },
    ],
    built: [7],
  });
});

it('examines what a file builds when it is imported, and names what it cannot see', async () => {
  const built = sourceFile('src/platform/domain-name.ts', 'export const NAME = new RegExp(LABEL);');
  expect((await expressionBreaches([built])).filter((breach) => breach.startsWith('src/'))).toEqual([]);
  const hidden = sourceFile('src/platform/join-lines.ts', 'export const of = (text) => new RegExp(text);');
  expect(await expressionBreaches([hidden])).toContainEqual(
    expect.stringMatching('^src/platform/join-lines.ts:1 builds an expression that cannot be examined'),
  );
});
