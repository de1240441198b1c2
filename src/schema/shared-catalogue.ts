import { randomBytes } from 'node:crypto';
import type { Migration } from '../database/migration-files.js';
import { inTransaction, type OwnerClient } from '../database/owner.js';
import { programRightsSql } from '../database/roles.js';
import {
  ALL_KINDS,
  type CatalogueObject,
  readObjects,
  SHARED_REFERENCE,
  useNoDefaultPrivileges,
} from './catalogue-objects.js';
import { type Difference, differencesOf } from './differences.js';
import type { ReferenceSchema } from './tenant-catalogue.js';

/**
 * Replays the shared migrations into a schema of another name, reads its contents and leaves nothing behind, so that the
 * definitions are in the words of this server's version. The migrations name `public` before each of their objects.
 */
async function readSharedReference(
  client: OwnerClient,
  appUser: string,
  migrations: readonly Migration[],
): Promise<ReferenceSchema> {
  const schema = `${SHARED_REFERENCE}${randomBytes(6).toString('hex')}`;
  await client.query('BEGIN');
  try {
    await useNoDefaultPrivileges(client);
    const scripts = migrations.map(({ sql }) => sql.replaceAll(/\bpublic\b/g, schema));
    await client.query(
      [
        `CREATE SCHEMA ${schema}; SET LOCAL search_path TO ${schema}, pg_temp;`,
        ...scripts,
        programRightsSql(appUser, schema),
      ].join('\n;\n'),
    );
    const objects = await readObjects(client, schema, { kinds: ALL_KINDS, appUser }, true);
    return { schema, appUser, objects };
  } finally {
    await client.query('ROLLBACK');
  }
}

/**
 * Compares schema `public` with what the shared migrations and the program's rights make. Other programs may have tables
 * and functions there: those are left out, unless a function runs with its owner's rights and the program, a tenant or
 * everybody may call it.
 */
export async function compareShared(
  client: OwnerClient,
  appUser: string,
  migrations: readonly Migration[],
): Promise<{ differences: Difference[]; reference: ReferenceSchema }> {
  const reference = await readSharedReference(client, appUser, migrations);
  const tables = new Set(reference.objects.filter(({ kind }) => kind === 'table').map(({ name }) => name));
  const functions = new Set(
    reference.objects.filter(({ kind }) => kind === 'function').map(({ name }) => name),
  );
  const isOurs = ({ kind, name, definition }: CatalogueObject) => {
    if (kind === 'function') return functions.has(name) || / DEFINER .* for /.test(definition);
    return tables.has(name.split('.')[0] ?? '');
  };
  return await inTransaction(client, async () => {
    await client.query('SET TRANSACTION READ ONLY');
    const found = await readObjects(client, 'public', { kinds: ALL_KINDS, appUser });
    return { differences: differencesOf(reference.objects, found.filter(isOurs)), reference };
  });
}
