import { parseArgs } from 'node:util';
import { bootstrapDatabase } from '../src/database/bootstrap.js';
import { inTransaction, withOwner } from '../src/database/owner.js';
import { startTemporaryServer } from '../src/database/temporary-server.js';
import { createTenantSchema } from '../src/provisioning/tenant-schema.js';
import { requireIsolation } from '../src/schema/access/access-check.js';
import { migrateAll } from '../src/schema/migrator.js';
import { examineAccess } from '../src/schema/role-diagnosis.js';
import { examineSharedTables } from '../src/schema/table-diagnosis.js';
import { cpuTimes } from './processes.js';
import { median } from './statistics.js';

/**
 * Measures how long the check at the start of `serve` takes, and those of `leopard doctor` that compare roles, rights and
 * schema `public`, with many tenants. These have a role, a schema and as many tables with rights as real ones, but the
 * tables are empty shells; one tenant is real. npm run bench:access [-- --tenants 2000]
 */

const ROUNDS = 7;
const TENANTS_PER_TRANSACTION = 20;

const { values } = parseArgs({ options: { tenants: { type: 'string', default: '2000' } } });
const tenants = Number(values.tenants);
const server = await startTemporaryServer();
try {
  const roles = {
    owner: { user: 'leopard_owner', password: 'owner' },
    app: { user: 'leopard_app', password: 'app' },
  };
  await bootstrapDatabase(server.admin, { database: 'leopard', ...roles }, { hasServer: true });
  const owner = { ...server.admin, ...roles.owner, database: 'leopard' };
  const app = { ...server.admin, ...roles.app, database: 'leopard' };
  await migrateAll(owner, app.user);
  await createTenantSchema(owner, app.user, {
    schema: 'tenant_real',
    name: 'Real',
    domains: [{ domain: 'real.localhost', isPrimary: true }],
  });
  for (let first = 1; first < tenants; first += TENANTS_PER_TRANSACTION) {
    await withOwner(owner, (client) =>
      inTransaction(client, async () => {
        await client.query(`
          DO $$
          DECLARE
            name text;
            source record;
          BEGIN
            FOR number IN ${first} .. ${Math.min(first + TENANTS_PER_TRANSACTION, tenants) - 1} LOOP
              name := 'tenant_t' || number;
              EXECUTE format('CREATE ROLE %1$I; GRANT %1$I TO ${app.user} WITH INHERIT FALSE, SET TRUE;
                CREATE SCHEMA %1$I; GRANT USAGE ON SCHEMA %1$I TO %1$I; ALTER DEFAULT PRIVILEGES IN SCHEMA %1$I
                GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %1$I', name);
              FOR source IN SELECT relname FROM pg_class WHERE relnamespace = 'tenant_real'::regnamespace AND relkind = 'r' LOOP
                EXECUTE format('CREATE TABLE %I.%I ()', name, source.relname);
              END LOOP;
              INSERT INTO public.tenants_tenant (schema_name, name) VALUES (name, name);
            END LOOP;
          END $$`);
      }),
    );
  }
  await withOwner({ ...server.admin, database: 'leopard' }, (client) => client.query('VACUUM ANALYZE'));
  const cases: Readonly<Record<string, () => Promise<unknown>>> = {
    'an empty connection, for comparison': () => withOwner(app, async () => undefined),
    'check at the start': () => requireIsolation(app),
    'doctor: roles': () => withOwner(app, (client) => examineAccess(client, app.user, 'roles')),
    'doctor: rights': () => withOwner(app, (client) => examineAccess(client, app.user, 'rights')),
    'doctor: role settings': () =>
      withOwner(app, (client) => examineAccess(client, app.user, 'role settings')),
    'doctor: public': () => examineSharedTables(owner, app.user),
  };
  const watched = { node: process.pid, postmaster: server.pid };
  console.log(
    `${tenants} tenants, medians of ${ROUNDS} runs: time, and processor time of both processes, in ms`,
  );
  for (const [what, run] of Object.entries(cases)) {
    const times: number[] = [];
    const before = cpuTimes(watched);
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      await run();
      times.push(performance.now() - start);
    }
    const after = cpuTimes(watched);
    const used = (after.node ?? 0) + (after.postgres ?? 0) - (before.node ?? 0) - (before.postgres ?? 0);
    console.log(`${what}: ${median(times).toFixed(0)}, ${(used / ROUNDS).toFixed(0)}`);
  }
} finally {
  await server.stop();
}
