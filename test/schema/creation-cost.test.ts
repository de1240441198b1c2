import { afterAll, beforeAll, expect, it } from 'vitest';
import { inTransaction, type OwnerClient, withOwner } from '../../src/database/owner.js';
import {
  createTenantSchema,
  createTenantSchemaOn,
  dropTenantSchema,
} from '../../src/provisioning/tenant-schema.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

// The thousandth tenant is created as fast as the first: nothing is looked up among all tenants' objects.

/** Schemas with functions of the same names as a tenant's. Each look-up by name reads that many rows more. */
const OTHERS = 100;
const SCHEMA = 'tenant_creation_cost';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database?.drop());

const query = (sql: string) => withOwner(database.owner, async (client) => (await client.query(sql)).rows);

/** Returns the number of entries that all sessions have read of the index of functions' names. */
async function namesRead(): Promise<number> {
  const [row] = await query(
    `SELECT idx_tup_read::integer AS read FROM pg_stat_sys_indexes
     WHERE indexrelname = 'pg_proc_proname_args_nsp_index'`,
  );
  return row.read;
}

/** Creates a tenant and drops it. @returns how many names of functions its creation has read */
async function readByCreation(): Promise<number> {
  const before = await namesRead();
  await createTenantSchema(database.owner, database.app.user, {
    schema: SCHEMA,
    name: 'Cost',
    domains: [{ domain: 'cost.localhost', isPrimary: true }],
  });
  const read = (await namesRead()) - before;
  await dropTenantSchema(database.owner, SCHEMA);
  return read;
}

it('creating a tenant reads no more names of functions when other tenants have them too', async () => {
  const alone = await readByCreation();
  await query(`
    SET check_function_bodies TO off;
    DO $$
    DECLARE name name;
    BEGIN
      FOR i IN 1 .. ${OTHERS} LOOP
        EXECUTE format('CREATE SCHEMA other_%s', i);
        FOR name IN SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'tenant_main'::regnamespace LOOP
          EXECUTE format('CREATE FUNCTION other_%s.%I() RETURNS integer LANGUAGE sql AS ''SELECT 1''', i, name);
        END LOOP;
      END LOOP;
    END $$`);
  const besideOthers = await readByCreation();
  expect(alone).toBeGreaterThan(0);
  // A single look-up by one of the names would read as many more as there are others.
  expect(besideOthers - alone).toBeLessThan(OTHERS);
}, 60_000);

it('the pages of a new tenant are logged uncompressed, whatever the server does with others', async () => {
  await withOwner(database.admin, (client) =>
    client.query(`ALTER DATABASE "${database.admin.database}" SET wal_compression TO on`),
  );
  const compression = async (client: OwnerClient) =>
    (await client.query('SHOW wal_compression')).rows[0].wal_compression;
  let meanwhile = '';
  const fill = async (client: OwnerClient) => {
    meanwhile = await compression(client);
  };
  const tenant = { schema: SCHEMA, name: 'Cost', domains: [{ domain: 'cost.localhost', isPrimary: true }] };
  await withOwner(database.owner, async (client) => {
    const { user } = database.app;
    await inTransaction(client, () => createTenantSchemaOn(client, user, tenant, { fill }));
    expect([meanwhile, await compression(client)]).toEqual(['off', 'pglz']);
  });
  await dropTenantSchema(database.owner, SCHEMA);
}, 60_000);
