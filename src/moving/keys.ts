import { copyOut } from '../database/copy.js';
import type { OwnerClient } from '../database/owner.js';
import { arrayParameters, qualified, quotedList, quoteIdentifier } from '../database/schema-name.js';
import { keyList } from './changed-rows.js';
import type { MovedTable } from './moved-tables.js';

/** The key of a row: its columns in COPY's text format, separated by tabs. */
export type Key = string;

const KEYS_AT_ONCE = 5_000;
const BATCH_BYTES = 256 * 1024;

/** Reads keys, batch by batch. @param statement a COPY statement */
export async function* readKeys(client: OwnerClient, statement: string): AsyncGenerator<Key[]> {
  for await (const rows of copyOut(client, statement, BATCH_BYTES, () => undefined)) {
    yield rows.toString('utf8').split('\n').slice(0, -1);
  }
}

/** Removes the rows with these keys. @returns the number of those that were there */
export async function removeByKey(
  client: OwnerClient,
  schema: string,
  table: MovedTable,
  keys: readonly Key[],
): Promise<number> {
  let removed = 0;
  for (let first = 0; first < keys.length; first += KEYS_AT_ONCE) {
    const rows = keys.slice(first, first + KEYS_AT_ONCE).map(fieldsOf);
    const names = table.key.map(({ name }) => name);
    const types = table.key.map(({ type }) => type);
    const { rowCount } = await client.query(
      `DELETE FROM ${qualified(schema, table.name)} t USING unnest(${arrayParameters(types)}) AS k (${quotedList(names)})
       WHERE (${quotedList(names, 't')}) = (${quotedList(names, 'k')})`,
      table.key.map((_, index) => rows.map((row) => row[index])),
    );
    removed += rowCount ?? 0;
  }
  return removed;
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** Returns the values of a key; none of them is NULL. */
function fieldsOf(key: Key): string[] {
  return key
    .split('\t')
    .map((field) => field.replaceAll(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? letter));
}

/** Number of consecutive ids, or of rows on average, whose keys are compared by one checksum. */
const PER_RANGE = 1_000;

interface Range {
  readonly range: string;
  readonly rows: string;
  readonly sum: string;
}

/**
 * Returns the keys of rows that are in one database and not in the other: by checksums of ranges first, then key by key
 * in the ranges that differ.
 */
export async function keysWithout(
  here: { readonly client: OwnerClient; readonly rows: number },
  there: { readonly client: OwnerClient },
  schema: string,
  table: MovedTable,
): Promise<Key[]> {
  const ranges = rangesStatement(schema, table, here.rows);
  const [mine, others] = await Promise.all([
    here.client.query<Range>(ranges),
    there.client.query<Range>(ranges),
  ]);
  const known = new Map(others.rows.map(({ range, rows, sum }) => [range, `${rows} ${sum}`]));
  const differing = mine.rows
    .filter(({ range, rows, sum }) => known.get(range) !== `${rows} ${sum}`)
    .map(({ range }) => range);
  const found: Key[] = [];
  for (let first = 0; first < differing.length; first += PER_RANGE) {
    const statement = keysInRanges(schema, table, here.rows, differing.slice(first, first + PER_RANGE));
    const [hasKey, lacks] = await Promise.all([
      collect(here.client, statement),
      collect(there.client, statement),
    ]);
    const present = new Set(lacks);
    for (const key of hasKey) if (!present.has(key)) found.push(key);
  }
  return found;
}

async function collect(client: OwnerClient, statement: string): Promise<Key[]> {
  const all: Key[] = [];
  for await (const keys of readKeys(client, statement)) for (const key of keys) all.push(key);
  return all;
}

const INTEGERS = new Set(['bigint', 'integer', 'smallint']);

/** Returns the expression for the range that a row belongs to, the same in both databases. */
function rangeOf(table: MovedTable, rows: number): string {
  const [first, ...more] = table.key;
  if (first && more.length === 0 && INTEGERS.has(first.type)) {
    return `(${quoteIdentifier(first.name)}::bigint / ${PER_RANGE})`;
  }
  return `(pg_catalog.hashtextextended(ROW(${keyList(table)})::text, 0) & ${numberOfRanges(rows) - 1})`;
}

function numberOfRanges(rows: number): number {
  return 2 ** Math.min(20, Math.ceil(Math.log2(Math.max(1, rows / PER_RANGE))));
}

function rangesStatement(schema: string, table: MovedTable, rows: number): string {
  return `SELECT ${rangeOf(table, rows)}::text AS range, count(*)::text AS rows,
      sum(pg_catalog.hashtextextended(ROW(${keyList(table)})::text, 1)::numeric)::text AS sum
    FROM ${qualified(schema, table.name)} GROUP BY 1`;
}

function keysInRanges(schema: string, table: MovedTable, rows: number, ranges: readonly string[]): string {
  const list = ranges.map((range) => BigInt(range)).join(', ');
  return `COPY (SELECT ${keyList(table)} FROM ${qualified(schema, table.name)} WHERE ${rangeOf(table, rows)} IN (${list})) TO STDOUT`;
}
