import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/helpers/app.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { deepPage } from './deep-page.js';

// A page beyond the first is looked for from either end of the list; it must be the one that OFFSET gives.

const SCHEMA = { schema: 'tenant_main', userId: null };
const ORDER = { forward: sql`r.created_at DESC, r.id DESC`, backward: sql`r.created_at, r.id` };
const TABLE = sql`immigration_client`;
const FEW = { numRuns: 60 };

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
  await change(sql`
    INSERT INTO immigration_client (first_name, stage, created_at, deleted_at)
    SELECT 'Given' || n, (ARRAY['LEAD', 'CLIENT'])[1 + n % 2], '2020-01-01'::timestamptz + (n / 7) * interval '1 hour',
      CASE WHEN n % 10 = 0 THEN now() END
    FROM generate_series(1, 120) n`);
});
afterAll(() => app?.close());

const change = (statement: Sql) => app.database.tenantQuery(SCHEMA, statement);

/** Returns the page of a stage's clients, and the one that OFFSET gives, in that order. */
async function bothPages(
  transaction: TenantTransaction,
  asked: { stage: string; page: number | 'last'; size: number },
) {
  const { stage, page, size } = asked;
  const condition = sql<boolean>`r.deleted_at IS NULL AND r.stage = ANY (${[stage]}::text[])`;
  const counting = sql<{ count: number }>`
    SELECT coalesce(sum(n), 0)::bigint AS count FROM immigration_client_count
    WHERE NOT deleted AND stage = ANY (${[stage]}::text[])`;
  const from = (source: Sql, rest: Sql) => sql<{ id: number }>`SELECT r.id FROM ${source} r ${rest}`;
  const rows = { table: TABLE, condition, order: ORDER, counting, from };
  const found = await transaction.result(deepPage(transaction, rows, { page, size }));
  const all = await transaction.query(from(TABLE, sql`WHERE ${condition} ORDER BY ${ORDER.forward}`));
  const skipped = (page === 'last' ? Math.max(1, Math.ceil(all.length / size)) - 1 : page - 1) * size;
  return [found, { count: all.length, items: all.slice(skipped, skipped + size) }];
}

const asked = fc.record({
  stage: fc.constantFrom('LEAD', 'CLIENT', 'NOBODY'),
  page: fc.oneof(fc.constant('last' as const), fc.integer({ min: 1, max: 70 })),
  size: fc.constantFrom(1, 2, 3, 7, 25, 100),
});

test('is the page of OFFSET: any of them, of any size', async () => {
  await fc.assert(
    fc.asyncProperty(asked, async (which) => {
      const [found, expected] = await app.database.tenantTransaction(SCHEMA, (transaction) =>
        bothPages(transaction, which),
      );
      expect(found).toEqual(expected);
    }),
    FEW,
  );
});

test('contains what its own transaction has changed, and nothing that others have not committed', async () => {
  await app.database.tenantTransaction(SCHEMA, async (other) => {
    await other.query(sql`
      INSERT INTO immigration_client (first_name, stage) SELECT 'New', 'LEAD' FROM generate_series(1, 9)`);
    await other.query(sql`DELETE FROM immigration_client WHERE id % 6 = 1`);
    await fc.assert(
      fc.asyncProperty(asked, fc.integer({ min: 0, max: 5 }), async (which, added) => {
        const [found, expected] = await app.database.tenantTransaction(SCHEMA, async (transaction) => {
          await transaction.query(sql`
            INSERT INTO immigration_client (first_name, stage, created_at)
            SELECT 'Own', 'CLIENT', '2020-01-01'::timestamptz + n * interval '3 hours'
            FROM generate_series(1, ${added}::integer) n`);
          return await bothPages(transaction, which);
        });
        expect(found).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });
});

test('has no client twice and none is missing while others are entered', async () => {
  // Ids of before and after: where they agree, the page between them must too.
  let isOver = false;
  const writing = (async () => {
    while (!isOver)
      await change(sql`INSERT INTO immigration_client (first_name, stage) VALUES ('More', 'LEAD')`);
  })();
  try {
    for (let page = 1; page <= 12; page++) {
      const [found] = await app.database.tenantTransaction(SCHEMA, (transaction) =>
        bothPages(transaction, { stage: 'LEAD', page, size: 5 }),
      );
      const ids = found!.items.map(({ id }) => id);
      expect(new Set(ids).size).toBe(5);
      const between = await app.database.tenantQuery(
        SCHEMA,
        sql<{ id: number }>`
          SELECT r.id FROM ${TABLE} r WHERE r.deleted_at IS NULL AND r.stage = 'LEAD'
            AND (r.created_at, r.id) <= (SELECT created_at, id FROM ${TABLE} WHERE id = ${ids[0]!}::bigint)
          ORDER BY ${ORDER.forward} LIMIT 5`,
      );
      expect(ids).toEqual(between.map(({ id }) => id));
    }
  } finally {
    isOver = true;
    await writing;
  }
});
