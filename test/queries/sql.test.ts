import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { withOwner } from '../../src/database/owner.js';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { startTestApp } from '../helpers/app.js';
import { recordSentBatches } from '../helpers/sent-batches.js';
import { seedStaff } from '../helpers/staff.js';
import { formatSql } from './format-sql.js';
import { sentSql } from './sent-sql.js';

// The SQL of every route stands in test/queries/sql/, one file for each resource, so that a review shows what a change
// does to it. `npm run sql` runs this test too, and writes the files.

const FOLDER = join(PACKAGE_ROOT, 'test', 'queries', 'sql');
const IS_TO_WRITE = process.env.npm_lifecycle_event === 'sql';

const app = await startTestApp();
const sent = recordSentBatches();
afterAll(async () => {
  sent.stop();
  await app.close();
});
await seedStaff(app);

test('every route sends what test/queries/sql/ shows', { timeout: 120_000 }, async () => {
  const files = await withOwner(app.databases.admin, (owner) => sentSql(app, owner, sent.batches));
  if (IS_TO_WRITE) {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER);
    for (const [name, text] of files) writeFileSync(join(FOLDER, name), text);
  }
  const shown = Object.fromEntries(
    readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]),
  );
  for (const name of new Set([...files.keys(), ...Object.keys(shown)])) {
    const told = `${name} is out of date. If the SQL is meant to change: npm run sql, and commit the files`;
    expect(files.get(name), told).toBe(shown[name]);
  }
});

describe('the format', () => {
  test('has a line for each clause, condition and larger subquery', () => {
    const within = `SELECT extract(epoch FROM a) FROM b WHERE c BETWEEN 1 AND 2 AND d IN (SELECT 1)`;
    const text = `SELECT x, (${within} AND f(y) = 'SELECT  1 FROM'\n ) FROM z LEFT JOIN w ON true FOR NO KEY UPDATE`;
    expect(formatSql(text)).toBe(`SELECT x, (
  SELECT extract(epoch FROM a)
  FROM b
  WHERE c BETWEEN 1 AND 2
    AND d IN (SELECT 1)
    AND f(y) = 'SELECT  1 FROM'
)
FROM z
  LEFT JOIN w ON true
FOR NO KEY UPDATE`);
  });

  test('changes nothing but white space', () => {
    const plain = (text: string) => text.replaceAll(/\s/g, '');
    for (const { statements } of sent.batches)
      for (const { sql } of statements) expect(plain(formatSql(sql))).toBe(plain(sql));
  });
});
