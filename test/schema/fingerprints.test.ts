import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OwnerClient, withOwner } from '../../src/database/owner.js';
import { createTenantSchema, dropTenantSchema } from '../../src/provisioning/tenant-schema.js';
import { REPAIRABLE, readObjects } from '../../src/schema/catalogue-objects.js';
import { differencesOf } from '../../src/schema/differences.js';
import { readFingerprints } from '../../src/schema/fingerprints.js';
import { migrateAll } from '../../src/schema/migrator.js';
import { type TestDatabase, testDatabase } from '../helpers/database.js';

// `leopard migrate` compares one of the tenants that have the same fingerprint, so everything that the comparison finds
// has to be in the fingerprint.

const [ONE, TWO] = ['tenant_print_one', 'tenant_print_two'];
const SCHEMAS = ['tenant_main', ONE, TWO];

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  for (const schema of [ONE, TWO])
    await createTenantSchema(database.owner, database.app.user, {
      schema,
      name: schema,
      domains: [{ domain: `${schema.slice(13)}.localhost`, isPrimary: true }],
    });
});
afterAll(async () => {
  for (const schema of [ONE, TWO]) await dropTenantSchema(database.owner, schema);
  await database?.drop();
});

const fingerprints = async (client: OwnerClient) => {
  const found = await readFingerprints(client, SCHEMAS);
  return SCHEMAS.map((schema) => found.get(schema));
};
/** Runs `work` in a transaction of a superuser that is rolled back. */
const trying = async <T>(work: (client: OwnerClient) => Promise<T>): Promise<T> =>
  await withOwner(database.admin, async (client) => {
    await client.query('BEGIN');
    try {
      return await work(client);
    } finally {
      await client.query('ROLLBACK');
    }
  });

it('is the same for all tenants that are as the program makes them', async () => {
  const [first, ...others] = await trying(fingerprints);
  expect(first).toMatch(/^\d+ /);
  for (const other of others) expect(other).toBe(first);
});

const BODY = "LANGUAGE sql AS 'SELECT 1'";
const TRIGGER = 'BEFORE INSERT ON immigration_task FOR EACH ROW';
const FUNCTION = 'EXECUTE FUNCTION suppress_redundant_updates_trigger';

describe.each([
  `CREATE FUNCTION beside() RETURNS integer ${BODY}`,
  'DROP FUNCTION audit_source(integer) CASCADE',
  'ALTER FUNCTION audit_change() RESET search_path',
  'ALTER FUNCTION audit_change() SET search_path TO tenant_print_two, pg_temp',
  'ALTER FUNCTION audit_change() SECURITY INVOKER',
  'ALTER FUNCTION audit_source(integer) STRICT LEAKPROOF',
  'ALTER FUNCTION audit_source(integer) VOLATILE PARALLEL UNSAFE',
  'ALTER FUNCTION audit_forget(integer, bigint) OWNER TO CURRENT_ROLE',
  'ALTER FUNCTION audit_forget(integer, bigint) RENAME TO audit_forgets',
  'GRANT EXECUTE ON FUNCTION audit_forget(integer, bigint) TO tenant_print_two',
  'REVOKE ALL ON FUNCTION audit_source(integer) FROM PUBLIC',
  'UPDATE pg_proc SET prosrc = prosrc || chr(10) WHERE pronamespace = current_schema::regnamespace AND proname = $$audit_change$$',
  'ALTER TABLE immigration_client DISABLE TRIGGER audit_update',
  'ALTER TABLE immigration_client ENABLE REPLICA TRIGGER audit_update',
  'DROP TRIGGER audit_update ON immigration_client',
  `CREATE TRIGGER beside ${TRIGGER} ${FUNCTION}()`,
  `DROP TRIGGER notify_access_on_move ON immigration_branch;
   CREATE TRIGGER notify_access_on_move AFTER UPDATE ON immigration_branch FOR EACH ROW
   WHEN (old.region_id IS DISTINCT FROM new.region_id) EXECUTE FUNCTION notify_access_change()`,
  `DROP TRIGGER keep_duration ON immigration_calendar_event;
   CREATE TRIGGER keep_duration BEFORE INSERT OR UPDATE OF "end", duration ON immigration_calendar_event FOR EACH ROW
   EXECUTE FUNCTION keep_calendar_event_duration()`,
  `DROP TRIGGER keep_duration ON immigration_calendar_event;
   CREATE TRIGGER keep_duration BEFORE INSERT OR UPDATE OF start, "end", duration ON immigration_calendar_event FOR EACH ROW
   EXECUTE FUNCTION tenant_print_two.keep_calendar_event_duration()`,
  `DROP TRIGGER keep_duration ON immigration_calendar_event;
   CREATE TRIGGER keep_duration BEFORE INSERT OR UPDATE OF start, "end", duration ON immigration_calendar_event FOR EACH ROW
   EXECUTE FUNCTION keep_calendar_event_duration('much')`,
  'GRANT SELECT ON immigration_client TO PUBLIC',
  'GRANT SELECT ON immigration_client TO tenant_print_two',
  'GRANT SELECT ON immigration_client TO tenant_print_one WITH GRANT OPTION',
  'REVOKE UPDATE ON immigration_client FROM tenant_print_one',
  'REVOKE ALL ON immigration_client FROM tenant_print_one',
  'GRANT SELECT (email) ON immigration_client TO PUBLIC',
  'GRANT USAGE ON SEQUENCE immigration_client_id_seq TO PUBLIC',
  'CREATE VIEW beside AS SELECT 1 AS one; GRANT SELECT ON beside TO PUBLIC',
  'CREATE TABLE beside (id integer)',
  'GRANT USAGE ON SCHEMA tenant_print_one TO tenant_print_two',
  'REVOKE USAGE ON SCHEMA tenant_print_one FROM tenant_print_one',
  'ALTER DEFAULT PRIVILEGES FOR ROLE leopard_owner IN SCHEMA tenant_print_one REVOKE ALL ON TABLES FROM tenant_print_one',
  'ALTER DEFAULT PRIVILEGES FOR ROLE leopard_owner IN SCHEMA tenant_print_one GRANT SELECT ON TABLES TO PUBLIC',
  'ALTER TABLE immigration_passport DISABLE TRIGGER ALL',
])('%s', (change) => {
  it('is found by the comparison, and changes the fingerprint of that tenant', async () => {
    await trying(async (client) => {
      const reading = { kinds: [...REPAIRABLE, 'constraint' as const], appUser: database.app.user };
      const asOwner = () => client.query(`SET LOCAL ROLE ${database.owner.user}`);
      await asOwner();
      const before = [await readObjects(client, ONE, reading), await fingerprints(client)] as const;
      await client.query(`RESET ROLE; SET LOCAL search_path TO ${ONE}, public, pg_catalog; ${change}`);
      await asOwner();
      expect(differencesOf(before[0], await readObjects(client, ONE, reading))).not.toEqual([]);
      const [main, one, two] = await fingerprints(client);
      expect([main, two]).toEqual([before[1][0], before[1][2]]);
      expect(one).not.toBe(before[1][1]);
    });
  });
});

it('of tenants that have lost the same, each is repaired, and the others are left alone', async () => {
  for (const schema of [ONE, TWO])
    await withOwner(database.owner, (client) =>
      client.query(`DROP FUNCTION ${schema}.audit_source(integer) CASCADE`),
    );
  expect(await migrateAll(database.owner, database.app.user)).toMatchObject({ repairs: 2, failures: [] });
  expect(await migrateAll(database.owner, database.app.user)).toMatchObject({ repairs: 0, failures: [] });
});
