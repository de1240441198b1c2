import { type Migration, type MigrationFiles, readMigrations } from '../database/migration-files.js';
import { inTransaction, type OwnerClient } from '../database/owner.js';
import { checkSchemaName } from '../database/schema-name.js';
import { PlainError } from '../platform/plain-error.js';
import { lockTenants } from './locking.js';
import { fileName, ledgerOf } from './migration-state.js';
import { recordMigrations } from './migrator.js';

/**
 * Marks the next migration of a tenant as skipped in the ledger, so that the following ones can be applied.
 * @returns the migration
 * @throws PlainError when it is not the next
 */
export async function skipMigration(
  client: OwnerClient,
  schema: string,
  number: number,
  files: MigrationFiles = readMigrations(),
): Promise<Migration> {
  return await inTransaction(client, async () => {
    await lockTenants(client, schema);
    const known = await ledgerOf(client, checkSchemaName(schema));
    const next = files.tenant.find((migration) => !known.has(migration.number));
    if (!next) throw new PlainError(`${schema} has no migration pending, so there is none to skip`);
    if (next.number !== number)
      throw new PlainError(`only the next migration of ${schema} can be skipped, which is ${fileName(next)}`);
    await recordMigrations(client, schema, [next]);
    await client.query(
      'UPDATE public.migration_ledger SET is_skipped = true WHERE scope = $1 AND number = $2',
      [schema, number],
    );
    return next;
  });
}
