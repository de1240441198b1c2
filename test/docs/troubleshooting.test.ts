import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { testDatabase } from '../helpers/database.js';

// The headings of docs/troubleshooting.md are what the program says: each stands in its source, with a value where the
// page has "…". PostgreSQL's own words are provoked.

const PAGE = readFileSync('docs/troubleshooting.md', 'utf8');
const HEADINGS = [...PAGE.matchAll(/^### (psql: )?`(.+)`$/gm)].map(([, whose, words]) => ({
  isPostgres: whose !== undefined,
  parts: (words as string).split('…').filter((part) => part.trim() !== ''),
  words: words as string,
}));
/** Maximum number of characters between two parts of a message in the source. */
const FARTHEST = 200;

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => readFileSync(join('src', name), 'utf8'));

function isIn(text: string, parts: readonly string[]): boolean {
  const [first = '', ...others] = parts;
  for (let start = text.indexOf(first); start >= 0; start = text.indexOf(first, start + 1)) {
    let end = start + first.length;
    const all = others.every((part) => {
      const next = text.indexOf(part, end);
      const isNear = next >= 0 && next - end <= FARTHEST;
      end = next + part.length;
      return isNear;
    });
    if (all) return true;
  }
  return false;
}

test('each heading is what the program says', () => {
  expect(HEADINGS.length).toBeGreaterThan(30);
  const unknown = HEADINGS.filter(
    ({ isPostgres, parts }) => !isPostgres && !sources.some((text) => isIn(text, parts)),
  );
  expect(unknown.map(({ words }) => words)).toEqual([]);
});

test('PostgreSQL says what the page has of it to the role of the program', async () => {
  const databases = await testDatabase();
  try {
    const said = await withOwner(databases.app, async (client) => {
      const messages: string[] = [];
      for (const table of ['immigration_client', 'tenant_main.immigration_client']) {
        await client.query(`SELECT FROM ${table}`).catch((error: Error) => messages.push(error.message));
      }
      return messages;
    });
    for (const { words, parts } of HEADINGS.filter(({ isPostgres }) => isPostgres)) {
      expect(
        said.filter((text) => isIn(text, parts)),
        words,
      ).toHaveLength(1);
    }
  } finally {
    await databases.drop();
  }
});

test('links within the page, and to headings of other pages, lead somewhere', () => {
  const anchorsOf = (page: string) =>
    [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
      (heading as string)
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );
  const lost = readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) => {
      const page = readFileSync(join('docs', name), 'utf8');
      return [...page.matchAll(/\]\(([\w.-]*)#([^)\s]+)\)/g)]
        .filter(([, other = '']) => other === '' || other.endsWith('.md'))
        .filter(([, other = '', anchor = '']) => {
          const file = other === '' ? page : readFileSync(join('docs', other), 'utf8');
          return !anchorsOf(file).includes(anchor);
        })
        .map(([link]) => `${name}: ${link}`);
    });
  expect(lost).toEqual([]);
});
