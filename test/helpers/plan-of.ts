import { compiled, statement } from '../../src/database/statement.js';
import type { TenantTransaction } from '../../src/database/tenant-transaction.js';
import type { TestApp } from './app.js';

/**
 * How PostgreSQL would run the last statement of a selector, for the values that it is given: the one that shows rows,
 * not the one that counts them.
 */
export async function planOf(
  app: Pick<TestApp, 'database'>,
  select: (transaction: TenantTransaction) => Promise<unknown>,
): Promise<string> {
  let plan = '';
  await app.database.tenantTransaction({ schema: 'tenant_main', userId: null }, async (transaction) => {
    await transaction.query(statement("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"));
    await select({
      query: (asked) => transaction.query(asked),
      async last(asked) {
        const { sql, parameters } = compiled(asked);
        const lines = await transaction.query(
          statement<Record<string, string>>(`EXPLAIN ${sql}`, parameters),
        );
        plan = lines.map((line) => line['QUERY PLAN']).join('\n');
        return [];
      },
    });
  });
  return plan;
}
