import { randomBytes } from 'node:crypto';
import type { Migration } from '../database/migration-files.js';
import { inTransaction, type OwnerClient } from '../database/owner.js';
import { ensureTenantRole, schemaRightsSql } from '../database/roles.js';
import { quoteIdentifier } from '../database/schema-name.js';
import {
  ALL_KINDS,
  type CatalogueObject,
  type ObjectKind,
  readObjects,
  readObjectsOf,
  readSums,
  sumOf,
  useNoDefaultPrivileges,
} from './catalogue-objects.js';
import { type Difference, differencesOf } from './differences.js';
import { readSnapshot } from './tenant-snapshot.js';

/** The contents of a tenant's schema, or of `public`, as the program makes it on this server. */
export interface ReferenceSchema {
  /** The unique name of the schema it was read from, which does not exist any more. */
  readonly schema: string;
  readonly appUser: string;
  readonly objects: readonly CatalogueObject[];
}

/**
 * Creates a tenant's schema, reads its contents and leaves nothing behind, so that the definitions are in the words of
 * this server's version.
 * @returns null if the prepared script for new tenants was made from other migrations than these
 */
export async function readReference(
  client: OwnerClient,
  appUser: string,
  migrations: readonly Migration[],
): Promise<ReferenceSchema | null> {
  const script = readSnapshot(migrations);
  if (script === null) return null;
  const schema = `tenant_reference_${randomBytes(6).toString('hex')}`;
  await client.query('BEGIN');
  try {
    await useNoDefaultPrivileges(client);
    await ensureTenantRole(client, schema, appUser);
    const name = quoteIdentifier(schema);
    await client.query(`CREATE SCHEMA ${name}; ${schemaRightsSql(schema)}`);
    await client.query(`SET LOCAL search_path TO ${name}, pg_temp`);
    await client.query(script);
    const objects = await readObjects(client, schema, { kinds: ALL_KINDS, appUser }, true);
    return { schema, appUser, objects };
  } finally {
    await client.query('ROLLBACK');
  }
}

/**
 * Compares the schemas of tenants with the reference: first by a checksum of each, then object by object.
 * @param schemas existing ones, at most a few dozen per connection, since the backend caches them
 * @returns the differences, only for schemas that have any
 */
export async function compareSchemas(
  client: OwnerClient,
  schemas: readonly string[],
  { reference, kinds }: { readonly reference: ReferenceSchema; readonly kinds: readonly ObjectKind[] },
): Promise<Map<string, Difference[]>> {
  const wanted = reference.objects.filter(({ kind }) => kinds.includes(kind));
  const reading = { kinds, appUser: reference.appUser };
  const found = new Map<string, Difference[]>();
  await inTransaction(client, async () => {
    await client.query('SET TRANSACTION READ ONLY');
    const sums = await readSums(client, schemas, reading);
    const right = await sumOf(client, wanted);
    const differing = sums.filter(({ sum }) => sum !== right).map(({ schema }) => schema);
    if (differing.length === 0) return;
    for (const [schema, objects] of await readObjectsOf(client, differing, reading))
      found.set(schema, differencesOf(wanted, objects));
  });
  return found;
}
