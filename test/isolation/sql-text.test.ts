// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is checked here is source text
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/platform/package-root.js';
import { unsafeSqlText } from './sql-text.js';

// Not reached by requests: the layer that quotes names, operators' commands, and background work, whose SQL is built
// from the program's own configuration.
const EXEMPT = /^(database|schema|cli|seed)[\\/]|\.test\.ts$/;
const SOURCE = join(PACKAGE_ROOT, 'src');
const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !EXEMPT.test(file),
);

test('SQL text is made of constants and quoted names alone', () => {
  expect(files.length).toBeGreaterThan(50);
  const found = files.flatMap((file) =>
    unsafeSqlText(readFileSync(join(SOURCE, file), 'utf8')).map((place) => `src/${file}:${place}`),
  );
  expect(found).toEqual([]);
});

describe('the check itself', () => {
  test.each([
    'function f(name: string) { return statement(`SELECT ${name}`); }',
    'function f(name: string) { return statement("SELECT " + name); }',
    'const f = ({ query }) => sql`SELECT ${sql.raw(query.text("order"))}`;',
    'const f = (name: string) => { const text = `SELECT ${name}`; return transaction.query(text); };',
    'const f = (name: string) => statement<{ id: number }>(name);',
    'const f = (name: string) => client.query(`SELECT ${name}`);',
    'const f = (name: string) => { const C = "a"; { const C = name; return statement(`SELECT ${C}`); } };',
    'const f = (a: string) => this.database.client.query(`SELECT ${quoteLiteral(a)} ${a}`);',
    'const f = (a: boolean, b: string) => sql.lit(a ? "x" : b);',
    'const f = (name: string) => client.query(`SELECT FROM pg_class WHERE oid = ${relationsIn(name)}`);',
  ])('refuses %s', (source) => {
    expect(unsafeSqlText(source)).toHaveLength(1);
  });

  test.each([
    'const COLUMNS = `a, b`; const f = (id: number) => statement(`SELECT ${COLUMNS} WHERE id = $1`, [id]);',
    'const f = (name: string) => sql`SELECT ${name}`;',
    'const f = (name: string) => client.query(`DROP SCHEMA ${quoteIdentifier(name)}`);',
    'const f = (a: boolean) => { const [x, y] = a ? ["b", "c"] : ["d", "e"]; return statement(`SELECT ${x}`); };',
    'const f = () => client.query(`SELECT FROM pg_class WHERE oid = ${relationsIn("$1")}`);',
    'import { COLUMNS } from "./columns.js"; const f = () => sql.raw(COLUMNS);',
    'const f = (name: string) => { const query = statement("SELECT $1", [name]); return transaction.query(query); };',
  ])('lets through %s', (source) => {
    expect(unsafeSqlText(source)).toEqual([]);
  });
});
