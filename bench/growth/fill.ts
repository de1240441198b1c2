import { inTransaction, type OwnerClient, withOwner } from '../../src/database/owner.js';
import { qualified } from '../../src/database/schema-name.js';
import { createTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { rowsOf, type Scene } from '../tenants/scene.js';
import { GROWING, KEPT, OFFICES } from './rows.js';

export const nameOf = (clients: number) => `g${clients}`;
const schemaOf = (clients: number) => `tenant_${nameOf(clients)}`;
export const hostOf = (clients: number) => `${nameOf(clients)}.localhost`;

/**
 * Creates an agency with this many clients, and as many tasks, notifications, events, audit entries and applications, if
 * it is missing.
 */
export async function growAgency(scene: Scene, clients: number): Promise<void> {
  const schema = schemaOf(clients);
  const there = await rowsOf(scene, 'SELECT FROM public.tenants_tenant WHERE schema_name = $1', [schema]);
  if (there.length > 0) return;
  scene.say(`making an agency of ${clients.toLocaleString('en')} clients`);
  await createTenantSchema(scene.handle.owner, scene.handle.app.user, {
    schema,
    name: `Agency of ${clients}`,
    domains: [{ domain: hostOf(clients), isPrimary: true }],
    status: 'ACTIVE',
  });
  await withOwner(scene.handle.owner, async (client) => {
    await client.query(`SET search_path TO ${schema}`);
    await client.query("SET maintenance_work_mem TO '1GB'");
    for (const rows of OFFICES) await client.query(rows);
    for (const { table, insert } of [...GROWING, ...KEPT]) {
      scene.workshop.ensureOpen();
      await inTransaction(client, () => insertInBulk(client, schema, table, insert, clients));
    }
    await client.query('VACUUM (ANALYZE)');
  });
}

/**
 * Inserts rows as a restore does: without the table's triggers, and without its indexes and foreign keys, which are
 * created again as they were. What the triggers keep elsewhere is inserted too, by the statements of KEPT.
 */
async function insertInBulk(
  client: OwnerClient,
  schema: string,
  table: string,
  insert: string,
  clients: number,
): Promise<void> {
  const name = qualified(schema, table);
  await client.query(`SET LOCAL search_path TO ${schema}`);
  const before = await definitions(client, name);
  await client.query(`ALTER TABLE ${name} DISABLE TRIGGER USER`);
  for (const { drop } of before) await client.query(drop);
  await client.query(insert, /\$1/.test(insert) ? [clients] : []);
  for (const { create } of before) await client.query(create);
  await client.query(`ALTER TABLE ${name} ENABLE TRIGGER USER`);
}

/** Returns how to drop and to create the indexes and foreign keys of a table, unless it has partitions. */
async function definitions(client: OwnerClient, name: string): Promise<{ drop: string; create: string }[]> {
  const { rows } = await client.query(
    `SELECT 'DROP INDEX ' || i.indexrelid::regclass AS drop, pg_get_indexdef(i.indexrelid) AS create
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
     WHERE i.indrelid = $1::regclass AND c.relkind = 'r' AND NOT i.indisreplident
       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
     UNION ALL
     SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname),
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
     FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
     WHERE k.conrelid = $1::regclass AND k.contype = 'f' AND c.relkind = 'r'`,
    [name],
  );
  return rows;
}
