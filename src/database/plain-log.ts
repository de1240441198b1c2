import type { OwnerClient } from './owner.js';

/**
 * The statement that leaves pages uncompressed in the log until the transaction ends, where the owner may choose that: for
 * transactions that change thousands of pages of the catalogue a little each. The first change of a page after a checkpoint
 * logs all of it, and the rows of many tenants lie on more pages than those of few; compressing them took a third of a
 * tenant's creation.
 */
export const LOG_UNCOMPRESSED = `
  SELECT CASE WHEN pg_catalog.has_parameter_privilege('wal_compression', 'SET')
    THEN pg_catalog.set_config('wal_compression', 'off', true) END`;

/** Leaves pages uncompressed in the log until the transaction ends; see `LOG_UNCOMPRESSED`. */
export async function logUncompressed(client: OwnerClient): Promise<void> {
  await client.query(LOG_UNCOMPRESSED);
}
