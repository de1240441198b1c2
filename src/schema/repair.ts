import { inTransaction, type OwnerClient } from '../database/owner.js';
import { SHARED_TABLES, schemaRightsSql } from '../database/roles.js';
import { checkSchemaName, quoteIdentifier } from '../database/schema-name.js';
import { PlainError } from '../platform/plain-error.js';
import { type Difference, REPAIRABLE, type ReferenceSchema } from './tenant-catalogue.js';
import { tellOfTenant } from './tenant-notice.js';

/** Selects the differences that can be repaired: no extra objects, and none that belong to a missing table. */
export function repairable(differences: readonly Difference[]): Difference[] {
  const gone = new Set(
    differences.filter(({ kind, what }) => kind === 'right' && what === 'missing').map(({ name }) => name),
  );
  const tableOf = ({ kind, name }: Difference) => (kind === 'trigger' ? name.split('.')[0] : name) ?? '';
  return differences.filter(
    (difference) =>
      REPAIRABLE.includes(difference.kind) &&
      difference.wanted !== null &&
      (difference.kind === 'function' || !gone.has(tableOf(difference))),
  );
}

/**
 * Restores the functions, triggers and rights of a tenant's schema; touches no record, and nothing that is not the
 * program's. Runs in the caller's transaction.
 * @throws database errors, such as for a missing table
 */
export async function repairSchema(
  client: OwnerClient,
  schema: string,
  differences: readonly Difference[],
  reference: ReferenceSchema,
): Promise<void> {
  const here = (statement: string | null) =>
    (statement ?? '').replaceAll(reference.schema, checkSchemaName(schema));
  const name = quoteIdentifier(schema);
  const of = (kind: Difference['kind']) =>
    repairable(differences).filter((difference) => difference.kind === kind);
  // Function bodies may refer to each other in any order.
  await client.query('SET LOCAL check_function_bodies TO off');
  for (const { wanted } of of('function')) {
    await client.query(here(wanted?.statement ?? null));
    const everybody = wanted?.definition.includes(' for everybody ') ? 'GRANT' : 'REVOKE';
    const direction = everybody === 'GRANT' ? 'TO' : 'FROM';
    await client.query(`${everybody} EXECUTE ON FUNCTION ${name}.${wanted?.name} ${direction} PUBLIC`);
  }
  for (const { name: place, wanted } of of('trigger')) {
    const [table = '', trigger = ''] = place.split('.');
    const on = `${quoteIdentifier(trigger)} ON ${name}.${quoteIdentifier(table)}`;
    await client.query(`DROP TRIGGER IF EXISTS ${on}; ${here(wanted?.statement ?? null)}`);
  }
  const rights = of('right');
  if (rights.length > 0) await client.query(schemaRightsSql(schema));
  for (const { name: table, wanted } of rights.filter(({ name: of }) => !of.startsWith('('))) {
    const on = `ON ${name}.${quoteIdentifier(table)}`;
    await client.query(`REVOKE ALL ${on} FROM ${name}`);
    if (wanted?.definition !== 'none') await client.query(`GRANT ${wanted?.definition} ${on} TO ${name}`);
  }
  await tellOfTenant(client, schema);
}

/**
 * Checks that the tables belong to the owner or to a role that it is a member of: tables restored by somebody else
 * belong to that user, and the owner may not change them.
 * @throws PlainError that says what to do
 */
export async function checkOwnership(client: OwnerClient, owner: string): Promise<void> {
  const [foreign] = await inTransaction(client, async () => {
    await client.query('SET TRANSACTION READ ONLY; SET LOCAL search_path TO pg_catalog');
    const { rows } = await client.query<{ schema: string; role: string; count: number }>(
      `SELECT n.nspname::text AS schema, c.relowner::regrole::text AS role, count(*)::integer AS count
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind = 'r'
         AND CASE n.nspname WHEN 'public' THEN c.relname = ANY ($2) ELSE n.nspname ~ '^tenant_[a-z][a-z0-9_]*$' END
         AND NOT pg_has_role(to_regrole(quote_ident($1))::oid, c.relowner, 'USAGE')
       GROUP BY 1, 2 ORDER BY 1, 2`,
      [owner, SHARED_TABLES],
    );
    return rows;
  });
  if (!foreign) return;
  const { schema, role, count } = foreign;
  throw new PlainError(
    `${count} tables of ${schema} belong to ${role}, so ${owner} cannot maintain them; restore the backup with pg_restore --no-owner --role=${owner}`,
  );
}
