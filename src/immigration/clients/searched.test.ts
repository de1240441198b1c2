import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import type { Scope } from '../../auth/scope.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { clientConditions, NEWEST_FIRST } from '../shared/client-filters.js';
import { textHolds } from '../shared/client-text.js';
import { TrigramShares } from '../shared/trigram-shares.js';
import { searchedPage } from './searched.js';

// Searching the list sorts what it finds, or reads the list from either end, and has the index look up a part of what
// is searched for: the page must be that of OFFSET, the number that of all.

const SCHEMA = { schema: 'tenant_main', userId: null };
const TABLE = sql`immigration_client`;
const NAMES = { complete: async () => undefined };

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  const change = (statement: Sql) => app.database.tenantQuery(SCHEMA, statement);
  await change(sql`INSERT INTO immigration_region (name) VALUES ('North')`);
  await change(sql`
    INSERT INTO immigration_branch (name, region_id, phone, country)
    SELECT 'Branch ' || n, (SELECT max(id) FROM immigration_region), '0200000000', 'AU' FROM generate_series(1, 2) n`);
  // The older half has "early" in its address; those of one moment are told apart by their id.
  await change(sql`
    INSERT INTO immigration_client (first_name, last_name, email, created_at, deleted_at, branch_id)
    SELECT (ARRAY['Ramesh', 'Sita', 'Zoë'])[1 + n % 3], 'Family' || n,
      'c' || n || CASE WHEN n < 1300 THEN '@early' ELSE '@late' END || '.example.com',
      '2020-01-01'::timestamptz + (n / 7) * interval '1 hour', CASE WHEN n % 10 = 0 THEN now() END,
      (SELECT min(id) FROM immigration_branch) + n % 2
    FROM generate_series(1, 2600) n`);
});
afterAll(() => app?.close());

interface Asked {
  readonly search: string;
  readonly page: number | 'last';
  readonly size: number;
  readonly includeDeleted: boolean;
  readonly scope: Scope;
}

/** Returns the page, and the one that OFFSET gives. */
async function bothPages(transaction: TenantTransaction, asked: Asked) {
  const { search, page, size, includeDeleted, scope } = asked;
  const filters = { search, includeDeleted };
  const from = (source: Sql, rest: Sql) =>
    sql<{ id: number }>`SELECT r.id, r.created_at FROM ${source} r ${rest}`;
  const among = sql`SELECT count(*) FROM immigration_client`;
  const searched = { table: TABLE, from, names: NAMES, scope, filters, among };
  const { count, items } = await transaction.result(searchedPage(transaction, searched, { page, size }));
  const all = await transaction.query(
    from(TABLE, sql`WHERE ${clientConditions(scope, filters)} ORDER BY ${NEWEST_FIRST}`),
  );
  const skipped = (page === 'last' ? Math.max(1, Math.ceil(all.length / size)) - 1 : page - 1) * size;
  const ids = (rows: readonly { id: number }[]) => rows.map(({ id }) => id);
  return [
    { count, ids: ids(items) },
    { count: all.length, ids: ids(all.slice(skipped, skipped + size)) },
  ];
}

test('is the page of OFFSET: of few and of many, from either end, in any scope', {
  timeout: 60_000,
}, async () => {
  const [first] = await app.database.tenantQuery(
    SCHEMA,
    sql<{ id: number }>`SELECT min(id)::int AS id FROM immigration_branch`,
  );
  const asked = fc.record({
    search: fc.constantFrom(
      'example',
      'early',
      'late.ex',
      'zoe',
      'family12',
      'family1234',
      'nobody',
      'ramesh family',
    ),
    page: fc.oneof(
      fc.constant('last' as const),
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 2600 }),
    ),
    size: fc.constantFrom(1, 7, 25, 100),
    includeDeleted: fc.boolean(),
    scope: fc.constantFrom<Scope>({ kind: 'tenant' }, { kind: 'branches', branchIds: [first!.id] } as Scope),
  });
  await fc.assert(
    fc.asyncProperty(asked, async (which) => {
      const [found, expected] = await app.database.tenantTransaction(SCHEMA, (transaction) =>
        bothPages(transaction, which),
      );
      expect(found).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

test('what the index looks up is part of the text, and finds the same clients', {
  timeout: 60_000,
}, async () => {
  const texts = await app.database.tenantQuery(
    SCHEMA,
    sql<{ text: string }>`SELECT text FROM client_search WHERE client_id % 7 = 0`,
  );
  const shares = new TrigramShares(texts.map(({ text }) => text));
  const typed = fc.oneof(
    fc.constantFrom(
      'family1234',
      'c77@early.example.com',
      '2345@late',
      'Zoë Family259',
      'ramesh fam',
      '.example',
      '𠮷野家1234567',
    ),
    fc.stringMatching(/^(family|c|sita )?[0-9]{1,4}(@early|@late)?(\.example)?$/),
  );
  let parts = 0;
  await fc.assert(
    fc.asyncProperty(typed, async (text) => {
      const part = shares.partToLookUp(text);
      if (part !== undefined) {
        parts++;
        expect(text).toContain(part);
      }
      const count = (condition: Sql) =>
        sql<{ n: number }>`SELECT count(*)::int AS n FROM client_search s WHERE ${condition}`;
      const [narrowed, whole] = await app.database.tenantTransaction(SCHEMA, async (transaction) => [
        await transaction.query(count(textHolds(sql`s.text`, text, shares))),
        await transaction.query(count(textHolds(sql`s.text`, text))),
      ]);
      expect(narrowed).toEqual(whole);
    }),
    { numRuns: 60 },
  );
  expect(parts).toBeGreaterThan(5);
});

test('looks up the rare part of a text, and all of it where nothing is common', () => {
  const many = Array.from(
    { length: 300 },
    (_, n) => `\x1ffamily${(n * 7919) % 100_000}\x1f${n}x@gmail.com\x1f`,
  );
  const shares = new TrigramShares(many);
  expect(shares.partToLookUp('ramesh@gmail.com')).toBe('ramesh');
  expect(shares.partToLookUp('family98765')).toMatch(/98765$/);
  expect(shares.partToLookUp('ramesh')).toBeUndefined();
  expect(shares.partToLookUp('family')).toBeUndefined();
  expect(new TrigramShares([]).partToLookUp('ramesh@gmail.com')).toBeUndefined();
});
