import { foreignKeysTo } from '../../database/foreign-keys.js';
import { type Sql, sql } from '../../database/sql.js';
import type { TenantTransaction } from '../../database/tenant-transaction.js';
import { detailError } from '../../http/errors.js';
import { KINDS, type Kind, type Model } from '../../kinds/kinds.js';

/** A kind whose records may reference the one to be deleted, and the referencing column. */
interface Use {
  readonly by: Kind;
  readonly column: string;
}

/** Finds the references to records of a kind by others than their parts, from the foreign keys. */
function usesOf(model: Model): Use[] {
  const keys = foreignKeysTo(KINDS[model].table);
  return Object.values(KINDS)
    .filter(({ of }) => of !== model)
    .flatMap((by) => keys.filter(({ table }) => table === by.table).map(({ column }) => ({ by, column })));
}

/**
 * Checks that no record of another kind references one that the caller has locked for deletion.
 * @param archived whether soft-deleted records count; by default only if this one is deleted for good
 * @throws HttpError 400 with the first use found
 */
export async function refuseIfUsed(
  transaction: TenantTransaction,
  model: Model,
  id: number,
  archived = !KINDS[model].softDelete,
): Promise<void> {
  const uses = usesOf(model);
  const found = uses.map(({ by, column }, index): Sql => {
    const counts = by.softDelete && !archived ? sql` AND u.deleted_at IS NULL` : sql``;
    return sql`WHEN EXISTS (
      SELECT FROM ${sql.ref(by.table)} u WHERE u.${sql.ref(column)} = ${id}::bigint${counts}) THEN ${index}::integer`;
  });
  const [first] = await transaction.query(
    sql<{ use: number | null }>`SELECT CASE ${sql.join(found, sql` `)} END AS use`,
  );
  const by = typeof first?.use === 'number' ? uses[first.use]?.by : undefined;
  if (by) throw detailError(400, `Cannot delete ${KINDS[model].one} that ${by.use ?? `${by.many} use`}`);
}
